"""What is owed to the platform, oldest first; window; confirmation by heartbeat fences.

Everything waits in the journal; here is only what may be on its way. A session that ends
loses nothing: the next one goes on at what was confirmed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo

from app.errors import JournalError
from app.i18n import _
from app.journal.backlog import Backlog
from app.journal.budget import Budget
from app.journal.flight import Flight
from app.journal.joblog import confirmed_place
from app.journal.reader import Reader
from app.journal.records import Aside, JobRecord, StoredItem, Target
from app.journal.sender import Sender
from app.journal.store import Store
from app.journal.stream import Frame, Place, Stream
from app.journal.worker import Worker
from app.protocol.messages import Outgoing

log = logging.getLogger(__name__)

LOG_LIMIT = 65_535  # bytes of log that the platform keeps of one execution (4.2)
HELD_JOBS = 64  # when more jobs owe something, their results are read when they are sent


class Outbox:
    """Hands frames to the session's sender and forgets what the platform has handled.

    `now` is monotonic. `wake` is set when `next_frames` may have something again.
    """

    def __init__(
        self,
        store: Store,
        worker: Worker,
        encode: Callable[[Outgoing], str],
        on_problem: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.log_limit = LOG_LIMIT  # 0: none; for the jobs that come after it is set
        self.wake = asyncio.Event()
        self._store = store
        self._worker = worker
        self._reader = Reader(store, worker, encode, clock)
        self._on_problem = on_problem
        self._clock = clock
        self._backlog = Backlog()
        self._flight = Flight()
        self._sender = Sender(self._backlog, self._flight, self._reader, self._set_aside)

    @property
    def zone(self) -> tzinfo:
        """The platform's time zone, from heartbeat_ack."""
        return self._reader.zone

    @zone.setter
    def zone(self, zone: tzinfo) -> None:
        self._reader.zone = zone

    # --------------------------------------------------------------------- what is owed

    async def load(self) -> None:
        """Take over what an earlier agent still owed; once, before the first session."""
        for record, items in await self._store.undelivered():
            place = Place(0)
            if record.confirmed:
                place = await self._confirmed_place(record)
            self._add(record, place, items)

    async def _confirmed_place(self, record: JobRecord) -> Place:
        try:
            return Place(*await self._worker.submit(confirmed_place, record.log, record.confirmed))
        except JournalError:  # the log is gone: reported when it is to be sent
            return Place(record.confirmed)

    def open(self, record: JobRecord) -> None:
        """Owe the log of a new job as it grows."""
        self._add(record, Place(0))

    def _add(self, record: JobRecord, place: Place, items: Iterable[StoredItem] = ()) -> None:
        stream = Stream(record, place, items)
        if stream.execution is not None:
            stream.budget = Budget(self.log_limit, record.spent) if self.log_limit else None
        self._backlog.add(stream)
        self._sender.add(stream)

    def grew(self, key: int, length: int, tail: bytes = b"") -> None:
        """The job's log has `length` bytes on disk, of which `tail` are the last."""
        stream = self._backlog[key]
        stream.grew(length, tail)
        self._backlog.wake(stream)
        self.wake.set()

    def owed(self, key: int, items: Iterable[StoredItem]) -> None:
        """These items are owed too; results of cases go while the log still grows."""
        stream = self._backlog[key]
        stream.owe(self._held(items))
        self._backlog.wake(stream)
        self.wake.set()

    def finished(self, key: int, log_end: int, items: Iterable[StoredItem]) -> None:
        """The job's log is complete and these items follow it."""
        stream = self._backlog[key]
        stream.finish(log_end, self._held(items))
        self._backlog.sort_in(stream)
        self.wake.set()

    def _held(self, items: Iterable[StoredItem]) -> Iterable[StoredItem]:
        if len(self._backlog) > HELD_JOBS:
            return [replace(item, body=None) for item in items]
        return items

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
        self._backlog.choose(target)
        self._sender.begin()
        self.wake.set()

    # -------------------------------------------------------------------------- sending

    async def next_frames(self, now: float) -> tuple[str, ...]:
        """Return what goes next, counted as sent; nothing when nothing is due or may go now.

        Of several frames each goes right behind the one before: no heartbeat between them.
        """
        return await self._sender.next_frames(now)

    def next_due(self, now: float) -> float | None:
        """Return when something may be due without a further `wake`; None: never."""
        return self._backlog.next_due(now, blocked=self._flight.blocked)

    @property
    def fence_wanted(self) -> bool:
        """True when a heartbeat should now follow what was sent, or come before what is due."""
        return self._flight.fence_wanted or (
            self._sender.heartbeat_wanted and self._flight.may_fence
        )

    @property
    def in_flight(self) -> bool:
        """True while something sent is unconfirmed."""
        return self._flight.busy

    def seal(self, now: float) -> None:
        """A heartbeat was handed to the socket, behind all that was sent before."""
        self._flight.seal(now)
        self._sender.sealed()
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
                if frame.seq is not None:
                    self._backlog.item_handled(stream, now)
        for key, done in seqs.items():
            stream = self._backlog.get(key)
            if stream is not None:
                self._store.confirm(key, stream.confirmed.offset, done)
                self._backlog.sort_in(stream)
        self.wake.set()

    # --------------------------------------------------------------------------- inside

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
