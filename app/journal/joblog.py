"""A job's log file: append, read from an offset, mend a torn tail. It is the spool."""

import asyncio
import os
import re
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from app.i18n import _
from app.journal.lines import (
    CONTINUATIONS,
    PREFIX_BYTES,
    Line,
    read_kind,
    read_line_prefix,
    whole_characters,
)
from app.journal.worker import Worker

BLOCK = 65536  # bytes read at once when looking for something
THINNEST = 32  # log bytes per byte of text, at most: an empty line takes 27 for its newline
# As SQLite does: the length is synced, times are not; a tenth faster (fdatasync(2)).
_sync = getattr(os, "fdatasync", os.fsync)
_REMARK = re.compile(rb"(?m)^.{25}[*?].*\n?")
_PREFIX = re.compile(rb"(?m)^.{26}")


class JobLog:
    """Writes one job's log; every file operation runs on the journal's thread."""

    def __init__(self, worker: Worker, path: Path, file: FileIO, length: int) -> None:
        self.length = length  # bytes that are safely in the file
        self._path = path
        self._worker = worker
        self._file = file
        self._torn = False  # a failed append has left bytes behind `length`

    @property
    def path(self) -> Path:
        """Where the log is."""
        return self._path

    @classmethod
    async def reopen(cls, worker: Worker, path: Path) -> "JobLog":
        """Go on with the log of a job that the agent's death interrupted."""
        return await worker.submit(cls.reopen_here, worker, path)

    def append(self, data: bytes) -> asyncio.Future[int]:
        """Append to the file and return its new length.

        JournalError when the disk does not take it: then nothing of it is kept.
        """
        return self._worker.write(self._append, data)

    async def close(self) -> None:
        """Sync and close the file; safe to repeat."""
        await self._worker.write(self._close)

    def sync(self) -> None:
        """Make all that was written lasting (on the thread); OSError when that fails."""
        self._worker.untouched(self)
        if not self._file.closed:
            _sync(self._file.fileno())

    @classmethod
    def create_here(cls, worker: Worker, path: Path) -> "JobLog":
        """Begin an empty log, its folder included (on the thread); OSError when that fails."""
        file = _open(path)
        if file.tell():
            file.truncate(0)
        return cls(worker, path, file, 0)

    @classmethod
    def reopen_here(cls, worker: Worker, path: Path) -> "JobLog":
        """Do what `reopen` does (on the thread); OSError when that fails."""
        length = mend_tail(path)
        return cls(worker, path, _open(path), length)

    def discard_here(self) -> None:
        """Close and remove the log of a job that was not accepted (on the thread)."""
        self._worker.untouched(self)
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _append(self, data: bytes) -> int:
        self._cut_torn()
        self._worker.touched(self)
        rest = memoryview(data)
        self._torn = True
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._cut_torn()
            raise
        self._torn = False
        self.length += len(data)
        return self.length

    def _cut_torn(self) -> None:
        if self._torn:
            self._file.truncate(self.length)
            self._torn = False

    def _close(self) -> None:
        try:
            if not self._file.closed:
                self._cut_torn()
                if self._worker.is_dirty(self):
                    self.sync()
        finally:
            self._worker.untouched(self)
            self._file.close()


def _open(path: Path) -> FileIO:
    """Open a log behind its end; its folder is made when it is missing."""
    try:
        return FileIO(path, "ab")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(path, "ab")


def read_piece(path: Path, offset: int, end: int, limit: int) -> bytes:
    """Read at most `limit` bytes of [offset, end), cut after the last newline in them.

    A line longer than that is cut between two characters. Empty when the file ends
    before `offset`. A newline just behind the limit is taken too, never left alone.
    """
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(min(limit + 1, end - offset))
    if len(data) <= limit and offset + len(data) == end:
        return data
    newline = data.rfind(b"\n")
    return data[: newline + 1] if newline >= 0 else whole_characters(data[:limit])


def read_tail(path: Path, start: int, end: int, limit: int) -> tuple[bytes, bool]:
    """Return the last whole lines of [start, end), at most `limit` bytes, and False.

    The end of the last line when even that is longer, and True.
    """
    begin = max(start, end - limit)
    with path.open("rb") as file:
        at_line = begin == 0
        if begin > 0:
            file.seek(begin - 1)
            at_line = file.read(1) == b"\n"
        data = file.read(end - begin)
    newline = -1 if at_line else data.find(b"\n", 0, max(0, len(data) - 1))
    inside = newline < 0 and not at_line
    return (data.lstrip(CONTINUATIONS) if inside else data[newline + 1 :]), inside


def confirmed_place(path: Path, offset: int) -> tuple[int, Line | None]:
    """Return where a log goes on that was confirmed up to `offset`, and the line there.

    After a power cut the file may be shorter than what was sent of it.
    """
    offset = min(offset, path.stat().st_size)
    return offset, line_at(path, offset)


def line_at(path: Path, offset: int) -> Line | None:
    """Return the line that `offset` lies inside of, None at the start of one."""
    with path.open("rb") as file:
        start = _line_start(file, offset)
        if start == offset:
            return None
        file.seek(start)
        return read_line_prefix(file.read(PREFIX_BYTES))


def _line_start(file: BinaryIO, offset: int) -> int:
    """Return where the line begins that holds the byte before `offset`, or `offset`."""
    end = offset
    while end > 0:
        start = max(0, end - BLOCK)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def mend_tail(path: Path) -> int:
    """Make the log of a dead agent end with a whole line; return its length.

    A last line without a whole prefix (torn, or zeros after a power cut) goes; a torn
    character too; an open line is closed. 0 when there is no file.
    """
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        start = _line_start(file, length)
        if start == length:
            return length
        file.seek(start)
        if read_kind(file.read(PREFIX_BYTES)) is None:
            file.truncate(start)
            return start
        file.seek(max(start, length - 4))
        tail = file.read()
        kept = length - len(tail) + len(whole_characters(tail))
        file.truncate(kept)
        file.seek(kept)
        file.write(b"\n")
        return kept + 1


def excerpt(path: Path, end: int, head: int, tail: int) -> str:
    """Return what the program printed: at most its first `head` and last `tail` bytes.

    Without stamps and without the agent's remarks. A line in the middle names the log
    bytes that are left out. "" when there is no file.
    """
    try:
        with path.open("rb") as file:
            if end <= THINNEST * (head + tail):
                front = back = _program_text(file.read(end), inside=False)
            else:
                front = _program_text(file.read(THINNEST * head), inside=False)
                file.seek(end - THINNEST * tail)
                back = _program_text(file.read(THINNEST * tail), inside=True)
    except FileNotFoundError:
        return ""
    if front is back and len(front) <= head + tail:
        return front.decode("utf-8", "replace")
    return _head_and_tail(front, back, end, (head, tail))


def _head_and_tail(front: bytes, back: bytes, end: int, sizes: tuple[int, int]) -> str:
    head, tail = sizes
    first = whole_characters(front[:head])
    last = back[-tail:].lstrip(CONTINUATIONS)
    gap = _("… {count} bytes of the log left out …").format(count=end - len(first) - len(last))
    return "\n".join((first.decode("utf-8", "replace"), gap, last.decode("utf-8", "replace")))


def _program_text(raw: bytes, *, inside: bool) -> bytes:
    """Return the text of stdout and stderr; `inside`: `raw` begins within a line."""
    first, newline, rest = raw.partition(b"\n") if inside else (b"", b"", raw)
    return first + newline + _PREFIX.sub(b"", _REMARK.sub(b"", rest))
