"""What a confined folder can do, whatever the system (see app.host.confined)."""

import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Protocol

_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT, which `stat` names on Windows only


class Entry(NamedTuple):
    """What a folder says of one entry without asking the entry itself."""

    name: str
    is_folder: bool  # a real one: neither link nor junction
    is_link: bool


class Folder(Protocol):
    """One folder below the root; every name is an entry of it, links are never followed.

    All methods raise OSError. Use it as a context manager.
    """

    def __enter__(self) -> "Folder":
        """Return itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the folder."""

    def entries(self) -> Iterator[Entry]:
        """Yield what is in it, in no order."""

    def status(self, name: str = "") -> os.stat_result:
        """Return the status of the entry itself, or of the folder."""

    def open_file(self, name: str) -> int:
        """Open an ordinary file for reading; for anything else NotAFileError."""

    def create(self, name: str, mode: int | None) -> int:
        """Make a file that was not there and open it for writing; None: the usual permissions."""

    def replace(self, source: str, target: str) -> None:
        """Rename in one step, over what is there."""

    def make_folder(self, name: str) -> None:
        """Make a folder that was not there."""

    def unlink(self, name: str) -> None:
        """Remove a file or a link."""

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""

    def unlock(self) -> None:
        """Allow the owner to remove its entries, as far as the folder itself forbids it."""

    def sync(self) -> None:
        """Make its changes survive a power cut, where the system can."""


class NotAFileError(OSError):
    """A link, or something that could block for ever: FIFO, device, socket."""


def is_link(status: os.stat_result) -> bool:
    """Tell whether an entry is a symbolic link or a junction."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def check_file(status: os.stat_result) -> None:
    """Raise IsADirectoryError or NotAFileError for anything but an ordinary file."""
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError
