"""Windows: a folder by its real path, looked at again after opening and before each change.

What remains: a folder that is swapped for a junction between that look and the change,
by a program that runs on this computer as the same user.
"""

import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from app.host._confined import Entry, check_file, is_link

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)
_LOCKED_TRIES = 5  # a virus scanner holds a new file for a moment
_LOCKED_PAUSE = 0.05  # seconds

if sys.platform == "win32":
    import ctypes
    import msvcrt

    from app.host._winapi import kernel32

    _PATH_CHARS = 32_768  # the longest that there is

    def _opened(fd: int, _path: Path) -> str:
        """Return the real path of an open file."""
        buffer = ctypes.create_unicode_buffer(_PATH_CHARS)
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(fd))
        if not kernel32.GetFinalPathNameByHandleW(handle, buffer, _PATH_CHARS, 0):
            raise ctypes.WinError(ctypes.get_last_error())
        return buffer.value

else:  # the tests run this class everywhere

    def _opened(_fd: int, path: Path) -> str:
        return os.path.realpath(path)


def extended(path: str) -> str:
    r"""Return a real path in the form that knows no limit of 260 characters (`\\?\`)."""
    if path.startswith("\\\\?\\"):
        return path
    return f"\\\\?\\UNC\\{path[2:]}" if path.startswith("\\\\") else f"\\\\?\\{path}"


class PathFolder:
    """A Folder by its real path; raises PermissionError when it is no longer the same."""

    def __init__(self, root: str, parts: tuple[str, ...]) -> None:
        self._path = Path(root + os.sep, *parts)
        self._check()
        if not stat.S_ISDIR(self.status().st_mode):
            raise NotADirectoryError

    def __enter__(self) -> "PathFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing is held open: a job may rename or remove the folder meanwhile."""

    def entries(self) -> Iterator[Entry]:
        """Yield what is in it, in no order."""
        with os.scandir(self._path) as found:
            self._check()
            for entry in found:
                status = entry.stat(follow_symlinks=False)
                link = is_link(status)
                yield Entry(entry.name, not link and stat.S_ISDIR(status.st_mode), link)

    def status(self, name: str = "") -> os.stat_result:
        """Return the status of the entry itself, or of the folder."""
        return self._at(name).lstat()

    def open_file(self, name: str) -> int:
        """Open an ordinary file for reading; for anything else NotAFileError."""
        check_file(self.status(name))
        path = self._at(name)
        fd = os.open(path, _READ)
        try:
            check_file(os.fstat(fd))
            _same(_opened(fd, path), path)
        except OSError:
            os.close(fd)
            raise
        return fd

    def create(self, name: str, mode: int | None) -> int:
        """Make a file that was not there and open it for writing; `mode` has no meaning here."""
        self._check()
        return os.open(self._at(name), _CREATE)

    def replace(self, source: str, target: str) -> None:
        """Rename in one step, over what is there."""
        for left in reversed(range(_LOCKED_TRIES)):
            self._check()
            try:
                self._at(source).replace(self._at(target))
            except PermissionError:
                if not left:
                    raise
                time.sleep(_LOCKED_PAUSE)
            else:
                return

    def make_folder(self, name: str) -> None:
        """Make a folder that was not there."""
        self._check()
        self._at(name).mkdir()

    def unlink(self, name: str) -> None:
        """Remove a file or a link."""
        self._check()
        try:
            self._at(name).unlink()
        except PermissionError:
            self._make_writable(name)
            self._at(name).unlink()

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        self._check()
        try:
            self._at(name).rmdir()
        except PermissionError:
            self._make_writable(name)
            self._at(name).rmdir()

    def unlock(self) -> None:
        """Allow the owner to remove its entries: here it is theirs to forbid it."""

    def sync(self) -> None:
        """Windows has no way to do this for a folder."""

    def _make_writable(self, name: str) -> None:
        """Take the mark "read-only" away, which forbids the removal."""
        if is_link(self.status(name)):
            raise PermissionError
        self._at(name).chmod(stat.S_IRWXU)

    def _at(self, name: str) -> Path:
        return self._path / name if name else self._path

    def _check(self) -> None:
        _same(os.path.realpath(self._path), self._path)


def _same(real: str, path: Path) -> None:
    """Raise PermissionError when a link came into `path`, which was real before."""
    if Path(real) != path:  # without regard to case on Windows
        raise PermissionError
