"""The jobs of the benchmark, run without any package: python -I -S child.py KIND ARGUMENTS.

Each writes the times (CLOCK_MONOTONIC, ns) of its first and last piece of work into a file.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

REST = 0.02  # seconds between the line and the exit, as in child.c
BLOCK = 64_000  # bytes written at once; 800 lines of 80


def stamp(stamps: str) -> None:
    """Do nothing: the same as child.c, where there is no compiler."""
    first = time.monotonic_ns()
    print("hello", flush=True)
    time.sleep(REST)
    save(stamps, first)


def pour(stamps: str, size: str, line: str) -> None:
    """Write `size` bytes in lines of `line` bytes, newline included; 0: without any newline."""
    first = time.monotonic_ns()
    width, left = int(line), int(size)
    block = (b"x" * (width - 1) + b"\n") * (BLOCK // width) if width else b"x" * BLOCK
    while left > 0:
        left -= os.write(1, block[:left])
    save(stamps, first)


def tick(stamps: str, count: str, period: str) -> None:
    """Print the time `count` times, every `period` seconds."""
    first = time.monotonic_ns()
    for _ in range(int(count)):
        print(time.monotonic_ns(), flush=True)
        time.sleep(float(period))
    save(stamps, first)


def save(stamps: str, first: int) -> None:
    """Write both times; whoever reads them finds both or none."""
    Path(stamps).write_text(f"{first} {time.monotonic_ns()}\n", encoding="ascii")


KINDS: dict[str, Callable[..., None]] = {"stamp": stamp, "pour": pour, "tick": tick}

if sys.platform != "win32":

    def tree(port: str, kind: str) -> None:
        """Be four processes that hold one connection to `port` open and tell it their pids.

        kind: "plain" has one session; in "wild" one child has a session of its own and
        another is double-forked besides; "deaf" is wild and ignores SIGTERM.
        """
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
        if kind == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        watcher = socket.create_connection(("127.0.0.1", int(port)))
        for loose, forks in ((False, 1), (True, 1), (True, 2)):
            if descend(forks, new_session=loose and kind != "plain"):
                break
        watcher.sendall(b"%d\n" % os.getpid())
        while True:
            signal.pause()

    def descend(forks: int, *, new_session: bool) -> bool:
        """Return True in the process so many forks below this one, False in this one."""
        if os.fork():
            return False
        if new_session:
            os.setsid()
        if forks > 1 and os.fork():
            os._exit(0)
        return True

    KINDS["tree"] = tree

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
