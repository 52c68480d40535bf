"""What a reader of result files hands on: items, and how much of a text is kept."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

MAX_ITEMS = 100_000  # tests read from one file; more are left out, and the reading says so
MESSAGE_LIMIT = 4096  # bytes of UTF-8: head and tail of why a test failed
OUTPUT_LIMIT = 8192  # bytes of UTF-8: the tail of what a test printed
NAME_LIMIT = 2048  # characters
_GAP = "\n…\n"
_BUFFER = 131_072  # characters gathered before the middle is let go


class Verdict(Enum):
    """How a test ended; in ascending weight.

    A case with several items (parameters, several files) has the heaviest: it failed if one
    of them failed, and it is skipped only if all of them were (Robot Framework's rule).
    """

    SKIPPED = "skipped"
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"

    @property
    def bad(self) -> bool:
        """Whether the platform counts it as a failure (docs/protocol.md 4.3)."""
        return self in {Verdict.FAILED, Verdict.ERROR}

    def outweighs(self, other: "Verdict") -> bool:
        """Whether this one decides when both are items of one case."""
        order = list(Verdict)
        return order.index(self) > order.index(other)


@dataclass(frozen=True, slots=True)
class TestItem:
    """One test as a result file tells it; the texts are clipped."""

    __test__ = False  # its name begins with Test, and pytest must not collect it

    name: str
    result: Verdict
    case_id: str | None = None
    case_code: str | None = None
    duration: float | None = None  # seconds
    message: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at a file gave; `whole` is False for a file cut off or still being written."""

    items: tuple[TestItem, ...]
    whole: bool
    problem: str = ""  # why it is not whole, for a person
    unfinished: tuple[TestItem, ...] = ()  # only true if nobody writes to the file any more


def clip_message(text: str) -> str:
    """Return head and tail of `text`, at most MESSAGE_LIMIT bytes of UTF-8."""
    text = text.strip()
    if len(text.encode("utf-8", "replace")) <= MESSAGE_LIMIT:
        return _encodable(text)
    half = (MESSAGE_LIMIT - len(_GAP.encode())) // 2
    return _first(text, half) + _GAP + _last(text, half)


def clip_output(text: str) -> str:
    """Return the tail of `text`, at most OUTPUT_LIMIT bytes of UTF-8."""
    return _last(text.rstrip(), OUTPUT_LIMIT)


def seconds(value: object) -> float | None:
    """Return a duration as a finite number of seconds from 0 on, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


class Gathered:
    """Collects the pieces of one text; memory stays bounded by clipping on the way."""

    def __init__(self, clip: Callable[[str], str]) -> None:
        self._clip = clip
        self._pieces: list[str] = []
        self._size = 0  # characters

    def add(self, text: str) -> None:
        """Take the next piece."""
        self._pieces.append(text)
        self._size += len(text)
        if self._size > _BUFFER:
            self._pieces = [self._clip("".join(self._pieces))]
            self._size = len(self._pieces[0])

    def text(self) -> str:
        """Return what is kept, not yet clipped for the last time."""
        return "".join(self._pieces)


def _first(text: str, limit: int) -> str:
    return text[:limit].encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def _last(text: str, limit: int) -> str:
    return text[-limit:].encode("utf-8", "replace")[-limit:].decode("utf-8", "ignore")


def _encodable(text: str) -> str:
    """Replace lone surrogates: no UTF-8 frame can carry them."""
    return text.encode("utf-8", "replace").decode()
