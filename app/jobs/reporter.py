"""The results of one execution on their way: found in files, owed durably, a line in the log."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from app.errors import JournalError
from app.i18n import _
from app.jobs.bench import Bench
from app.jobs.cases import CaseBook, CaseResult
from app.jobs.closing import case_line, case_reports
from app.jobs.collector import Collector
from app.jobs.results.findings import Findings
from app.jobs.results.items import TestItem
from app.journal.records import CaseReport

log = logging.getLogger(__name__)

POLL_EVERY = 0.25  # seconds between two looks at the result files


class Reporter:
    """Reports the cases of one execution while its command runs."""

    def __init__(self, bench: Bench, book: CaseBook, collector: Collector) -> None:
        self._bench = bench
        self._book = book
        self._collector = collector
        self._over = asyncio.Event()
        self._failed: asyncio.Queue[str] = asyncio.Queue()  # cases to take a picture of
        self.unstored: list[CaseReport] = []  # what the journal did not take: owed at the end

    async def watch(self) -> None:
        """Report cases as they end, until `stop`."""
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_EVERY):
                    await self._over.wait()
            await self._take(await asyncio.to_thread(self._collector.poll))

    async def photograph(self) -> None:
        """Take a screenshot of each case that fails, until `stop`; results do not wait for it."""
        while name := await self._failed.get():
            await self._bench.evidence.take(name)
            if self._over.is_set():
                return  # what there was to see has ended

    def stop(self) -> None:
        """Let `watch` and `photograph` end: the command has."""
        self._over.set()
        self._failed.put_nowait("")

    async def finish(self) -> Findings:
        """Take what the files say in the end; the last outstanding case is still held back."""
        findings = await asyncio.to_thread(self._collector.finish)
        await self._take(findings.items)
        return findings

    def masked(self, results: Sequence[CaseResult]) -> list[CaseResult]:
        """Return results without secrets."""
        mask = self._bench.redactor.mask
        return [
            replace(result, message=mask(result.message), output=mask(result.output))
            for result in results
        ]

    async def _take(self, items: Sequence[TestItem]) -> None:
        if not items:
            return
        alone = len(items) == 1  # what was printed since the one before is its output
        printed = self._bench.output.recent_tail() if alone else ""
        self._bench.output.mark_recent()
        results, lines = await asyncio.to_thread(self._judged, items, printed)
        if results:
            await self._owe(results)
            # Right behind: these lines follow the results on the wire.
            self._bench.output.note("\n".join(lines))
        for item in items:
            if item.result.bad:
                self._failed.put_nowait(self._book.name_of(item))

    def _judged(
        self, items: Sequence[TestItem], printed: str
    ) -> tuple[list[CaseResult], list[str]]:
        """Return what may be reported now, and a line for each; thousands take their time."""
        taken = self._book.take(replace(item, output=item.output or printed) for item in items)
        results = self.masked(taken)
        return results, [case_line(self._book.code_of(one.case_id), one) for one in results]

    async def _owe(self, results: list[CaseResult]) -> None:
        job, deps = self._bench.job, self._bench.deps
        details = job.order.details
        reports = await asyncio.to_thread(case_reports, details, results)
        if not reports:
            return
        try:
            stored = await deps.store.report(job.record.key, reports)
        except JournalError as why:
            log.warning(_("results of job %s cannot be stored now: %s"), job.job_id, why)
            self.unstored.extend(reports)
        else:
            deps.outbox.owed(job.record.key, stored)
