"""What is in a folder, as the platform shows it: folders first, then by lower-cased name."""

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any

from app.host.confined import Entry, Folder, LeadsOutError, Root
from app.i18n import ngettext
from app.workspace.text import wire_size

MAX_ENTRIES = 20_000  # shown of one folder
MAX_BYTES = 14 * 2**20  # of them in the frame; the platform takes 16 MiB
_FIELDS_BYTES = 120  # of one entry beside its name and its path


class GivenUpError(Exception):
    """Nobody waits for the answer any more."""


class Listing:
    """Lists one open folder; `given_up` is asked at every entry."""

    def __init__(self, root: Root, parts: tuple[str, ...], given_up: Callable[[], bool]) -> None:
        self._root = root
        self._parts = parts
        self._prefix = "".join(f"{_printable(part)}/" for part in parts)
        self._given_up = given_up
        self._seen = 0

    def read(self, folder: Folder) -> list[dict[str, Any]]:
        """Return the first MAX_ENTRIES entries in order; a last one says how many are missing.

        That one is no file: the colon in its name makes sure that no request ever means one.
        """
        shown: list[dict[str, Any]] = []
        size = 0
        for _is_file, _lowered, name in nsmallest(MAX_ENTRIES, self._keys(folder)):
            entry = self._entry(folder, name)
            size += _size(entry)
            if size > MAX_BYTES:
                break
            shown.append(entry)
        missing = self._seen - len(shown)
        return [*shown, self._last_word(missing)] if missing else shown

    def _keys(self, folder: Folder) -> Iterator[tuple[bool, str, str]]:
        for entry in folder.entries():
            self._check()
            self._seen += 1
            yield not self._is_folder(entry), entry.name.lower(), entry.name

    def _is_folder(self, entry: Entry) -> bool:
        """A link counts as what it leads to, when that is inside."""
        if not entry.is_link:
            return entry.is_folder
        status = self._target(entry.name)
        return status is not None and stat.S_ISDIR(status.st_mode)

    def _target(self, name: str) -> os.stat_result | None:
        try:
            real = self._root.resolve((*self._parts, name))
            return self._root.at(real).lstat()
        except (LeadsOutError, OSError, ValueError):
            return None

    def _entry(self, folder: Folder, name: str) -> dict[str, Any]:
        self._check()
        status = self._status(folder, name)
        is_folder = status is not None and stat.S_ISDIR(status.st_mode)
        return {
            "name": _printable(name),
            "type": "directory" if is_folder else "file",
            "size": 0 if status is None or is_folder else status.st_size,
            "modified": _local(0.0 if status is None else status.st_mtime),
            "path": self._prefix + _printable(name),
        }

    def _status(self, folder: Folder, name: str) -> os.stat_result | None:
        """Return what is shown of an entry; None when it is gone or says nothing."""
        try:
            status = folder.status(name)
        except OSError:
            return None
        return (self._target(name) or status) if stat.S_ISLNK(status.st_mode) else status

    def _check(self) -> None:
        if self._given_up():
            raise GivenUpError

    def _last_word(self, missing: int) -> dict[str, Any]:
        name = ngettext(
            "…: {count} more entry is not shown", "…: {count} more entries are not shown", missing
        ).format(count=missing)
        return {
            "name": name,
            "type": "file",
            "size": 0,
            "modified": _local(0.0),
            "path": self._prefix + name,
        }


def _size(entry: dict[str, Any]) -> int:
    """Return an upper limit of the bytes of `entry` in the frame."""
    return _FIELDS_BYTES + (wire_size(entry["name"]) or 0) + (wire_size(entry["path"]) or 0)


def _printable(name: str) -> str:
    """Return `name` as UTF-8 can say it: a byte that is none becomes U+FFFD."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")


def _local(mtime: float) -> str:
    """Return seconds of the epoch as local time without a zone (docs/protocol.md 4.5)."""
    try:
        local = datetime.fromtimestamp(mtime, tz=UTC).astimezone()
    except (OverflowError, OSError, ValueError):  # a damaged or foreign disk
        local = datetime.fromtimestamp(0, tz=UTC)
    return local.replace(tzinfo=None).isoformat(timespec="seconds")
