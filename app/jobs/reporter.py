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
from app.jobs.closing import case_report
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
        self.unstored: list[CaseReport] = []  # what the journal did not take: owed at the end

    async def watch(self) -> None:
        """Report cases as they end, until `stop`."""
        while not self._over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_EVERY):
                    await self._over.wait()
            await self._take(await asyncio.to_thread(self._collector.poll))

    def stop(self) -> None:
        """Let `watch` end: the command has."""
        self._over.set()

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

    async def say(self, results: Sequence[CaseResult]) -> None:
        """Write a line per case into the log, and take a screenshot of failed ones."""
        for result in results:
            name = self._book.code_of(result.case_id)
            self._bench.output.note(_line(name, result))
            if result.result.bad:
                await self._bench.evidence.take(name)

    async def _take(self, items: Sequence[TestItem]) -> None:
        if not items:
            return
        results = self.masked(self._with_output(self._book.take(items)))
        self._bench.output.mark_recent()
        if results:
            await self._owe(results)
            await self.say(results)  # right behind: these lines follow the results on the wire

    def _with_output(self, results: list[CaseResult]) -> list[CaseResult]:
        """Give a lone case without output of its own what was printed since the one before."""
        if len(results) != 1 or results[0].output:
            return results
        return [replace(results[0], output=self._bench.output.recent_tail())]

    async def _owe(self, results: list[CaseResult]) -> None:
        job, deps = self._bench.job, self._bench.deps
        found = [case_report(job.order.details, result) for result in results]
        reports = [report for report in found if report is not None]
        if not reports:
            return
        try:
            stored = await deps.store.report(job.record.key, reports)
        except JournalError as why:
            log.warning("results of job %s cannot be stored now: %s", job.job_id, why)
            self.unstored.extend(reports)
        else:
            deps.outbox.owed(job.record.key, stored)


def _line(name: str, result: CaseResult) -> str:
    took = "" if result.duration is None else f" ({result.duration:.2f} s)"
    return _("Case {name}: {result}").format(name=name, result=result.result.value) + took
