"""Linux: what /proc says of processes, and signals that reach no other one than meant."""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app.host._proc import MARKER, Proc

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

TICKS = os.sysconf("SC_CLK_TCK")  # per second; the unit of start times in /proc
COMMAND_CHARS = 4096  # far more than is shown: what is cut cannot be masked any more
_READ_LIMIT = 1 << 20  # bytes of an environment or command line
_LIST_READ = 1 << 16  # bytes of a list of children at once
_MARK = b"\0" + MARKER.encode() + b"="


class Stat(NamedTuple):
    """The part of /proc/PID/stat (man 5 proc) that containment needs."""

    pid: int
    name: str
    parent: int
    group: int
    session: int
    started: int  # ticks since boot
    alive: bool


def stat(pid: int) -> Stat | None:
    """Return what `pid` is now; None when there is no such process."""
    data = _read(f"/proc/{pid}/stat", 4096, once=True)
    # The name stands in parentheses and may hold spaces and parentheses itself.
    head, found, tail = data.rpartition(b") ")
    if not found:
        return None
    fields = tail.split()
    # A leader that left its threads behind shows as a zombie, but can still act.
    alive = fields[0] not in b"ZXx" or int(fields[17]) > 1
    name = head.partition(b"(")[2].decode("utf-8", "replace")
    parent, group, session = int(fields[1]), int(fields[2]), int(fields[3])
    return Stat(pid, name, parent, group, session, int(fields[19]), alive)


def children(pid: int) -> list[int]:
    """Return the children of all threads of `pid`; right only while none of them ends."""
    with suppress(OSError):
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (Path costs 10 times as much)
        files = (f"/proc/{pid}/task/{thread}/children" for thread in threads)
        return [int(child) for file in files for child in _read(file, _READ_LIMIT).split()]
    return []


def own_children() -> list[int]:
    """Return what this thread started and what this process adopted: all that a job can be.

    Orphans come to a process's first thread. The agent has many others, and this is asked
    several times for every job.
    """
    return [int(child) for file in _own.lists for child in file.read().split()]


class _List:
    """The children of one of our threads: a file that stays open, a tenth of the cost."""

    def __init__(self, thread: int) -> None:
        path = f"/proc/{os.getpid()}/task/{thread}/children"
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        """Close the file together with the thread whose it is."""
        if hasattr(self, "_handle"):
            os.close(self._handle)

    def read(self) -> bytes:
        whole = b""
        while part := os.pread(self._handle, _LIST_READ, len(whole)):
            whole += part
        return whole


class _OwnLists(threading.local):
    """The lists for the thread that asks."""

    def __init__(self) -> None:
        threads = {os.getpid(), threading.get_native_id()}
        self.lists = [_List(thread) for thread in threads]


_own = _OwnLists()


def marker(pid: int) -> str | None:
    """Return the job marker in the environment of `pid`.

    "" when it has none; None when it has no environment at all or it may not be
    read. A process in the middle of an exec has none for some microseconds.
    """
    data = _read(f"/proc/{pid}/environ", _READ_LIMIT)
    if not data:
        return None
    return (b"\0" + data).partition(_MARK)[2].partition(b"\0")[0].decode("ascii", "replace")


def describe(found: Stat) -> Proc:
    """Return the process as people know it."""
    line = _read(f"/proc/{found.pid}/cmdline", 4096).replace(b"\0", b" ").strip()
    command = line.decode("utf-8", "replace")[:COMMAND_CHARS] or found.name
    return Proc(found.pid, epoch(found.started), command)


def plain(found: Stat) -> Proc:
    """The same with its short name only: nothing more is read."""
    return Proc(found.pid, epoch(found.started), found.name)


def epoch(ticks: int) -> float:
    """Return a start time as epoch seconds, the way psutil computes it."""
    return _boot_time() + ticks / TICKS


def ticks_now() -> int:
    """Return the present as a start time."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS)


def send(target: Stat, number: int) -> bool:
    """Send a signal to exactly this process; False when it is gone or out of reach.

    The descriptor holds on to one process. Reading the start time afterwards proves
    that this is the one: a later owner of the pid has a later start time.
    """
    try:
        handle = os.pidfd_open(target.pid)
    except ProcessLookupError:
        return False
    except OSError:  # a kernel before 5.3, or no descriptors left
        return _send_by_pid(target, number)
    try:
        if not _same(target):
            return False
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _send_by_pid(target: Stat, number: int) -> bool:
    if not _same(target):
        return False
    with suppress(OSError):
        os.kill(target.pid, number)
        return True
    return False


def _same(target: Stat) -> bool:
    now = stat(target.pid)
    return now is not None and now.started == target.started


_boot: list[float] = []


def _boot_time() -> float:
    """Epoch seconds of the boot, read once: the clock may be set later on."""
    if not _boot:
        text = Path("/proc/stat").read_text(encoding="ascii")
        _boot.append(float(text.partition("\nbtime ")[2].split(None, 1)[0]))
    return _boot[0]


def _read(path: str, limit: int, *, once: bool = False) -> bytes:
    """Return the file's content; b"" when it is gone or not for us.

    Plain descriptors: these files are read hundreds of times while a job ends.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        part = whole = os.read(handle, limit)
        while part and not once:
            part = os.read(handle, limit)
            whole += part
    except OSError:
        return b""
    finally:
        os.close(handle)
    return whole
