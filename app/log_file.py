"""agent.log: appended, private, put aside at a size; trouble with the disk never raises."""

import os
from contextlib import suppress
from pathlib import Path

from app.i18n import _

NAME = "agent.log"
_RETRY_PART = 16  # a failed rotation is tried again after max_size / 16 more bytes


class RotatingFile:
    """A log file with `backup_count` predecessors: agent.log.1 is the youngest.

    Windows refuses to rename a file that another program holds open; the standard
    library's handler then loses every line (bugs.python.org/issue4749). Here the file
    just grows until a rename works. Lines that the disk refuses are counted and the
    count is written as soon as it works again. Only one thread may use an object.
    """

    def __init__(self, max_size: int, backup_count: int) -> None:
        self._rotate_at = 0
        self.keep(max_size, backup_count)
        self._fd: int | None = None
        self._size = 0
        self._lost = 0
        self.path: Path | None = None

    def keep(self, max_size: int, backup_count: int) -> None:
        """Put the file aside at `max_size` bytes, from now on, and keep so many of them."""
        self._max_size = self._rotate_at = max_size
        self._backup_count = backup_count

    def open(self, folder: Path) -> None:
        """Go on in `folder`/agent.log; OSError, and the old file stays, when it cannot be."""
        fd = _open(folder / NAME)
        self.close()
        self.path = folder / NAME
        self._use(fd)

    def write(self, text: str) -> None:
        """Append `text` and a newline; never raises for trouble with the disk."""
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        try:
            self._write(data)
        except OSError:
            self._lost += 1

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None

    def _write(self, data: bytes) -> None:
        if not self._is_there():
            self._reopen()
        elif self._size and self._size + len(data) > self._rotate_at:
            self._rotate()
        if self._lost:
            text = _("({count} lines were lost: the log could not be written)")
            self._put(f"\n{text.format(count=self._lost)}\n".encode())
            self._lost = 0
        self._put(data)

    def _put(self, data: bytes) -> None:
        if self._fd is None:
            return  # never opened: there is no folder yet
        done = 0
        while done < len(data):
            done += os.write(self._fd, data[done:])
        self._size += done

    def _is_there(self) -> bool:
        """Tell whether the file still has its name: somebody may have deleted its folder."""
        if self._fd is None or self.path is None:
            return False
        with suppress(OSError):
            return os.path.samestat(os.fstat(self._fd), self.path.stat())
        return False

    def _reopen(self) -> None:
        self.close()
        if self.path is not None:
            self._use(_open(self.path))

    def _use(self, fd: int) -> None:
        self._fd = fd
        self._size = os.fstat(fd).st_size
        self._rotate_at = self._max_size

    def _rotate(self) -> None:
        """Put the file aside and begin a new one; on failure go on with the old one."""
        self.close()
        try:
            self._put_aside()
        except OSError:
            self._reopen()
            self._rotate_at = self._size + max(1, self._max_size // _RETRY_PART)
        else:
            self._reopen()

    def _put_aside(self) -> None:
        """Rename from the oldest down, only as far as there is no gap: a retry loses nothing."""
        if self.path is None:
            return
        if self._backup_count == 0:
            self.path.unlink()
            return
        names = [self.path.with_name(f"{NAME}.{n}") for n in range(1, self._backup_count + 1)]
        free = next((at for at, name in enumerate(names) if not name.exists()), len(names) - 1)
        for at in range(free, 0, -1):
            names[at - 1].replace(names[at])
        self.path.replace(names[0])


def _open(path: Path) -> int:
    """Open for appending, folder made; only this user may read it (Windows: as the folder says)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
