"""A log file read from the end while it grows, is put aside, or moves; all of it blocking."""

import codecs
import os
from collections.abc import Callable
from pathlib import Path

from app.control.wire import PIECE
from app.host.plain_file import file_identity, open_plain

_BLOCK = 64 * 1024  # bytes read at once when looking for line ends


class Tail:
    """Gives a growing log in pieces.

    Nothing is held open between two reads: Windows renames no open file. `path` may name
    another file later (agent.log moves into the work folder): that is read from its start.
    """

    def __init__(self, path: Callable[[], Path | None], lines: int | None) -> None:
        self._path = path
        self._lines = lines  # of the end of the first file; None: all of it
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._file: Path | None = None
        self._identity: tuple[int, int] | None = None
        self._at = 0

    def read(self) -> str | None:
        """Return the next piece, None when there is no more now; OSError when unreadable."""
        path = self._path()
        if path is None:
            return None
        if self._file is not None and (piece := self._rest_of_aside(path)) is not None:
            return piece
        return self._read(path)

    def _rest_of_aside(self, path: Path) -> str | None:
        """Return more of the file that was read until now and has another name today."""
        identity = file_identity(path)
        if path == self._file and identity == self._identity:
            return None
        aside = path.with_name(f"{path.name}.1") if path == self._file else self._file
        piece = None
        if aside is not None and file_identity(aside) == self._identity:
            piece = self._read_on(aside)
        if piece is None:
            self._file, self._identity, self._at = path, identity, 0
        return piece

    def _read(self, path: Path) -> str | None:
        if self._file is None:
            if (identity := file_identity(path)) is None:
                return None
            self._file, self._identity = path, identity
            self._at = 0 if self._lines is None else start_of_last(path, self._lines)
        return self._read_on(path)

    def _read_on(self, path: Path) -> str | None:
        try:
            with open_plain(path) as file:
                if os.fstat(file.fileno()).st_size < self._at:  # emptied in its place
                    self._at = 0
                file.seek(self._at)
                data = file.read(PIECE)
        except FileNotFoundError:
            return None
        self._at += len(data)
        return self._decoder.decode(data) if data else None


def start_of_last(path: Path, lines: int) -> int:
    """Return the offset at which the last `lines` lines begin; the file may end within one."""
    with open_plain(path) as file:
        size = at = file.seek(0, os.SEEK_END)
        if not lines:
            return size
        missing = lines + 1
        while at > 0:
            start = max(0, at - _BLOCK)
            file.seek(start)
            block = file.read(at - start)
            if at == size and not block.endswith(b"\n"):
                missing -= 1
            found = block.count(b"\n")
            if found >= missing:
                return start + _nth_last(block, missing) + 1
            missing -= found
            at = start
    return 0


def _nth_last(block: bytes, number: int) -> int:
    at = len(block)
    for _time in range(number):
        at = block.rindex(b"\n", 0, at)
    return at
