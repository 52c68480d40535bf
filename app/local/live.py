"""A job's log file as it grows → the terminal: output as it is, remarks set apart."""

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from itertools import groupby
from pathlib import Path

from app.jobs.results.junit_writer import without_ansi
from app.journal.lines import PREFIX_BYTES, Kind
from app.local.paint import Paint
from app.terminal import harmless, put

_CHUNK = 2**18  # bytes read at once
_LONGEST = 2**16  # characters of a line that are gathered where it is shown whole
_REMARKS = {Kind.NOTE: "2", Kind.WARN: "33"}  # dim, yellow


_KINDS = {b"]" + kind.value.encode(): kind for kind in Kind}  # as they follow a stamp
_UNTIDY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one kind, or a part of a line, without the log's own prefixes."""

    kind: Kind
    text: str
    ended: bool  # a line ends behind it


class LogText:
    """Cuts the bytes of a job log into pieces of lines, wherever a read ended."""

    def __init__(self) -> None:
        self._kind: Kind | None = None  # of the line that is open
        self._held = b""  # the beginning of a prefix
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces in the next bytes."""
        *lines, rest = data.split(b"\n")
        if lines:
            yield from self._part(lines[0], ended=True)
        for kind, group in groupby(lines[1:], _kind_of):
            cut = PREFIX_BYTES if kind else 0  # a foreign line is shown whole
            text = b"\n".join([line[cut:] for line in group])
            yield Piece(kind or Kind.OUT, text.decode("utf-8", "replace"), ended=True)
        if rest:
            yield from self._part(rest, ended=False)

    def _part(self, part: bytes, *, ended: bool) -> Iterator[Piece]:
        if self._kind is None:
            part, self._held = self._held + part, b""
            if len(part) < PREFIX_BYTES and not ended:
                self._held = part
                return
            kind = _kind_of(part)
            self._kind = kind or Kind.OUT
            part = part[PREFIX_BYTES:] if kind else part
        yield Piece(self._kind, self._decoder.decode(part, final=ended), ended)
        if ended:
            self._kind = None


def _kind_of(line: bytes) -> Kind | None:
    return _KINDS.get(line[PREFIX_BYTES - 2 : PREFIX_BYTES])


class Live:
    """Shows one job's log; `tell` blocks as long as the terminal does, so it has a thread.

    What a program prints reaches a terminal as it is, colours included, line or not;
    anywhere else it comes in whole lines in which no control character is left.
    """

    def __init__(self, log: Path, paint: Paint) -> None:
        self._path = log
        self._paint = paint
        self._file: FileIO | None = None
        self._text = LogText()
        self._line = ""  # what is not shown yet of the open line

    def tell(self) -> None:
        """Show what is new; OSError when the log cannot be read."""
        if self._file is None:
            if not self._path.exists():  # a job that was refused has none
                return
            self._file = self._path.open("rb", buffering=0)
        # A C library may not look again behind an end that it has seen (Wine's does not).
        self._file.seek(0, os.SEEK_CUR)
        while data := self._file.read(_CHUNK):
            shown = "".join(self._shown(piece) for piece in self._text.feed(data))
            if shown:
                put(shown)

    def close(self) -> None:
        """Let go of the file; end a line that is open."""
        if self._line:
            put(self._flushed(Kind.OUT) + "\n")
        if self._file is not None:
            self._file.close()

    def _shown(self, piece: Piece) -> str:
        raw = self._paint.terminal and piece.kind not in _REMARKS
        self._line += piece.text
        if not (raw or piece.ended or len(self._line) > _LONGEST):
            return ""
        return self._flushed(piece.kind) + ("\n" if piece.ended else "")

    def _flushed(self, kind: Kind) -> str:
        text, self._line = self._line, ""
        if kind in _REMARKS:
            lines = (f"* {harmless(line)}" for line in text.split("\n"))
            return self._paint.apart("\n".join(lines), _REMARKS[kind])
        if self._paint.terminal or not _UNTIDY.search(text):
            return text
        return "\n".join(harmless(without_ansi(line)) for line in text.split("\n"))
