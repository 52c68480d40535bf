"""The agent's face without a display: waits for the end, turns signals into commands."""

import threading
from collections.abc import Callable
from types import FrameType

from app.host.signals import WAIT_SLICE
from app.state import Command, Snapshot
from app.tray.signals import caught


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

        with caught(on_signal):
            start()
            while not self._ended.wait(WAIT_SLICE):
                pass
