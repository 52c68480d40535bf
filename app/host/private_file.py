"""Small files for this user only: written whole or not at all, read only if nobody else could."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from app.errors import FatalError
from app.i18n import _

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


class NotPrivateError(FatalError):
    """Another user may have read or written the file, so nothing in it can be trusted."""


def write_private(path: Path, data: bytes) -> None:
    """Put a file in the place of whatever is there; OSError when that fails.

    POSIX: mode 0600. Windows: as its folder, which in a user's profile is theirs alone.
    """
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(fd, "wb") as file:  # whole, or an error: a nearly full disk takes a part
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def read_private(path: Path, limit: int) -> bytes:
    """Return at most `limit` bytes of a file; OSError, or NotPrivateError when it is not private.

    Windows: the folder's access list is all the protection there is, and is not looked at.
    """
    fd = os.open(path, _OPEN | getattr(os, "O_BINARY", 0))
    try:
        if sys.platform != "win32":
            _check(path, os.fstat(fd), os.geteuid())
        return os.read(fd, limit)
    finally:
        os.close(fd)


def _check(path: Path, status: os.stat_result, user: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotPrivateError(_("{path} is no plain file.").format(path=path))
    if status.st_uid != user:
        raise NotPrivateError(
            _("{path} belongs to another user.").format(path=path),
            _("Run this command as the user who runs the agent."),
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise NotPrivateError(
            _("{path} can be read or written by other users.").format(path=path),
            _("Restart the agent: it writes the file anew."),
        )
