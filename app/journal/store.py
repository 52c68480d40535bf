"""SQLite: jobs, results, what the platform has confirmed. The only importer of sqlite3."""

import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from app.errors import JournalError, JournalUnusableError
from app.i18n import _
from app.journal import queries
from app.journal.damaged import move_aside
from app.journal.history_store import HistoryStore
from app.journal.records import Aside, Finish, JobRecord, NewJob, StoredItem, Target
from app.journal.schema import MIGRATIONS, TABLES, VERSION
from app.journal.worker import Worker
from app.state import JobState

log = logging.getLogger(__name__)

BUSY_LIMIT = 5.0  # seconds to wait for a lock of a foreign program on the file
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Connection:
    """The worker's Database: one SQLite connection, used on the journal's thread only."""

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path, timeout=BUSY_LIMIT, isolation_level=None)
        self._durable = True

    def prepare(self) -> None:
        """Set the connection up and make the tables; sqlite3.Error when it is damaged."""
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = FULL")
        if self._sql.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damaged()
        version = self._sql.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise JournalUnusableError(
                _("The journal was written by a newer agent."),
                _("Install that version again, or use another --home."),
            )
        if version < VERSION:
            steps = "".join(MIGRATIONS[one] for one in range(version, VERSION)) if version else ""
            script = steps or TABLES
            self._sql.executescript(f"BEGIN;{script}PRAGMA user_version = {VERSION};COMMIT;")

    def begin(self, *, durable: bool) -> None:
        """Open a transaction; only a durable one waits for the disk when it commits."""
        self._wait_for_the_disk(durable=durable)
        self.run(self._sql.execute, "BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the batch lasting; JournalError when the disk does not take it."""
        self.run(self._sql.execute, "COMMIT")
        self._wait_for_the_disk(durable=True)  # somebody waits for the next durable one, nobody now

    def _wait_for_the_disk(self, *, durable: bool) -> None:
        if durable is not self._durable:
            level = "FULL" if durable else "NORMAL"
            self.run(self._sql.execute, f"PRAGMA synchronous = {level}")
            self._durable = durable

    def rollback(self) -> None:
        """Forget what is open."""
        if self._sql.in_transaction:
            with suppress(sqlite3.Error):
                self._sql.execute("ROLLBACK")

    def execute(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._sql.execute(sql, args)

    def close(self) -> None:
        """Close the file; everything committed stays."""
        self._sql.close()

    def run(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run `fn`, in a transaction if one is open; JournalError for what SQLite reports."""
        try:
            return fn(*args)
        except sqlite3.Error as why:
            raise JournalError(_("The journal cannot be used: {why}.").format(why=why)) from why


def _damaged() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(_("its own check failed"))
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


class Store(HistoryStore):
    """The journal's database; times are epoch seconds. Every method may raise JournalError."""

    def __init__(self, worker: Worker, sql: Connection, moved_aside: Path | None) -> None:
        super().__init__(worker, sql)
        self.moved_aside = moved_aside  # where a damaged predecessor went
        self._sql: Connection = sql

    @classmethod
    async def open(cls, path: Path, worker: Worker) -> "Store":
        """Open or make the journal; a damaged file is moved aside and a new one begun.

        JournalUnusableError when the file cannot be opened or belongs to a newer agent.
        """
        return await worker.submit(cls._open, path, worker)

    async def close(self) -> None:
        """Do all database work queued before, then close the file."""
        await self._worker.after_commit(self._close)

    async def accept(self, job: NewJob) -> JobRecord | None:
        """Store a new job, durable; None when its target has sent this id before.

        Ids are remembered longer than folders and logs are kept. A name that is taken
        becomes `<name>~<key>`.
        """
        return await self._worker.transact(queries.accept, self._sql, job)

    async def accept_and(
        self,
        job: NewJob,
        then: Callable[[JobRecord], T],
        undo: Callable[[JobRecord, T], object],
    ) -> tuple[JobRecord, T] | None:
        """Accept a job as `accept` does and go on with `then`, on the thread, in one go.

        `then` must not raise: the job would not be accepted. `undo` takes back what it made
        when the job cannot be stored after all, or before it is done again.
        """
        made: list[tuple[JobRecord, T]] = []
        try:
            return await self._worker.transact(self._accept_and, job, then, undo, made)
        except JournalError:
            await self._worker.submit(_take_back, undo, made)
            raise

    async def starting(self, key: int) -> None:
        """The job's process is about to start: durable before it can have done anything."""
        running = JobState.RUNNING.value
        await self._worker.transact(queries.move, self._sql, key, running)

    def moved(self, key: int, state: JobState) -> None:
        """Note a state on the way."""
        self._worker.post(queries.move, self._sql, key, state.value)

    def started(self, key: int, pid: int, pid_started: float) -> None:
        """Note the process of a job."""
        self._worker.post(queries.started, self._sql, key, pid, pid_started)

    async def finish(self, key: int, end: Finish, log_file: Path | None = None) -> list[StoredItem]:
        """Store how a job ended and what is owed for it, durable, its log before that.

        Who knows where the log is saves looking it up. A second end changes nothing: it
        returns what is still owed.
        """
        return await self._worker.transact(self._finish, key, end, log_file)

    async def find(self, target: Target, job_id: str) -> JobRecord | None:
        """Return the job that `target` knows as `job_id`."""
        return await self._worker.submit(self._sql.run, queries.find, self._sql, target, job_id)

    async def unfinished(self) -> list[JobRecord]:
        """Return the jobs without an end, oldest first."""
        return await self._worker.submit(self._sql.run, queries.unfinished, self._sql)

    async def undelivered(self) -> list[tuple[JobRecord, list[StoredItem]]]:
        """Return the jobs that owe something, oldest first, with their items (no bodies)."""
        return await self._worker.submit(self._sql.run, queries.undelivered, self._sql)

    async def item(self, seq: int) -> StoredItem | None:
        """Return an owed item with its body; ValueError when that cannot be read."""
        return await self._worker.submit(self._sql.run, queries.item, self._sql, seq)

    def confirm(self, key: int, offset: int, seqs: Sequence[int]) -> None:
        """The platform has handled the log up to `offset` and these items."""
        self._worker.post(queries.confirm, self._sql, key, offset, seqs)

    def set_aside(self, what: Aside, now: float) -> None:
        """Keep for a person what will never be sent; it is not owed any more."""
        self._worker.post(queries.set_aside, self._sql, what, now)

    async def removable(self, keep_tasks: int, keep_days: float, now: float) -> list[JobRecord]:
        """Return the delivered jobs neither among the newest nor young enough to stay.

        0 switches a rule off: the other one decides alone; both off: every job stays.
        """
        days = (keep_tasks, keep_days, now)
        return await self._worker.submit(self._sql.run, queries.removable, self._sql, *days)

    async def removed(self, keys: Sequence[int]) -> None:
        """Folder and log of these jobs are gone; their ids stay remembered for long."""
        await self._worker.transact(queries.removed, self._sql, keys)

    async def get(self, name: str) -> str | None:
        """Return a remembered value."""
        return await self._worker.submit(self._sql.run, queries.get, self._sql, name)

    async def put(self, name: str, value: str) -> None:
        """Remember a value, durable."""
        await self._worker.transact(queries.put, self._sql, name, value)

    def forget(self, name: str) -> None:
        """Forget a remembered value."""
        self._worker.post(queries.forget, self._sql, name)

    # -------------------------------------------------------------------- on the thread

    @classmethod
    def _open(cls, path: Path, worker: Worker) -> "Store":
        try:
            sql, moved_aside = _connect_or_replace(path)
        except (sqlite3.Error, OSError) as why:
            raise JournalUnusableError(
                _("The journal {path} cannot be opened: {why}.").format(path=path, why=why),
                _("Make its folder writable and see that the disk is not full."),
            ) from why
        worker.use(sql)
        return cls(worker, sql, moved_aside)

    def _accept_and(
        self,
        job: NewJob,
        then: Callable[[JobRecord], T],
        undo: Callable[[JobRecord, T], object],
        made: list[tuple[JobRecord, T]],
    ) -> tuple[JobRecord, T] | None:
        _take_back(undo, made)  # of a transaction that was undone: this is done again
        record = queries.accept(self._sql, job)
        if record is None:
            return None
        made.append((record, then(record)))
        return made[0]

    def _finish(self, key: int, end: Finish, log_file: Path | None) -> list[StoredItem]:
        length = self._worker.sync_file(log_file or queries.log_of(self._sql, key))
        if end.log_end is None:
            end = replace(end, log_end=length)
        return queries.finish(self._sql, key, end)

    def _close(self) -> None:
        self._worker.use(None)
        self._sql.close()


def _take_back(undo: Callable[[JobRecord, T], object], made: list[tuple[JobRecord, T]]) -> None:
    while made:
        undo(*made.pop())


def _connect_or_replace(path: Path) -> tuple[Connection, Path | None]:
    """Open the journal; begin a new one when the file is damaged."""
    try:
        return _connect(path), None
    except sqlite3.DatabaseError as why:
        if getattr(why, "sqlite_errorcode", None) not in _DAMAGED:
            raise
        moved_to = move_aside(path)
        log.error(  # noqa: TRY400 (the traceback says nothing more)
            _("the journal is damaged (%s): kept as %s, a new one is begun"), why, moved_to
        )
    return _connect(path), moved_to


def _connect(path: Path) -> Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # -wal and -shm inherit its mode
    sql = Connection(path)
    try:
        sql.prepare()
    except BaseException:
        sql.close()
        raise
    return sql
