"""What the journal knows of suites beyond their jobs: cases, shared folders, log budgets."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, TypeVarTuple

from app.journal import queries
from app.journal.records import CaseReport, JobRecord, StoredItem
from app.journal.worker import Worker

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Sql(queries.Sql, Protocol):
    """The part of a connection that is needed here."""

    def run(self, fn: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run `fn`; JournalError for what the database reports."""


class SuiteStore:
    """The part of the store for suites. Every method may raise JournalError."""

    def __init__(self, worker: Worker, sql: Sql) -> None:
        self._worker = worker
        self._sql: Sql = sql

    async def report(self, key: int, reports: Sequence[CaseReport]) -> list[StoredItem]:
        """Owe the results of cases, durable, and remember them; for `Outbox.owed`.

        Nothing is owed, and nothing returned, once the job has ended.
        """
        return await self._worker.transact(queries.report, self._sql, key, reports)

    async def reported(self, key: int) -> dict[str, str]:
        """Return what each case of this job was reported as, by case_id."""
        return await self._worker.submit(self._sql.run, queries.reported, self._sql, key)

    async def when_group_free(self, record: JobRecord, then: Callable[[], None]) -> bool:
        """Do `then` unless another job of the same group and work dir is not removed yet.

        Both in one step: no job is accepted meanwhile. Return whether it was done.
        """
        return await self._worker.submit(self._when_group_free, record, then)

    async def spend(self, key: int, count: int) -> None:
        """So many more bytes of this job's log are about to go, durable."""
        await self._worker.transact(queries.spend, self._sql, key, count)

    def _when_group_free(self, record: JobRecord, then: Callable[[], None]) -> bool:
        kept = bool(self._sql.run(queries.group_kept, self._sql, record))
        if not kept:
            then()
        return not kept
