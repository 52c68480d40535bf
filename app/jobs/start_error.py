"""Why a command could not be started, in words for a person."""

import errno
from collections.abc import Sequence
from pathlib import Path

from app.errors import AgentError
from app.i18n import _

_WINDOWS_TOO_LONG = 206  # ERROR_FILENAME_EXCED_RANGE; CreateProcess takes 32,767 characters


class StartError(AgentError):
    """The command could not be started; the text says why, for a person."""


def explain(error: OSError | ValueError, argv: Sequence[str], cwd: Path) -> StartError:
    """Return what the failed spawn of `argv` in `cwd` means."""
    if not argv or not argv[0]:
        return StartError(_("The command is empty."))
    program = argv[0]
    if not cwd.is_dir():
        return StartError(
            _("The working folder {path} does not exist or is not a folder.").format(path=cwd)
        )
    if _too_long(error):
        return StartError(_("The argument list is too long for this system."))
    if isinstance(error, FileNotFoundError):
        return _not_found(program, cwd)
    if isinstance(error, PermissionError):
        return _not_permitted(program, cwd)
    why = getattr(error, "strerror", None) or error
    return StartError(
        _("The program {program} cannot be started: {why}.").format(program=program, why=why)
    )


def _too_long(error: OSError | ValueError) -> bool:
    windows = getattr(error, "winerror", None) == _WINDOWS_TOO_LONG
    return windows or getattr(error, "errno", None) == errno.E2BIG


def _not_found(program: str, cwd: Path) -> StartError:
    if (cwd / program).is_dir():
        return _folder(program)
    if "/" in program and (cwd / program).is_file():
        return StartError(
            _("The interpreter that {program} names in its first line is not installed.").format(
                program=program
            )
        )
    return StartError(
        _("The program {program} was not found.").format(program=program),
        _("Install it or give its full path."),
    )


def _not_permitted(program: str, cwd: Path) -> StartError:
    if (cwd / program).is_dir():
        return _folder(program)
    return StartError(
        _("The program {program} may not be executed by this user.").format(program=program)
    )


def _folder(program: str) -> StartError:
    return StartError(_("{program} is a folder, not a program.").format(program=program))
