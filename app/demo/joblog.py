"""One job's log as it arrived: repeats dropped by offset, gaps noticed; pure.

The `offset` of a `task_log` is a byte offset in the agent's log file, where every line has
a stamp and a kind in front of it: 26 bytes that are not sent. The newline that ends a
piece is not sent either; whether it is there shows in the next piece's offset.
"""

from collections import Counter
from dataclasses import dataclass, replace

PREFIX = 26  # bytes of stamp and kind at the start of every line in the agent's log file
MAX_MARKS = 4096  # starts of pieces remembered, newest last: a repeat begins at one of them
MAX_REMARKS = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """A piece that neither continues what arrived nor repeats from a known place."""

    expected: int
    got: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log: in the agent's file, and in the text without stamps."""

    offset: int = 0
    chars: int = 0
    size: int = 0  # bytes
    newlines: int = 0
    line_start: bool = True


class ReceivedLog:
    """The log of one job, put together from its pieces; memory bounded by `max_text`."""

    def __init__(self, max_text: int) -> None:
        self.pieces = 0
        self.repeats = 0  # pieces wholly or partly seen before
        self.differing = 0  # repeats that said something else than the first time
        self.gaps: list[Gap] = []
        self.remarks: list[str] = []  # pieces without an offset: not in the agent's file
        self.levels: Counter[str] = Counter()
        self._max_text = max_text  # characters kept; the rest is counted only
        self._parts: list[str] = []
        self._kept = 0
        self._at = Place()  # behind the latest piece
        self._furthest = Place()  # behind all pieces
        self._marks: dict[int, Place] = {}

    @property
    def text(self) -> str:
        """The text in file order, without the newline that may end it."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def size(self) -> int:
        """Bytes of the whole text in UTF-8."""
        return self._furthest.size

    @property
    def lines(self) -> int:
        """Lines of the whole text, the open one included."""
        return self._furthest.newlines + (1 if self._furthest.offset else 0)

    @property
    def complete(self) -> bool:
        """True when every piece joined its neighbour and no repeat differed."""
        return not self.gaps and not self.differing

    def add(self, text: str, level: str, offset: int | None) -> None:
        """Take one piece, in the order of arrival."""
        self.pieces += 1
        self.levels[level] += 1
        if offset is None:
            del self.remarks[: len(self.remarks) - MAX_REMARKS + 1]
            self.remarks.append(text)
            return
        self._go_to(offset)
        self._remember(self._at)
        self._take(text)

    def _go_to(self, offset: int) -> None:
        at = self._at
        if offset == at.offset:
            return
        if offset == at.offset + 1 and not at.line_start:
            self._take_newline()
        elif offset in self._marks:
            self._at = self._marks[offset]
        else:
            self.gaps.append(Gap(expected=at.offset, got=offset))
            self._at = replace(self._furthest, offset=offset, line_start=True)

    def _take_newline(self) -> None:
        at = self._at
        self._append("\n")
        self._move(
            Place(at.offset + 1, at.chars + 1, at.size + 1, at.newlines + 1, line_start=True)
        )

    def _take(self, text: str) -> None:
        at = self._at
        if at.offset < self._furthest.offset:
            self.repeats += 1
        self._append(text)
        size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
        newlines = text.count("\n")
        stamped = newlines + at.line_start
        self._move(
            Place(
                at.offset + size + PREFIX * stamped,
                at.chars + len(text),
                at.size + size,
                at.newlines + newlines,
                line_start=False,
            )
        )

    def _move(self, to: Place) -> None:
        self._at = to
        if to.offset > self._furthest.offset:
            self._furthest = to

    def _append(self, text: str) -> None:
        """Keep what of `text` is new at the present place, and compare what is not."""
        if not self._max_text:
            return
        known = self._kept - self._at.chars
        if known > 0:
            start = self._at.chars
            self.differing += self.text[start : start + len(text)] != text[:known]
        new = text[max(known, 0) :][: self._max_text - self._kept]
        if new and known >= 0:
            self._parts.append(new)
            self._kept += len(new)

    def _remember(self, place: Place) -> None:
        self._marks[place.offset] = place
        while len(self._marks) > MAX_MARKS:
            del self._marks[next(iter(self._marks))]
