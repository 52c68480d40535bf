"""Log files in pieces: read, searched and followed. All of it blocks: for a thread."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO

from app.dashboard.wire import PIECE
from app.host.plain_file import file_identity, open_plain
from app.journal.lines import CONTINUATIONS, LONGEST_CHARACTER, whole_characters

_BLOCK = 256 * 1024  # bytes that are searched at once: in milliseconds, others wait meanwhile
_WIDEST = 12  # bytes of one character's other forms

Where = Callable[[], Path | None]  # the file may move, or not be there yet


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file: where it begins and ends and how large the file is, in bytes; its text."""

    at: int
    end: int
    size: int
    text: str

    @property
    def last(self) -> bool:
        """The file has no more."""
        return self.end >= self.size


def read(path: Path, at: int, length: int) -> tuple[bytes, int]:
    """Return at most `length` bytes from `at` on, and the size of the file; OSError."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(at)
        return file.read(length), size


def search(path: Path, text: str, at: int, stop: Event) -> tuple[int | None, int]:
    """Return the place of the next `text` from `at` on (None: none), and the file's size.

    Large and small letters count alike. Ends early once `stop` is set. OSError.
    """
    find = _finder(text)
    overlap = _WIDEST * len(text)
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        found = None
        while text and found is None and at < size and not stop.is_set():
            file.seek(at)
            block = file.read(_BLOCK + overlap)
            place = find(block)
            found = at + place if place >= 0 else None
            at += _BLOCK
    return found, size


def _finder(text: str) -> Callable[[bytes], int]:
    """Return what finds `text` in UTF-8, -1 when it is not there.

    Most texts have no other form than ASCII's large and small letters: the quick way.
    """
    if all(char.isascii() or char.lower() == char.upper() for char in text):
        words = text.encode("utf-8", "replace").lower()
        return lambda block: block.lower().find(words)
    pattern = re.compile(b"".join(_either(char) for char in text))

    def find(block: bytes) -> int:
        match = pattern.search(block)
        return match.start() if match else -1

    return find


def _either(char: str) -> bytes:
    forms = sorted({char, char.lower(), char.upper()})
    alternatives = (re.escape(form.encode("utf-8", "replace")) for form in forms)
    return b"(?:" + b"|".join(alternatives) + b")"


class Follower:
    """Gives a growing log in pieces cut between characters; nothing is open between two.

    What is put aside as `<name>.1` (agent.log, when it has become large) is read to its end
    first. A new file at the same place, or an emptied one, is read from its start.
    """

    def __init__(self, where: Where, start: int) -> None:
        self._where = where
        self._start = start
        self._at: int | None = None  # None: `start` has not been looked at yet
        self._file: Path | None = None
        self._identity: tuple[int, int] | None = None
        self.place = Piece(0, 0, 0, "")  # where it stands: nothing

    def read(self, *, to_the_end: bool = False) -> Piece | None:
        """Return the next piece, None when there is no more now; OSError.

        A torn character at the end waits for its rest, unless nothing comes `to_the_end`.
        """
        path = self._where()
        if path is None:
            return None
        try:
            return self._rest_aside(path) or self._read(path, to_the_end=to_the_end)
        except FileNotFoundError:
            return None

    def _rest_aside(self, path: Path) -> Piece | None:
        """Return more of the file that has another name now."""
        if self._file is None or (path == self._file and file_identity(path) == self._identity):
            return None
        aside = path.with_name(f"{path.name}.1") if path == self._file else self._file
        piece = None
        if file_identity(aside) == self._identity:
            piece = self._read(aside, to_the_end=True)
        if piece is None:
            self._file, self._at = None, 0
        return piece

    def _read(self, path: Path, *, to_the_end: bool) -> Piece | None:
        with open_plain(path) as file:
            status = os.fstat(file.fileno())
            size = status.st_size
            if self._file is None:
                self._file, self._identity = path, (status.st_dev, status.st_ino)
            if self._at is None:
                self._at = _beginning(file, self._start, size)
            if size < self._at:
                self._at = 0
            self.place = Piece(self._at, self._at, size, "")
            file.seek(self._at)
            data = file.read(PIECE)
        if len(data) == PIECE or not to_the_end:
            data = whole_characters(data)
        if not data:
            return None
        at, self._at = self._at, self._at + len(data)
        return Piece(at, self._at, size, data.decode("utf-8", "replace"))


def _beginning(file: BinaryIO, start: int, size: int) -> int:
    """Return where to begin: never inside a character."""
    at = max(0, size + start) if start < 0 else min(start, size)
    file.seek(at)
    ahead = file.read(LONGEST_CHARACTER)
    inside = len(ahead) - len(ahead.lstrip(CONTINUATIONS))
    return at + inside if at and inside < LONGEST_CHARACTER else at
