"""Ctrl+C while a suite runs: the first one ends it in order, the second one hurries."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.host.signals import ENDING


class Stop:
    """What the person wants; made inside the running loop."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()

    def ask(self) -> None:
        """Take one more wish to stop."""
        (self.hurry if self.asked.is_set() else self.asked).set()


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Yield a Stop that Ctrl+C and the signals that end a program ask; on the main thread."""
    stop, loop = Stop(), asyncio.get_running_loop()

    def on_signal(_number: int, _frame: object) -> None:
        with suppress(RuntimeError):  # the loop has ended: nothing is left to stop
            loop.call_soon_threadsafe(stop.ask)

    before = {}
    for name in ENDING:
        number = getattr(signal, name, None)
        # One that is ignored (nohup, a shell's background) stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, on_signal)
    try:
        yield stop
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
