"""Files in folders that jobs can write to: whatever lies there never blocks or leads away."""

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file for reading; OSError for anything else: a pipe would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return what stays the same when the file at `path` is renamed; None when none is there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def write_plain(path: Path, data: bytes) -> None:
    """Replace the file at `path` in one step; a link or a pipe in its place is replaced too."""
    descriptor, name = tempfile.mkstemp(prefix=".ats-", suffix=".new", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        new.chmod(_READABLE)
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


_BINARY = getattr(os, "O_BINARY", 0)  # Windows: no translation of line ends
_READABLE = 0o644  # the user's tools run as the same user, or look on
