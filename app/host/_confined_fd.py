"""POSIX: a folder held open; every entry is reached relative to it."""

import os
import stat
import sys
from collections.abc import Iterator
from types import TracebackType

from app.host._confined import Entry, check_file

assert sys.platform != "win32"  # noqa: S101 (tells the type checker whose file this is)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A FIFO or a terminal that took the file's place must neither block nor become ours.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FdFolder:
    """A Folder by its descriptor: what is renamed or linked meanwhile changes nothing."""

    def __init__(self, root: str, parts: tuple[str, ...]) -> None:
        self._fd = os.open(root or os.sep, _FOLDER)
        for part in parts:
            above = self._fd
            try:
                self._fd = os.open(part, _FOLDER, dir_fd=above)
            finally:
                os.close(above)

    def __enter__(self) -> "FdFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    def entries(self) -> Iterator[Entry]:
        """Yield what is in it, in no order."""
        with os.scandir(self._fd) as found:
            for entry in found:
                is_folder = entry.is_dir(follow_symlinks=False)
                yield Entry(entry.name, is_folder, entry.is_symlink())

    def status(self, name: str = "") -> os.stat_result:
        """Return the status of the entry itself, or of the folder."""
        if not name:
            return os.fstat(self._fd)
        return os.stat(name, dir_fd=self._fd, follow_symlinks=False)

    def open_file(self, name: str) -> int:
        """Open an ordinary file for reading; for anything else NotAFileError."""
        check_file(self.status(name))  # first: opening alone has effects on a FIFO or a device
        fd = os.open(name, _READ, dir_fd=self._fd)
        try:
            check_file(os.fstat(fd))
        except OSError:
            os.close(fd)
            raise
        return fd

    def create(self, name: str, mode: int | None) -> int:
        """Make a file that was not there and open it for writing; None: the usual permissions."""
        fd = os.open(name, _CREATE, 0o666, dir_fd=self._fd)
        if mode is not None:
            os.fchmod(fd, mode)
        return fd

    def replace(self, source: str, target: str) -> None:
        """Rename in one step, over what is there."""
        os.replace(source, target, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def make_folder(self, name: str) -> None:
        """Make a folder that was not there."""
        os.mkdir(name, dir_fd=self._fd)

    def unlink(self, name: str) -> None:
        """Remove a file or a link."""
        os.unlink(name, dir_fd=self._fd)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(name, dir_fd=self._fd)

    def unlock(self) -> None:
        """Allow the owner to remove its entries."""
        os.fchmod(self._fd, stat.S_IRWXU)

    def sync(self) -> None:
        """Make its changes survive a power cut."""
        os.fsync(self._fd)
