"""What one job owes: where its log stands, which items follow, and the frames made of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from app.journal.lines import Line, Run, line_left_open, split_runs, whole_characters
from app.journal.records import JobRecord, OwedKind, StoredItem
from app.journal.window import BATCH_BYTES, Pace
from app.protocol.messages import (
    JobLog,
    JobResult,
    Level,
    Outgoing,
    SuiteCompleted,
    SuiteLog,
)

BATCH_FRAMES = 16  # runs of a batch where stdout and stderr alternate; the last takes the rest
UNSPLIT_BYTES = 512  # so little log is never split, however it inflates


@dataclass(frozen=True, slots=True)
class Place:
    """An offset in a log and the line that it lies inside of."""

    offset: int
    inside: Line | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame and what its confirmation is worth: a log range or an item."""

    key: int
    text: str = field(compare=False)  # "": nothing to send (any more); a range to pass over
    size: int  # bytes on the wire
    start: int
    end: Place | None  # None: an item
    seq: int | None = None


class Stream:
    """Log and items of one job: read up to `read`, confirmed up to `confirmed`."""

    def __init__(
        self, record: JobRecord, confirmed: Place, items: Iterable[StoredItem] = ()
    ) -> None:
        self.key = record.key
        self.target = record.target
        self.job_id = record.job_id
        self.log = record.log
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
        """Log bytes that are not confirmed."""
        return max(0, self.length - self.confirmed.offset)

    @property
    def next_item(self) -> StoredItem | None:
        """The item whose turn it is: only after the whole log."""
        if not self.finished or self.pending or self.ready or not self.unsent:
            return None
        return self.items[self.unsent[0]]

    @property
    def settled(self) -> bool:
        """True when nothing is owed and nothing will come."""
        return self.finished and not self.owed_bytes and not self.items

    @property
    def due_at(self) -> float | None:
        """When something may be sent; in the past: at once; None: there is nothing."""
        if self.ready or self.next_item is not None:
            return self.retry_at
        if not self.pending:
            return None
        if self.finished or self.pending >= BATCH_BYTES:
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
        self._tail = kept if len(kept) == self.pending and len(kept) <= BATCH_BYTES else b""

    def sent(self, frame: Frame) -> None:
        """Note that `frame`, the next one, was handed over."""
        if frame.seq is None:
            self.ready.popleft()
        else:
            self.unsent.popleft()

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
        due_at = self.due_at
        return due_at is not None and due_at <= now

    def rewind(self) -> None:
        """Go back to what is confirmed: the session is over."""
        self.read = self.confirmed
        self._tail = b""
        self.ready.clear()
        self.unsent = deque(self.items)

    def finish(self, log_end: int, items: Iterable[StoredItem]) -> None:
        """The log will not grow any more; these items follow it."""
        self.length = self.log_end = log_end
        for item in items:
            if item.seq not in self.items:
                self.items[item.seq] = item
                self.unsent.append(item.seq)


@dataclass(frozen=True, slots=True)
class Cutter:
    """Makes frames of log pieces; `limit` bounds a frame in bytes on the wire."""

    encode: Callable[[Outgoing], str]
    zone: tzinfo
    limit: int

    def cut(self, stream: Stream, data: bytes) -> None:
        """Make frames of the piece that begins at `stream.read` and move that place."""
        begin = stream.read
        frames = list(self._frames(stream, data, begin))
        end = Place(begin.offset + len(data), line_left_open(data, begin.inside))
        if not frames:  # the newline of a line whose text was sent before
            frames = [Frame(stream.key, "", 0, begin.offset, end)]
        stream.ready.extend(frames)
        stream.read = end

    def _frames(self, stream: Stream, data: bytes, begin: Place) -> Iterator[Frame]:
        place = begin
        inside = None if begin.inside is None else begin.inside.kind
        for run in split_runs(data, inside, BATCH_FRAMES):
            raw = data[run.start : run.end]
            frame = self._frame(stream, run, raw, place)
            if frame.size > self.limit and len(raw) > UNSPLIT_BYTES:
                yield from self._halves(stream, raw, place)
            else:
                yield frame
            place = Place(place.offset + len(raw), line_left_open(raw, place.inside))

    def _frame(self, stream: Stream, run: Run, raw: bytes, place: Place) -> Frame:
        began = run.at
        if began is None and place.inside is not None:
            began = place.inside.at
        at = datetime.fromtimestamp(began or 0.0, self.zone)
        closing = place.inside is not None and raw.startswith(b"\n")  # a line sent before
        offset = place.offset + closing  # where the text begins that is sent
        text = self.encode(JobLog(stream.job_id, run.level, run.text, at, offset))
        end = Place(place.offset + len(raw), line_left_open(raw, place.inside))
        return Frame(stream.key, text, wire_size(text), place.offset, end)

    def _halves(self, stream: Stream, raw: bytes, place: Place) -> Iterator[Frame]:
        middle = len(raw) // 2
        cut = raw.rfind(b"\n", 1, middle) + 1 or len(whole_characters(raw[:middle]))
        left, right = raw[:cut], raw[cut:]
        yield from self._frames(stream, left, place)
        then = Place(place.offset + cut, line_left_open(left, place.inside))
        yield from self._frames(stream, right, then)


def wire_size(text: str) -> int:
    """Return the bytes of a text frame."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def item_message(kind: OwedKind, body: dict[str, Any], zone: tzinfo, now: float) -> Outgoing:
    """Return the message of an owed item; `now` (epoch) is its sending time.

    KeyError, TypeError or ValueError when the stored body is not what it should be.
    """
    match kind:
        case OwedKind.JOB_RESULT:
            return JobResult(**body | {"at": datetime.fromtimestamp(body["at"], zone)})
        case OwedKind.SUITE_LOG:
            level = Level(body.get("level", Level.INFO.value))
            at = datetime.fromtimestamp(now, zone)
            return SuiteLog(**body | {"level": level, "at": at})
        case OwedKind.SUITE_COMPLETED:
            return SuiteCompleted(**body)
