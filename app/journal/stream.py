"""What one job owes: where its log stands, which items follow, the frames made of them."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from app.journal.budget import Budget
from app.journal.lines import Line
from app.journal.records import JobKind, JobRecord, OwedKind, StoredItem
from app.journal.suite_text import stamp_in
from app.journal.window import BATCH_BYTES, Pace
from app.protocol.messages import (
    JobResult,
    Level,
    Outgoing,
    SuiteCompleted,
    SuiteLog,
    SuiteResult,
)

_SOMETIME = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """An offset in a log and the line that it lies inside of."""

    offset: int
    inside: Line | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame and what its confirmation is worth: a log range, an item or nothing."""

    key: int
    text: str = field(compare=False)  # "": nothing to send (any more); to pass over
    size: int  # bytes on the wire
    start: int
    end: Place | None  # None: no log range
    seq: int | None = None  # of an item
    cost: int = 0  # bytes of the execution's log budget
    draft: SuiteLog | None = field(default=None, compare=False)  # says its sending time

    def sent(self) -> "Frame":
        """Return what must be remembered of it until it is confirmed."""
        return replace(self, text="", draft=None)


@dataclass(frozen=True, slots=True)
class Cut:
    """Frames of the next piece of a log, and where it ends."""

    frames: list[Frame]
    end: Place

    @property
    def cost(self) -> int:
        """Bytes of the log budget."""
        return sum(frame.cost for frame in self.frames)


@dataclass(frozen=True, slots=True)
class Execution:
    """The ids that a suite's log frames carry."""

    suite_id: str
    execution_id: str

    @classmethod
    def of(cls, record: JobRecord) -> "Execution | None":
        """Return the ids of a suite's job; None for a task."""
        if record.kind is not JobKind.SUITE:
            return None
        suite_id, _slash, execution_id = record.job_id.rpartition("/")
        details = record.details
        return cls(
            str(details.get("suite_id", suite_id)), str(details.get("execution_id", execution_id))
        )

    def says(self, text: str, level: Level = Level.INFO) -> SuiteLog:
        """Return a log frame that does not know its sending time yet."""
        return SuiteLog(self.suite_id, self.execution_id, text, _SOMETIME, level)


LINE_WAIT = 0.1  # seconds


class Stream:
    """Log and items of one job: read up to `read`, confirmed up to `confirmed`."""

    def __init__(
        self, record: JobRecord, confirmed: Place, items: Iterable[StoredItem] = ()
    ) -> None:
        self.key = record.key
        self.target = record.target
        self.job_id = record.job_id
        self.log = record.log
        self.execution = Execution.of(record)
        self.budget: Budget | None = None  # of its log; None: without a limit
        self.muted = False  # the budget for live output is used up
        self.seen = False  # the platform has seen a heartbeat since this session knows of it
        self.confirmed = self.read = confirmed
        self.log_end = record.log_end
        self.length = confirmed.offset if record.log_end is None else record.log_end
        self.items = {item.seq: item for item in items}  # owed, oldest first
        self.unsent = deque(self.items)
        self.ready: deque[Frame] = deque()  # cut, not sent
        self._tail = b""  # the last bytes of the log, kept so that a quiet line needs no read
        self.pace = Pace()
        self.retry_at = 0.0  # the log could not be read: not before
        self.served = 0  # when it was its turn, as a count
        self.held = False  # an earlier execution of its suite still owes something
        self.results_from = 0.0  # its results count for that one before (protocol.md 7.2)
        self._line_by: float | None = None  # so long a result waits for a line to go with it

    @property
    def finished(self) -> bool:
        """True when the log will not grow any more."""
        return self.log_end is not None

    @property
    def pending(self) -> int:
        """Log bytes that are not cut into frames yet."""
        return max(0, self.length - self.read.offset)

    @property
    def owed_bytes(self) -> int:
        """Log bytes that are not confirmed and will go, as far as it is known by now."""
        silent = self.muted and not self.finished
        return max(0, (self.read.offset if silent else self.length) - self.confirmed.offset)

    @property
    def next_item(self) -> StoredItem | None:
        """The item whose turn it is: only after the whole log, but for the result of a case."""
        if not self.unsent:
            return None
        item = self.items[self.unsent[0]]
        if item.kind is OwedKind.CASE_RESULT:
            return item
        return item if self.finished and not self.pending and not self.ready else None

    @property
    def settled(self) -> bool:
        """True when nothing is owed and nothing will come."""
        return self.finished and not self.owed_bytes and not self.items

    @property
    def waits_for_sibling(self) -> bool:
        """True while an execution before it of the same suite is not delivered.

        The platform counts results for the execution with the newest log (protocol.md 7.2), so
        they do not mix. One that ended without results may say so at once.
        """
        results = any(item.kind is OwedKind.CASE_RESULT for item in self.items.values())
        return self.held and (results or not self.finished)

    @property
    def due_at(self) -> float | None:
        """When something may be sent; in the past: at once; None: there is nothing."""
        if self.waits_for_sibling:
            return None
        if self.ready:
            return self.retry_at
        due = [] if self.log_due_at is None else [self.log_due_at]
        if self.next_item is not None:
            due.append(max(self.retry_at, self._line_by or 0.0, self.results_from))
        return min(due, default=None)

    @property
    def log_due_at(self) -> float | None:
        """When the next piece of the log may be read, as `due_at`."""
        if not self.pending or (self.muted and not self.finished):
            return None
        hurry = self.finished and self.next_item is None  # results take their log with them
        if hurry or self.pending >= BATCH_BYTES:
            return self.retry_at
        return max(self.pace.due_at, self.retry_at)

    @property
    def tail(self) -> bytes:
        """All that is pending, when it is at hand; else nothing."""
        return self._tail if len(self._tail) == self.pending else b""

    def grew(self, length: int, tail: bytes) -> None:
        """The log has `length` bytes on disk; `tail` are the last of them."""
        kept = self.tail + tail
        self.length = length
        self._line_by = None
        self._tail = kept if len(kept) == self.pending and len(kept) <= BATCH_BYTES else b""

    def item_at(self, now: float) -> StoredItem | None:
        """Return the item whose turn it is now."""
        item = self.next_item
        early = item is not None and item.kind is OwedKind.CASE_RESULT and now < self.results_from
        return None if early else item

    def waits_for_line(self, now: float) -> bool:
        """Tell whether a result is to wait for the line of the log that follows it (8.3).

        The line that names the case is on its way to the file: without it a frame that says
        nothing would have to follow, an empty line for people. It is waited for once.
        """
        if self.ready or self.pending or self.finished or self.muted:
            return False
        if self._line_by is None:
            self._line_by = now + LINE_WAIT
        return now < self._line_by

    def sent(self, frame: Frame) -> None:
        """Note that `frame`, the next one, was handed over."""
        if self.budget is not None:
            self.budget.spent += frame.cost
        if frame.seq is not None:
            self.unsent.popleft()
        elif frame.end is not None:
            self.ready.popleft()

    def take(self, cut: Cut) -> None:
        """Owe these frames next: they are what follows in the log."""
        self.ready.extend(cut.frames)
        self.read = cut.end

    def settle(self, frame: Frame) -> None:
        """Note that `frame` is confirmed or set aside: it is not owed any more."""
        if frame.seq is not None:
            self.items.pop(frame.seq, None)
        elif frame.end is not None and frame.end.offset > self.confirmed.offset:
            self.confirmed = frame.end

    def set_aside(self, frame: Frame) -> None:
        """`frame` will never be sent: it is settled without having gone."""
        self.unsent = deque(seq for seq in self.unsent if seq != frame.seq)
        self.settle(frame)

    def readable(self, now: float) -> bool:
        """Tell whether the log's next bytes are due."""
        due_at = self.log_due_at
        return due_at is not None and due_at <= now

    def rewind(self) -> None:
        """Go back to what is confirmed: the session is over."""
        self.read = self.confirmed
        self._tail = b""
        self.ready.clear()
        self.unsent = deque(self.items)
        self.seen = False

    def finish(self, log_end: int, items: Iterable[StoredItem]) -> None:
        """The log will not grow any more; these items follow it."""
        self.length = self.log_end = log_end
        self.owe(items)

    def owe(self, items: Iterable[StoredItem]) -> None:
        """These items are owed too, behind those before."""
        for item in items:
            if item.seq not in self.items:
                self.items[item.seq] = item
                self.unsent.append(item.seq)


def item_message(kind: OwedKind, body: dict[str, Any], zone: tzinfo, now: float) -> Outgoing:
    """Return the message of an owed item; `now` (epoch) is its sending time.

    KeyError, TypeError or ValueError when the stored body is not what it should be.
    """
    match kind:
        case OwedKind.JOB_RESULT:
            return JobResult(**body | {"at": datetime.fromtimestamp(body["at"], zone)})
        case OwedKind.CASE_RESULT:
            return SuiteResult(**body)
        case OwedKind.SUITE_LOG:
            return _suite_log(body, zone, now)
        case OwedKind.SUITE_COMPLETED:
            return SuiteCompleted(**body)


def _suite_log(body: dict[str, Any], zone: tzinfo, now: float) -> SuiteLog:
    """Its text begins with the time that the line is about, if it is known."""
    stamp = "" if body.get("at") is None else f"{stamp_in(body['at'], zone)} "
    level = Level(body.get("level", Level.INFO.value))
    at = datetime.fromtimestamp(now, zone)
    return SuiteLog(**body | {"text": f"{stamp}{body['text']}", "level": level, "at": at})
