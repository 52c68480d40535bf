"""Programs that behave badly on cue, and a look at what became of them."""

import asyncio
import ctypes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from app.host import containment
from app.host.containment import Steps

T = TypeVar("T")

# Every process of these trees leaves a file named after its pid in the folder argv[1].
_HEAD = """
import os, signal, subprocess, sys, time
folder = sys.argv[1]
def here():
    open(os.path.join(folder, str(os.getpid())), "w").close()
def stay():
    here()
    time.sleep(60)
"""
SLEEPER = _HEAD + "stay()"
PARENT = (
    _HEAD + 'subprocess.Popen([sys.executable, "-c", sys.argv[2], folder]); here(); time.sleep(60)'
)
LEAVER = (  # ends at once; its child stays behind, holding the pipes
    _HEAD
    + """
subprocess.Popen([sys.executable, "-c", sys.argv[2], folder])
while len(os.listdir(folder)) < 1:
    time.sleep(0.005)
"""
)
STUBBORN = (  # ignores SIGTERM; leaves a double-forked, setsid'ed daemon and a plain child
    _HEAD
    + """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        stay()
    os._exit(0)
if os.fork() == 0:
    stay()
stay()
"""
)
BARE_DAEMON = (  # a daemon without any environment, in its own session, re-parented
    _HEAD
    + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", sys.argv[2], folder], {})
    os._exit(0)
os.wait()
while len(os.listdir(folder)) < 1:
    time.sleep(0.005)
if len(sys.argv) > 3:
    stay()
"""
)
MANY_BARE = """
import os, sys, time
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.close(1), os.close(2)
            os.execve("/bin/sleep", ["sleep", "60"], {})
        os._exit(0)
    os.wait()
os.write(1, b"up")
time.sleep(60)
"""
RUNAWAY = (  # hops into a new process and session all the time, and starts more; bounded in time
    _HEAD
    + """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.monotonic() + 8
here()
def hop():
    while time.monotonic() < end:
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        if int(time.monotonic() * 1000) % 20 == 0 and os.fork() == 0:
            time.sleep(8)
            os._exit(0)
for _ in range(3):
    if os.fork() == 0:
        hop()
        os._exit(0)
while time.monotonic() < end:
    if os.fork() == 0:
        time.sleep(8)
        os._exit(0)
    time.sleep(0.002)
"""
)


@contextmanager
def as_agent() -> Iterator[None]:
    """Make this process fit to contain jobs, and take that back: other tests have children too."""
    containment.prepare_process()
    try:
        yield
    finally:
        containment.reap()
        if sys.platform == "linux":
            from app.host import _subreaper  # noqa: PLC0415 (Linux only)

            ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER off
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE on
            _subreaper.AGENT.__init__()  # type: ignore[misc] # forgets the jobs of this test


@contextmanager
def without_tags() -> Iterator[None]:
    """Leave no room below the limit that carries the tag of a job (Linux)."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 (POSIX only)

        soft, hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_MSGQUEUE, (soft, hard))
    else:
        yield


def finish(steps: Steps[T]) -> T:
    """Do all steps of containment work without a loop, and return its result."""
    while True:
        try:
            time.sleep(next(steps))
        except StopIteration as end:
            result: T = end.value
            return result


def python(script: str, *arguments: str | Path) -> list[str]:
    """Return the command that runs `script`."""
    return [sys.executable, "-c", script, *map(str, arguments)]


def pids(folder: Path) -> list[int]:
    """Return the pids that a tree has left in `folder`."""
    return [int(path.name) for path in folder.iterdir()]


def living(folder: Path) -> list[int]:
    """Return which of them are alive."""
    return [pid for pid in pids(folder) if alive(pid)]


def alive(pid: int) -> bool:
    """Return whether `pid` is a process and not a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


async def until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Wait until `condition` holds; fails after `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "the awaited did not happen"
        await asyncio.sleep(0.005)


def wait_until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """The same for a test without a loop."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "the awaited did not happen"
        time.sleep(0.005)
