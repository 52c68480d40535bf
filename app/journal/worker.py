"""The journal's own thread: file and database work in order, in batches.

One batch is what has queued up meanwhile: it gets one transaction (group commit), and
its waiters are told together, after the commit.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from app.errors import JournalError
from app.i18n import _
from app.journal.work import Database, Dirty, Lane, Work

log = logging.getLogger(__name__)

POST_AFTER = 0.05  # seconds that posted work may wait for something to share a commit with
SYNC_EVERY = 1.0  # seconds that written log bytes may stay unsynced
STOP_LIMIT = 10.0  # seconds for everything queued when the journal ends
MAX_BATCH = 1000  # submissions in one transaction, and what one turn of the loop adds

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Worker:
    """Runs submissions one after the other on its thread.

    A cancelled waiter does not undo what it submitted. Failures of the system (OSError)
    reach the waiter as JournalError, anything else as it is.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[Work] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._database: Database | None = None
        self._dirty: dict[Dirty, None] = {}
        self._dirty_since = 0.0
        self._posted: list[Work] = []  # on the loop's side, not handed over yet
        self._posting: asyncio.TimerHandle | None = None
        self._given: list[Work] = []  # submitted in this turn of the loop

    def start(self) -> None:
        """Start the thread; it answers into the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def submit(self, fn: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run file work or a read."""
        self._give_posted()
        return self._put(Lane.FILE, fn, args)

    def write(self, fn: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run work on a log, which the database has no part in: what was posted waits on."""
        return self._put(Lane.LOG, fn, args)

    def transact(self, fn: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run database work; its future resolves when it is committed, power cuts included."""
        self._give_posted()
        return self._put(Lane.DURABLE, fn, args)

    def post(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Run database work that nobody waits for; a failure is logged.

        It waits up to POST_AFTER for a submission to share its transaction with.
        """
        if self._closed or self._loop is None:
            log.warning(_("the journal is closed, not done: %s"), fn.__qualname__)
            return
        self._posted.append(Work(Lane.COMMIT, fn, args, None))
        if self._posting is None:
            self._posting = self._loop.call_later(POST_AFTER, self._give_posted)

    def after_commit(self, fn: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run file work when everything submitted before it is committed."""
        self._give_posted()
        return self._put(Lane.AFTER, fn, args)

    async def stop(self) -> None:
        """Do everything queued, sync the logs and end the thread; bounded, safe to repeat."""
        if not self._closed:
            self._closed = True
            self._give_posted()
            self._hand_over()
            self._queue.put(None)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, STOP_LIMIT)
        if self._thread.is_alive():
            log.error(_("the journal's thread did not end in %s s: the disk hangs"), STOP_LIMIT)

    # ------------------------------------------------------- for journal code on the thread

    def use(self, database: Database | None) -> None:
        """Take the database of all transactions (on the thread); None before it is closed."""
        self._database = database

    def touched(self, file: Dirty) -> None:
        """Note that `file` has unsynced bytes (on the thread)."""
        if not self._dirty:
            self._dirty_since = time.monotonic()
        self._dirty[file] = None

    def sync_file(self, path: Path) -> int:
        """Make what was written to `path` lasting and return its length (on the thread).

        0 when there is no such file. OSError when it cannot be synced.
        """
        for file in [file for file in self._dirty if file.path == path]:
            file.sync()
            return file.length
        return path.stat().st_size if path.exists() else 0

    def is_dirty(self, file: Dirty) -> bool:
        """Tell whether `file` has unsynced bytes (on the thread)."""
        return file in self._dirty

    def untouched(self, file: Dirty) -> None:
        """Note that `file` is synced or gone (on the thread)."""
        self._dirty.pop(file, None)

    # ------------------------------------------------------------------------------ inside

    def _put(self, lane: Lane, fn: Callable[[*Ts], T], args: tuple[*Ts]) -> asyncio.Future[T]:
        if self._loop is None:
            raise RuntimeError("the journal's worker has not been started")
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(JournalError(_("The journal is closed.")))
        else:
            self._give(Work(lane, fn, args, future))
        return future

    def _give_posted(self) -> None:
        """Let what was posted go with this turn's submissions."""
        if self._posting is not None:
            self._posting.cancel()
            self._posting = None
        posted, self._posted = self._posted, []
        for work in posted:
            self._give(work)

    def _give(self, work: Work) -> None:
        """Take for the thread; it is woken once for all that one turn of the loop gives."""
        if not self._given and self._loop is not None:
            self._loop.call_soon(self._hand_over)
        self._given.append(work)

    def _hand_over(self) -> None:
        if self._given:
            self._queue.put(self._given)
            self._given = []

    def _run(self) -> None:
        going = True
        while going:
            works, going = self._next_batch()
            try:
                self._perform(works)
            except Exception as why:  # noqa: BLE001 (a bug must reach the waiters, not hang them)
                _fail(works, why)
            self._tell(works)
            if not going or self._sync_due_in() == 0:
                self._sync()

    def _next_batch(self) -> tuple[list[Work], bool]:
        """Take all that is there; wait for the first, at most until the next sync is due.

        False: it was the last.
        """
        works: list[Work] = []
        with contextlib.suppress(queue.Empty):
            more = self._queue.get(timeout=self._sync_due_in())
            while more is not None:
                works += more
                if len(works) >= MAX_BATCH:
                    return works, True
                more = self._queue.get_nowait()
            return works, False
        return works, True

    def _sync_due_in(self) -> float | None:
        """Return the seconds until written bytes must be synced; None: there are none."""
        if not self._dirty:
            return None
        return max(0.0, self._dirty_since + SYNC_EVERY - time.monotonic())

    def _sync(self) -> None:
        for file in list(self._dirty):
            try:
                file.sync()
            except OSError as why:
                log.warning(_("a job log could not be synced: %s"), why)
                self.untouched(file)

    def _perform(self, works: list[Work]) -> None:
        durable = any(work.lane is Lane.DURABLE for work in works)
        pending: list[Work] = []  # done in the open transaction
        for work in works:
            if work.lane in (Lane.COMMIT, Lane.DURABLE):
                self._transact(work, pending, durable=durable)
                continue
            if work.lane is Lane.AFTER:
                self._commit(pending)
            self._attempt(work, work.fn, work.args)
        if pending:  # what is in a log may go on its way at once
            self._tell([work for work in works if work.lane is Lane.LOG])
        self._commit(pending)

    def _transact(self, work: Work, pending: list[Work], *, durable: bool) -> None:
        """Do database work in the open transaction; what fails takes nothing else with it.

        Failures are rare: what is undone with one is done again, each piece alone. A savepoint
        around every piece would cost more, always.
        """
        database = self._database
        if database is None:
            work.error = JournalError(_("The journal is closed."))
            return
        if not pending:
            self._attempt(work, lambda: database.begin(durable=durable), ())
        if work.error is None:
            self._attempt(work, database.run, (work.fn, *work.args))
        if work.error is None:
            pending.append(work)
            return
        database.rollback()
        undone, pending[:] = list(pending), []
        for other in undone:
            alone: list[Work] = []
            self._transact(other, alone, durable=durable)
            self._commit(alone)

    def _commit(self, pending: list[Work]) -> None:
        if not pending or self._database is None:
            return
        try:
            self._database.commit()
        except JournalError as why:
            self._database.rollback()
            _fail(pending, why)
        pending.clear()

    def _attempt(self, work: Work, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            work.result = fn(*args)
        except OSError as why:
            work.error = JournalError(_("The journal cannot be written: {why}.").format(why=why))
            work.error.__cause__ = why
        except Exception as why:  # noqa: BLE001 (the thread's border: it is the waiter's error)
            work.error = why

    def _tell(self, works: list[Work]) -> None:
        """Give each waiter its result, once."""
        works = [work for work in works if not work.told]
        for work in works:
            work.told = True
            if work.error is not None and work.future is None:
                log.error(_("%s failed"), work.fn.__qualname__, exc_info=work.error)
        waited_for = [work for work in works if work.future is not None]
        if waited_for and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, nobody waits
                self._loop.call_soon_threadsafe(_resolve, waited_for)


def _fail(works: list[Work], why: BaseException | None) -> None:
    """Give all works the failure of their common transaction."""
    for work in works:
        if work.error is None and isinstance(why, JournalError):
            work.error = why
        elif work.error is None:
            work.error = JournalError(
                _("The journal could not keep a change: {why!r}.").format(why=why)
            )
            work.error.__cause__ = why


def _resolve(works: list[Work]) -> None:
    for work in works:
        if work.future is None or work.future.done():
            continue  # its waiter was cancelled
        if work.error is None:
            work.future.set_result(work.result)
        else:
            work.future.set_exception(work.error)
