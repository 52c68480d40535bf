"""Windows: a short-lived process of ours delivers CTRL_BREAK to a child's hidden console.

An agent that has a console itself would have to leave it for that, which breaks its output.
"""

import sys
from collections.abc import Sequence

_WORD = "--deliver-ctrl-break"  # the first argument of a process that is there for this only


def command(pid: int) -> list[str]:
    """Return what delivers it to the console and the group of `pid`; it exits with 0 if it did."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app"]
    return [*program, _WORD, str(pid)]


def asked_for(argv: Sequence[str]) -> int | None:
    """Return the pid that `command` has put into these arguments; None in any others."""
    match argv:
        case [word, pid] if word == _WORD and pid.isdecimal():
            return int(pid)
    return None


def deliver(pid: int) -> int:
    """Do it and return the exit code."""
    delivered = False
    if sys.platform == "win32":
        from app.host import _winapi as api  # noqa: PLC0415 (Windows only)

        delivered = bool(
            api.kernel32.AttachConsole(pid)
            and api.kernel32.GenerateConsoleCtrlEvent(api.CTRL_BREAK_EVENT, pid)
        )
    return 0 if delivered else 1
