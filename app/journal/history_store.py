"""The part of the store for people who look back. Every method may raise JournalError."""

from collections.abc import Sequence

from app.journal import history
from app.journal.records import JobRecord
from app.journal.suite_store import SuiteStore


class HistoryStore(SuiteStore):
    """Reads only; each question is a short one, however many jobs there are."""

    async def history(
        self, wanted: history.Wanted, before: int | None = None, limit: int = 100
    ) -> history.Page:
        """Return at most `limit` jobs, newest first, of those with keys below `before`."""
        jobs: list[history.PastJob] = []
        while True:
            asked = (wanted, before, limit - len(jobs))
            page = await self._worker.submit(self._sql.run, history.page, self._sql, *asked)
            jobs += page.jobs
            before = page.before
            if before is None or len(jobs) == limit:
                return history.Page(tuple(jobs), before)

    async def record(self, key: int) -> JobRecord | None:
        """Return a job by its key."""
        return await self._worker.submit(self._sql.run, history.record, self._sql, key)

    async def case_counts(self, keys: Sequence[int]) -> dict[int, dict[str, int]]:
        """Return how many cases of each of these jobs were reported as what, as far as any."""
        return await self._worker.submit(self._sql.run, history.case_counts, self._sql, keys)
