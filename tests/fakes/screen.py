"""An X screen for tests that look at one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def x_screen() -> Iterator[str]:
    """The DISPLAY of a screen of 320 x 200, all black."""
    with x_server() as (display, _process):
        yield display


@contextmanager
def x_server(*options: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The same with the server's process, started with these options."""
    program = shutil.which("Xvfb")
    assert program is not None, "install the Debian package xvfb (.ci/run does)"
    read, write = os.pipe()
    argv = [program, "-displayfd", str(write), "-screen", "0", "320x200x24", "-nolisten", "tcp"]
    argv += options
    with subprocess.Popen(argv, pass_fds=(write,), stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read, encoding="ascii") as numbers:
            display = f":{numbers.readline().strip()}"
        try:
            yield display, server
        finally:
            server.terminate()
