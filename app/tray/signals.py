"""Signals as events: they reach the agent although the main thread is in a foreign loop."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from app.host.signals import ENDING


@contextmanager
def caught(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Give the signals that end the agent to `handler`, and put back what was before."""
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


@contextmanager
def heard(tell: Callable[[], object]) -> Iterator[None]:
    """Call `tell` for each ending signal, from a thread of its own and at once.

    A Python handler would run only when the tray's loop comes back to Python, which
    Windows' and macOS' do not do by themselves.
    """
    ears, mouth = socket.socketpair()
    mouth.setblocking(False)
    ending = {getattr(signal, name, None) for name in ENDING}

    def listen() -> None:
        while numbers := ears.recv(64):
            for _number in ending.intersection(numbers):
                tell()

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    with ears, mouth, caught(lambda _number, _frame: None):
        before = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        listener.start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            mouth.close()
            listener.join()
