"""Windows: children that an agent, killed in that moment, had started and not yet contained."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

from app.host._proc import MARKER, Mark, Proc

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)

_CLOCK_SLACK = 1.5  # seconds by which two readings of one time may differ
_GONE = (psutil.Error, OSError, ValueError)


def sweep_after_crash(marks: Iterable[Mark]) -> list[Proc]:
    """Kill what carries one of these markers and return it.

    All else of a job ended with the job object that its dead agent held. A child that was
    not in it yet is suspended since its birth, so it has no children.
    """
    wanted = list(marks)
    markers = {mark.marker for mark in wanted}
    since = min(mark.since for mark in wanted) - _CLOCK_SLACK
    swept = []
    for process in _born_since(since):
        with suppress(*_GONE):
            if process.environ().get(MARKER) in markers:
                process.kill()
                swept.append(Proc(process.pid, process.create_time(), _name(process)))
    return swept


def _name(process: psutil.Process) -> str:
    """Return its program's name; "" when its birth has not come so far."""
    try:
        return process.name()
    except _GONE:
        return ""


def _born_since(since: float) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(*_GONE):
            if process.create_time() >= since:
                yield process
