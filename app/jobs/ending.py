"""The end of a job: its last words in the log, its durable result, what is owed for it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from app.errors import JournalError
from app.i18n import _
from app.jobs.ceiling import Ceiling
from app.jobs.closing import case_reports, cases_unrun, suite_items, suite_words, task_items
from app.jobs.deps import JobDeps
from app.jobs.job import Job, Outcome
from app.jobs.order import Order
from app.jobs.output import Output, Sink
from app.jobs.results.items import Verdict
from app.journal.joblog import JobLog
from app.journal.lines import Kind
from app.journal.records import CaseReport, Finish, JobKind, JobRecord, OwedItem
from app.redaction import Redactor
from app.state import JobState

log = logging.getLogger(__name__)

BAD = {verdict.value for verdict in Verdict if verdict.bad}
RETRY_AFTER = 1.0  # seconds until a result that the journal did not take is offered again


async def open_output(deps: JobDeps, record: JobRecord) -> Output:
    """Go on with the log of a job; raises JournalError."""
    joblog = await JobLog.reopen(deps.worker, record.log)
    return output_to(deps, record, joblog, deps.redactor)


def output_to(deps: JobDeps, record: JobRecord, joblog: JobLog, redactor: Redactor) -> Output:
    """Return the output of a job whose log is open; `redactor` knows its secrets."""
    sink = Sink(joblog, partial(deps.outbox.grew, record.key))
    ceiling = Ceiling(deps.limits.max_log_bytes)
    return Output(sink, deps.encodings, deps.clock, redactor=redactor, ceiling=ceiling)


@dataclass(frozen=True, slots=True)
class Owed:
    """What the platform gets for a job that has ended, in this order."""

    reports: Sequence[CaseReport]
    items: Sequence[OwedItem]


async def report_first(
    deps: JobDeps, job: Job, reports: Sequence[CaseReport]
) -> Sequence[CaseReport]:
    """Owe the last results of a suite before its last words; return what cannot be stored now.

    On the wire a line of the log follows each result: these words are some.
    """
    if not reports:
        return ()
    try:
        stored = await deps.store.report(job.record.key, reports)
    except JournalError as why:
        log.warning(_("results of job %s cannot be stored now: %s"), job.job_id, why)
        return reports
    deps.outbox.owed(job.record.key, stored)
    return ()


async def finish(
    deps: JobDeps, job: Job, state: JobState, owed: Owed, output: Output | None
) -> None:
    """Store the end of a job with what is owed for it, durably, and owe that to the platform.

    Tried again while the journal cannot be written, until the agent itself wants to stop.
    """
    # The last words may still be on their way to the disk: the log's length is taken there.
    end = Finish(
        state=state,
        log_end=None if output else 0,
        reports=owed.reports,
        items=owed.items,
        now=deps.clock(),
    )
    while True:
        try:
            stored = await deps.store.finish(job.record.key, end, job.record.log)
        except JournalError as why:
            log.warning(_("the result of job %s cannot be stored: %s"), job.job_id, why)
            if job.quitting:
                return
            await asyncio.sleep(RETRY_AFTER)
        else:
            deps.outbox.finished(job.record.key, await _settled(job, output), stored)
            return


async def _settled(job: Job, output: Output | None) -> int:
    """Return the log's length once nothing is under way; a bug must not hold up the result."""
    if output is None:
        return 0
    try:
        await output.settle()
    except Exception:
        log.exception(_("the end of the log of job %s could not be written"), job.job_id)
    return output.length


async def end_unstarted(deps: JobDeps, job: Job, outcome: Outcome, *, logged: bool) -> None:
    """End a job that never ran; `logged`: it has waited, its log says so too if it can."""
    owed, words = owed_unrun(job.order, outcome, {}, deps.clock())
    job.failed = sum(report.result in BAD for report in owed.reports)
    left = await report_first(deps, job, owed.reports)
    output = await _say(deps, job.record, words) if logged else None
    await finish(deps, job, outcome.state, Owed(left, owed.items), output)
    if output is not None:
        await output.close()


async def _say(deps: JobDeps, record: JobRecord, words: str) -> Output | None:
    output = None
    try:
        output = await open_output(deps, record)
        await output.end(words, Kind.WARN)
    except JournalError as why:
        log.warning(_("the log of job %s cannot be written: %s"), record.job_id, why)
    return output


def owed_unrun(
    order: Order, outcome: Outcome, reported: Mapping[str, str], now: float, output: str = ""
) -> tuple[Owed, str]:
    """Return what is owed for an order that will not run (any more), and its last words.

    `reported`: the results of cases that the platform has been told already; `output`: what
    it had printed.
    """
    if order.kind is not JobKind.SUITE:
        return Owed((), task_items(order.job_id, outcome, output, now)), last_words(outcome)
    details = order.details
    cases = cases_unrun(details, outcome, reported)
    items = suite_items(details, outcome, cases, now)
    return Owed(case_reports(details, cases.results), items), suite_words(outcome, cases)


def last_words(outcome: Outcome) -> str:
    """Return the last line of a job's log (protocol.md 10)."""
    text = _("Task ended: {status}, exit code {code}, {duration:.3f} s. {reason}")
    return text.format(
        status=outcome.status,
        code=outcome.exit_code,
        duration=outcome.duration,
        reason=outcome.error,
    ).rstrip()
