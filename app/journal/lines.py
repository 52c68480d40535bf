"""The job log's line format: a stamp and a kind before every line, the text after it.

A line is `[YYYY-MM-DD HH:MM:SS.mmm]` (UTC), one kind character, text, newline, in UTF-8.
The kind stands at a fixed place, so what a program prints can never look like a remark
of the agent.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from itertools import islice

from app.protocol.messages import Level

STAMP_BYTES = 25
PREFIX_BYTES = STAMP_BYTES + 1  # stamp and kind
LONGEST_CHARACTER = 4  # bytes in UTF-8
CONTINUATIONS = bytes(range(0x80, 0xC0))  # never at the beginning of a character


class Kind(Enum):
    """Whose line it is; the values are the characters in the file."""

    OUT = " "  # the program's stdout
    ERR = "!"  # the program's stderr
    NOTE = "*"  # a remark of the agent
    WARN = "?"  # a warning of the agent

    @property
    def level(self) -> Level:
        """The level on the wire."""
        return _LEVELS[self]


_LEVELS = {
    Kind.OUT: Level.INFO,
    Kind.ERR: Level.ERROR,
    Kind.NOTE: Level.INFO,
    Kind.WARN: Level.WARNING,
}
_KIND_OF_BYTE = {ord(kind.value): kind for kind in Kind}
_SEVERITY = [Level.INFO, Level.WARNING, Level.ERROR]
_LEVEL_BYTES = bytes(
    _SEVERITY.index(_KIND_OF_BYTE.get(byte, Kind.OUT).level) for byte in range(256)
)  # translates kind characters to places in _SEVERITY; an unknown one counts as stdout
_STRETCH = re.compile(rb"(.)\1*")


def stamp(at: float) -> bytes:
    """Return the 25 bytes that stand for `at` (epoch seconds)."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"[{moment.isoformat(' ', 'milliseconds')[: STAMP_BYTES - 2]}]".encode()


def read_stamp(line: bytes) -> float | None:
    """Return the epoch seconds that `line` begins with; None when it begins otherwise."""
    try:
        moment = datetime.fromisoformat(line[1 : STAMP_BYTES - 1].decode("ascii"))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC).timestamp()


def read_kind(line: bytes) -> Kind | None:
    """Return the kind of `line`; None when its prefix is torn or foreign."""
    if len(line) < PREFIX_BYTES or read_stamp(line) is None:
        return None
    return _KIND_OF_BYTE.get(line[STAMP_BYTES])


@dataclass(frozen=True, slots=True)
class Line:
    """The line that a place in the log lies inside of."""

    kind: Kind
    at: float | None  # its stamp, epoch seconds; None when it cannot be read


def read_line_prefix(line: bytes) -> Line:
    """Return whose `line` is; a foreign one counts as the program's."""
    return Line(read_kind(line) or Kind.OUT, read_stamp(line))


def line_left_open(data: bytes, inside: Line | None) -> Line | None:
    """Return the line that a piece ends inside of, when it began inside of `inside`."""
    start = data.rfind(b"\n") + 1
    if start == len(data):
        return None if data else inside
    return inside if inside is not None and start == 0 else read_line_prefix(data[start:])


class LineWriter:
    """Stamps the text of one job; knows whether its last line is still open."""

    def __init__(self) -> None:
        self.open_kind: Kind | None = None  # None: the next text begins a line

    def write(self, text: str, kind: Kind, at: float) -> bytes:
        """Return the bytes to append for `text`, whose line starts all get the time `at`.

        Text may end without a newline: the next text of the same kind continues that
        line, text of another kind closes it first. Lone surrogates become "?".
        """
        if not text:
            return b""
        prefix = stamp(at) + kind.value.encode()
        body = text.encode("utf-8", "replace")
        ended = body.endswith(b"\n")
        lines = (body[:-1] if ended else body).replace(b"\n", b"\n" + prefix)
        head = b"" if self.open_kind is kind else self.close_line() + prefix
        self.open_kind = None if ended else kind
        return b"".join((head, lines, b"\n" if ended else b""))

    def close_line(self) -> bytes:
        """Return what ends the open line, nothing when none is open."""
        if self.open_kind is None:
            return b""
        self.open_kind = None
        return b"\n"


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive lines, without prefixes and without the last newline."""

    level: Level  # the highest of its lines
    text: str
    at: float | None  # stamp of the first line; None when it began before this piece
    start: int  # byte range within the piece
    end: int


def split_runs(data: bytes, inside: Kind | None, at_most: int = sys.maxsize) -> list[Run]:
    """Split a piece of a job log into runs of one level; they cover `data` without gaps.

    When there would be more than `at_most`, the last takes the rest, whatever its levels.
    `data` begins at a line, or inside a line of kind `inside`. A newline at its very
    beginning then only ends that line; if `data` is nothing else there is no run.
    """
    skipped = int(inside is not None and data.startswith(b"\n"))
    if skipped:
        data, inside = data[1:], None
    if not data:
        return []
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    levels = _levels(lines, inside)
    texts = [line[PREFIX_BYTES:] for line in lines]
    if inside is not None:
        texts[0] = lines[0]
    runs: list[Run] = []
    start = done = 0  # bytes and lines that the runs so far cover
    for first, last in _stretches(levels, at_most):
        end = skipped + len(data)
        if last < len(lines):
            end = start + sum(map(len, lines[done:last])) + last - done + (0 if done else skipped)
        at = None if first == 0 and inside is not None else read_stamp(lines[first])
        text = b"\n".join(texts[first:last]).decode("utf-8", "replace")
        runs.append(Run(_SEVERITY[max(levels[first:last])], text, at, start, end))
        start, done = end, last
    return runs


def _levels(lines: list[bytes], inside: Kind | None) -> bytes:
    """Return one level byte per line."""
    try:
        kinds = bytes([line[STAMP_BYTES] for line in lines])
    except IndexError:  # a continued, or by somebody else shortened, line
        kinds = bytes([line[STAMP_BYTES] if len(line) > STAMP_BYTES else 32 for line in lines])
    if inside is not None:
        kinds = inside.value.encode() + kinds[1:]
    return kinds.translate(_LEVEL_BYTES)


def _stretches(levels: bytes, at_most: int) -> Iterator[tuple[int, int]]:
    """Return where the lines of one level begin and end; the last stretch takes the rest."""
    begin = 0
    for stretch in islice(_STRETCH.finditer(levels), at_most - 1):
        yield stretch.span()
        begin = stretch.end()
    if begin < len(levels):
        yield begin, len(levels)


def whole_characters(data: bytes) -> bytes:
    """Return `data` without a torn UTF-8 character at its end."""
    tail = data[-LONGEST_CHARACTER:]
    last = tail[max(0, len(tail.rstrip(CONTINUATIONS)) - 1) :]  # the last character
    try:
        last.decode()
    except UnicodeDecodeError as why:
        if why.reason == "unexpected end of data":
            return data[: -len(last)]
    return data
