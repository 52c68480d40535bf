"""Windows: a short-lived process delivers CTRL_BREAK to a child's hidden console.

An agent that has a console itself would have to leave it for that, which breaks its output.
"""

import sys
from collections.abc import Sequence

_WORD = "--deliver-ctrl-break"  # the first argument of a process that is there for this only
_SOURCE = (
    "import ctypes, sys; k = ctypes.windll.kernel32; pid = int(sys.argv[1]); "
    "sys.exit(0 if k.AttachConsole(pid) and k.GenerateConsoleCtrlEvent(1, pid) else 1)"
)


def command(pid: int) -> list[str]:
    """Return what delivers it to the console and the group of `pid`; it exits with 0 if it did."""
    if getattr(sys, "frozen", False):  # the executable cannot run a line of Python
        return [sys.executable, _WORD, str(pid)]
    return [sys.executable, "-c", _SOURCE, str(pid)]


def is_wanted(argv: Sequence[str]) -> bool:
    """Tell whether a frozen process with these arguments was started by `command`."""
    return list(argv[:1]) == [_WORD] and "".join(argv[1:]).isdecimal()


def deliver(argv: Sequence[str]) -> int:
    """Do it and return the exit code."""
    delivered = False
    if sys.platform == "win32":
        from app.host import _winapi as api  # noqa: PLC0415 (Windows only)

        pid = int("".join(argv[1:]))
        delivered = bool(
            api.kernel32.AttachConsole(pid)
            and api.kernel32.GenerateConsoleCtrlEvent(api.CTRL_BREAK_EVENT, pid)
        )
    return 0 if delivered else 1
