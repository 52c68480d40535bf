"""What is owed to the platform, oldest first; window; confirmation by heartbeat fences.

Everything waits in the journal; here is only what may be on its way. A session that ends
loses nothing: the next one goes on at what was confirmed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, tzinfo

from app.errors import JournalError
from app.i18n import _
from app.journal.backlog import Backlog
from app.journal.flight import Flight
from app.journal.joblog import confirmed_place, read_piece
from app.journal.records import Aside, JobRecord, OwedKind, StoredItem, Target
from app.journal.store import Store
from app.journal.stream import Cutter, Frame, Place, Stream, item_message, wire_size
from app.journal.window import KIB, MIN_BYTES
from app.journal.worker import Worker
from app.protocol.messages import Outgoing

log = logging.getLogger(__name__)

PIECE_BYTES = 128 * KIB  # log read for one batch
MIN_PIECE = 2 * KIB
FRAME_BYTES = 256 * KIB  # largest log frame on the wire
HELD_JOBS = 64  # when more jobs owe something, their results are read when they are sent
RETRY_READ = 5.0  # seconds until a log that could not be read is tried again


class Outbox:
    """Hands frames to the session's sender and forgets what the platform has handled.

    `now` is monotonic. `wake` is set when `next_frame` may have something again.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        encode: Callable[[Outgoing], str],
        on_problem: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.zone: tzinfo = UTC  # the platform's, from heartbeat_ack
        self.wake = asyncio.Event()
        self._store = store
        self._worker = worker
        self._encode = encode
        self._on_problem = on_problem
        self._clock = clock
        self._backlog = Backlog()
        self._flight = Flight()
        self._session = 0  # counts, so that a read notices the end of its session

    # --------------------------------------------------------------------- what is owed

    async def load(self) -> None:
        """Take over what an earlier agent still owed; once, before the first session."""
        for record, items in await self._store.undelivered():
            place = Place(0)
            if record.confirmed:
                place = await self._confirmed_place(record)
            self._backlog.add(Stream(record, place, items))

    async def _confirmed_place(self, record: JobRecord) -> Place:
        try:
            return Place(*await self._worker.submit(confirmed_place, record.log, record.confirmed))
        except JournalError:  # the log is gone: reported when it is to be sent
            return Place(record.confirmed)

    def open(self, record: JobRecord) -> None:
        """Owe the log of a new job as it grows."""
        self._backlog.add(Stream(record, Place(0)))

    def grew(self, key: int, length: int, tail: bytes = b"") -> None:
        """The job's log has `length` bytes on disk, of which `tail` are the last."""
        stream = self._backlog[key]
        stream.grew(length, tail)
        self._backlog.wake(stream)
        self.wake.set()

    def finished(self, key: int, log_end: int, items: Iterable[StoredItem]) -> None:
        """The job's log is complete and these items follow it."""
        stream = self._backlog[key]
        if len(self._backlog) > HELD_JOBS:
            items = [replace(item, body=None) for item in items]
        stream.finish(log_end, items)
        self._backlog.sort_in(stream)
        self.wake.set()

    def owed_bytes(self, target: Target | None = None) -> int:
        """Return the unconfirmed log bytes for one target; None: for all."""
        return self._backlog.owed_bytes(target)

    @property
    def drained(self) -> bool:
        """True when the current target has confirmed everything that exists so far."""
        owing = (stream.owed_bytes or stream.items for stream in self._backlog.current())
        return not self.in_flight and not any(owing)

    # ---------------------------------------------------------------------- the session

    def session_opened(self, target: Target, now: float) -> None:
        """A session can carry what is owed to `target`, from the confirmed places on."""
        log.debug("session at %.3f owes %s bytes", now, self.owed_bytes(target))
        self._begin(target)

    def session_closed(self, blame: bool, now: float) -> None:
        """The session is over; `blame`: it died abruptly, a frame may have killed it."""
        log.debug("session over at %.3f, %s frames unconfirmed", now, len(self._flight.frames))
        guilty = self._flight.end(blame=blame)
        if guilty is not None:
            self._set_aside(guilty, _("it ended three connections"))
        self._begin(None)

    def _begin(self, target: Target | None) -> None:
        self._session += 1
        self._backlog.choose(target)
        self.wake.set()

    # -------------------------------------------------------------------------- sending

    async def next_frame(self, now: float) -> str | None:
        """Return the next frame, counted as sent; None: nothing is due or may go now."""
        self._flight.blocked = False
        session = self._session
        for stream in self._whose_turn(now):
            frame = await self._next_of(stream, now)
            if session != self._session:
                return None
            if frame is not None:
                self._note_sent(stream, frame)
                return frame.text
        return None

    def next_due(self, now: float) -> float | None:
        """Return when something may be due without a further `wake`; None: never."""
        return self._backlog.next_due(now, blocked=self._flight.blocked)

    @property
    def fence_wanted(self) -> bool:
        """True when a heartbeat should now follow what was sent."""
        return self._flight.fence_wanted

    @property
    def in_flight(self) -> bool:
        """True while something sent is unconfirmed."""
        return self._flight.busy

    def seal(self, now: float) -> None:
        """A heartbeat was handed to the socket, behind all that was sent before."""
        self._flight.seal(now)
        self.wake.set()

    def confirm(self, now: float) -> None:
        """The oldest unanswered heartbeat was answered: all before it was handled."""
        seqs: dict[int, list[int]] = {}
        for frame in self._flight.confirm(now):
            seqs.setdefault(frame.key, [])
            if frame.seq is not None:
                seqs[frame.key].append(frame.seq)
            stream = self._backlog.get(frame.key)
            if stream is not None:
                stream.settle(frame)
        for key, done in seqs.items():
            stream = self._backlog.get(key)
            if stream is not None:
                self._store.confirm(key, stream.confirmed.offset, done)
                self._backlog.sort_in(stream)
        self.wake.set()

    # --------------------------------------------------------------------------- inside

    def _whose_turn(self, now: float) -> list[Stream]:
        if not self._flight.suspects:
            return self._backlog.due(now)
        if self._flight.carries_suspect():
            self._flight.blocked = True
            return []
        suspects = filter(self._flight.next_suspected, self._backlog.all_due(now))
        suspect = next(suspects, None)
        if suspect is None:
            return self._backlog.due(now)
        self._flight.blocked = not self._flight.clear_for_suspect()
        return [] if self._flight.blocked else [suspect]

    async def _next_of(self, stream: Stream, now: float) -> Frame | None:
        """Return the next frame of this job if it may go; reads its log for that."""
        session = self._session
        while session == self._session:
            if stream.ready:
                if stream.ready[0].text:
                    return self._if_room(stream.ready[0])
                self._note_sent(stream, stream.ready[0])  # passed over, nothing to send
                continue
            item = stream.next_item
            if item is not None:
                return await self._item_frame(stream, item, now)
            if not stream.pending or not self._room_to_read() or not stream.readable(now):
                return None
            await self._read(stream, now)
        return None

    def _if_room(self, frame: Frame) -> Frame | None:
        if self._flight.window.may_send(frame.size):
            return frame
        self._flight.blocked = True
        return None

    def _room_to_read(self) -> bool:
        if self._flight.window.may_send(MIN_BYTES):
            return True
        self._flight.blocked = True
        return False

    def _note_sent(self, stream: Stream, frame: Frame) -> None:
        stream.sent(frame)
        self._flight.sent(frame)
        self._backlog.served(stream)

    async def _item_frame(self, stream: Stream, item: StoredItem, now: float) -> Frame | None:
        alone = item.kind is OwedKind.SUITE_COMPLETED
        if not self._flight.may_carry_item(alone=alone):
            self._flight.blocked = True
            return None
        try:
            text = await self._item_text(item)
        except JournalError as why:
            log.warning("a result of job %s cannot be read now: %s", stream.job_id, why)
            stream.retry_at = now + RETRY_READ
            return None
        except (KeyError, TypeError, ValueError) as why:
            broken = Frame(stream.key, "", 0, 0, None, item.seq)
            self._set_aside(broken, _("the journal's entry cannot be read ({why})").format(why=why))
            return None
        return self._if_room(Frame(stream.key, text, wire_size(text), 0, None, item.seq))

    async def _item_text(self, item: StoredItem) -> str:
        whole = item if item.body is not None else await self._store.item(item.seq)
        if whole is None or whole.body is None:
            raise KeyError(item.seq)
        return self._encode(item_message(whole.kind, whole.body, self.zone, self._clock()))

    async def _read(self, stream: Stream, now: float) -> None:
        """Cut the next piece of the log into frames."""
        session, start, limit = self._session, stream.read.offset, self._flight.window.limit
        size = max(MIN_PIECE, min(PIECE_BYTES, limit // 2 - KIB))
        if stream.tail and len(stream.tail) <= size:
            self._cut(stream, stream.tail, now)
            return
        try:
            data = await self._worker.submit(read_piece, stream.log, start, stream.length, size)
        except JournalError as why:
            if not isinstance(why.__cause__, FileNotFoundError):
                log.warning("the log of job %s cannot be read now: %s", stream.job_id, why)
                stream.retry_at = now + RETRY_READ
                return
            data = b""
        if session != self._session:
            return
        if data:
            self._cut(stream, data, now)
        else:
            self._log_lost(stream)

    def _cut(self, stream: Stream, data: bytes, now: float) -> None:
        stream.pace.spend(now)
        limit = max(MIN_BYTES, min(FRAME_BYTES, self._flight.window.limit))
        Cutter(self._encode, self.zone, limit).cut(stream, data)

    def _log_lost(self, stream: Stream) -> None:
        lost = Frame(stream.key, "", 0, stream.read.offset, Place(stream.length))
        stream.read = Place(stream.length)
        self._set_aside(lost, _("the log file is gone or was shortened"))

    def _set_aside(self, frame: Frame, why: str) -> None:
        """Never send `frame` again; the journal keeps it and the user is told."""
        stream = self._backlog.get(frame.key)
        if stream is None:
            return
        end = 0 if frame.end is None else frame.end.offset
        self._store.set_aside(Aside(frame.key, frame.seq, frame.start, end), self._clock())
        self._flight.suspects.settled(frame)
        stream.set_aside(frame)
        self._backlog.sort_in(stream)
        what = _("its result")
        if frame.seq is None:
            what = _("bytes {start} to {end} of its log").format(start=frame.start, end=end)
        self._on_problem(
            _("Job {job}: {what} will never be sent to the platform: {why}.").format(
                job=stream.job_id, what=what, why=why
            )
        )
