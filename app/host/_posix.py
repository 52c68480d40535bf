"""POSIX without a subreaper (macOS): the tree is found by looking at every process."""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import psutil

from app.host._proc import MARKER, InOneStep, Mark, Proc

assert sys.platform != "win32"  # noqa: S101 (tells the type checker whose file this is)

COMMAND_CHARS = 4096  # far more than is shown: what is cut cannot be masked any more
SWEEP_LIMIT = 1.0  # seconds that a sweep after a crash may take
_SWEEP_PAUSE = 0.005  # seconds between two looks of it
_CLOCK_SLACK = 1.5  # seconds by which two readings of one start time may differ
_NOBODY = -1  # no pid, group or session; 0 would mean our own
_GONE = (psutil.Error, OSError)


class ScanTree(InOneStep):
    """One job's processes, by marker, session and recorded ancestry."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._main = _NOBODY
        self._since = 0.0
        self._known: set[tuple[int, float]] = set()

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments: a session of its own."""
        return {"start_new_session": True}

    def spawning(self) -> AbstractContextManager[None]:
        """Wrap the spawn; nothing to guard here."""
        return nullcontext()

    def adopt(self, pid: int) -> Proc:
        """Take the child that was just spawned, even if it has already ended."""
        self._main = pid
        try:
            main = psutil.Process(pid)
            self._since = main.create_time()
        except _GONE:
            return Proc(pid, 0.0, "")  # marker and session still lead to what it left
        self._known = {(pid, self._since)}
        return _describe(main)

    def members(self) -> list[Proc]:
        """Return the living, proven processes; looks at every process of the computer."""
        return [_describe(process) for process in self._look()]

    def ask(self) -> bool:
        """Send SIGTERM to every process (and wake stopped ones to hear it)."""
        for process in self._look():
            _send(process, signal.SIGTERM)
            _send(process, signal.SIGCONT)
        return True

    def kill(self) -> list[Proc]:
        """Send SIGKILL to all that one look finds, the job's own group as a whole first."""
        found = self._look()
        if any(_group(process.pid) == self._main for process in found):
            with suppress(OSError):
                os.killpg(self._main, signal.SIGKILL)
        killed = [_describe(process) for process in found]
        for process in found:
            _send(process, signal.SIGKILL)
        return killed

    def close(self) -> None:
        """Forget the job; nothing is held here."""

    def _look(self) -> list[psutil.Process]:
        living = _living(self._since - _CLOCK_SLACK)
        found = {process.pid: process for process in living if self._proves(process)}
        _add_descendants(found)
        self._known = {(one.pid, one.create_time()) for one in found.values()}
        return list(found.values())

    def _proves(self, process: psutil.Process) -> bool:
        if (process.pid, process.create_time()) in self._known:
            return True
        marker = _marker(process)
        return marker == self.marker if marker else _session(process.pid) == self._main


def sweep_after_crash(marks: Iterable[Mark]) -> list[Proc]:
    """Kill what jobs of a dead agent left behind, until a look finds nothing.

    Proof is the marker, the recorded pid with its start time, or what these two
    lead to: their sessions and descendants. Blocks for at most SWEEP_LIMIT seconds.
    """
    wanted = list(marks)
    ended: dict[tuple[int, float], Proc] = {}
    limit = time.monotonic() + SWEEP_LIMIT
    while wanted and time.monotonic() < limit:
        found = _left_behind(wanted)
        if not found:
            break
        for process in found:
            ended.setdefault((process.pid, process.create_time()), _describe(process))
            _send(process, signal.SIGKILL)
        time.sleep(_SWEEP_PAUSE)
    return list(ended.values())


def _left_behind(marks: list[Mark]) -> list[psutil.Process]:
    living = list(_living())
    markers = {mark.marker: mark for mark in marks}
    mains = {mark.pid: mark for mark in marks if mark.pid is not None}
    found = {
        one.pid: one
        for one in living
        if _marker(one) in markers or _is_main(one, mains.get(one.pid))
    }
    # A session of a proven process was made by the job: its other members are the job's too.
    since = min(mark.since for mark in marks) - _CLOCK_SLACK
    sessions = {_session(pid) for pid in found} - {_session(0), 0, None}
    for one in living:
        if _session(one.pid) in sessions and one.create_time() >= since and not _marker(one):
            found.setdefault(one.pid, one)
    _add_descendants(found)
    return list(found.values())


def _is_main(process: psutil.Process, mark: Mark | None) -> bool:
    """Return whether this is the recorded main process and not a reused pid."""
    if mark is None or mark.pid_started is None or _session(process.pid) != process.pid:
        return False
    return abs(process.create_time() - mark.pid_started) <= _CLOCK_SLACK


def _living(since: float = 0.0) -> Iterator[psutil.Process]:
    """Yield every process that could be a job's: not ours, not our ancestors', no zombie.

    `since`: epoch seconds; what is older cannot be meant.
    """
    spared = {0, 1, os.getpid(), *_ancestors()}
    for pid in psutil.pids():
        if pid in spared:
            continue
        with suppress(*_GONE):
            process = psutil.Process(pid)
            if process.create_time() >= since and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _ancestors() -> set[int]:
    try:
        return {parent.pid for parent in psutil.Process().parents()}
    except _GONE:
        return set()


def _add_descendants(found: dict[int, psutil.Process]) -> None:
    """Add the children of the proven, and theirs; a reused parent pid proves nothing."""
    if not found:
        return
    families: dict[int, list[psutil.Process]] = {}
    for process in _living():
        with suppress(*_GONE):
            families.setdefault(process.ppid(), []).append(process)
    todo = list(found.values())
    while todo:
        parent = todo.pop()
        for child in families.get(parent.pid, []):
            if child.pid not in found and child.create_time() >= parent.create_time():
                found[child.pid] = child
                todo.append(child)


def _marker(process: psutil.Process) -> str | None:
    """Return the job marker of a process; None without one, or when it may not be read."""
    try:
        return process.environ().get(MARKER)
    except (*_GONE, ValueError):
        return None


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _send(process: psutil.Process, number: int) -> None:
    """Send a signal; psutil compares the start time first and spares a reused pid."""
    with suppress(*_GONE):
        process.send_signal(number)


def _describe(process: psutil.Process) -> Proc:
    try:
        command = " ".join(process.cmdline()) or process.name()
    except _GONE:
        command = ""
    return Proc(process.pid, process.create_time(), command[:COMMAND_CHARS])
