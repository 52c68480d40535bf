"""The agent's face without a display: waits for the end, turns signals into commands."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from app.host.signals import ENDING, WAIT_SLICE
from app.state import Command, Snapshot


class HeadlessFace:
    """Waits until the final snapshot; everything worth telling is in the agent's log."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def show(self, snapshot: Snapshot) -> None:
        """Take the latest picture; called from the agent's thread."""
        if snapshot.exit_code is not None:
            self._ended.set()

    def run(self, start: Callable[[], None], post: Callable[[Command], bool]) -> None:
        """Start the agent and wait for its end on the main thread.

        Signals become Quit, given to `post`, from before the start on.
        """

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            post(Command.QUIT)

        with _signals(on_signal):
            start()
            while not self._ended.wait(WAIT_SLICE):
                pass


@contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {}
    for name in ENDING:
        number = getattr(signal, name, None)
        # One that is ignored (nohup, a shell's background) stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
