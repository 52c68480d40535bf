"""The end of a job: its last words in the log, its durable result, what is owed for it."""

import asyncio
import logging
from functools import partial

from app.errors import JournalError
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.job import Job, Outcome, result_item
from app.jobs.output import Output, Sink
from app.journal.joblog import JobLog
from app.journal.lines import Kind
from app.journal.records import Finish, JobRecord

log = logging.getLogger(__name__)

RETRY_AFTER = 1.0  # seconds until a result that the journal did not take is offered again


async def open_output(deps: JobDeps, record: JobRecord) -> Output:
    """Go on with the log of a job; raises JournalError."""
    return output_to(deps, record, await JobLog.reopen(deps.worker, record.log))


def output_to(deps: JobDeps, record: JobRecord, joblog: JobLog) -> Output:
    """Return the output of a job whose log is open."""
    sink = Sink(joblog, partial(deps.outbox.grew, record.key))
    return Output(sink, deps.encodings, deps.clock)


async def finish(deps: JobDeps, job: Job, outcome: Outcome, output: Output | None) -> None:
    """Store the end of a job with its result, durably, and owe the result to the platform.

    Tried again while the journal cannot be written, until the agent itself wants to stop.
    """
    now = deps.clock()
    items = [result_item(job.job_id, outcome, output.excerpt() if output else "", now)]
    # The last words may still be on their way to the disk: the log's length is taken there.
    end = Finish(state=outcome.state, log_end=None if output else 0, items=items, now=now)
    while True:
        try:
            stored = await deps.store.finish(job.record.key, end, job.record.log)
        except JournalError as why:
            log.warning("the result of job %s cannot be stored: %s", job.job_id, why)
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
        log.exception("the end of the log of job %s could not be written", job.job_id)
    return output.length


async def end_unstarted(deps: JobDeps, job: Job, outcome: Outcome) -> None:
    """End a job that was waiting: its log says so too, if it can be written."""
    output = None
    try:
        output = await open_output(deps, job.record)
        await output.end(last_words(outcome), Kind.WARN)
    except JournalError as why:
        log.warning("the log of job %s cannot be written: %s", job.job_id, why)
    await finish(deps, job, outcome, output)
    if output is not None:
        await output.close()


def last_words(outcome: Outcome) -> str:
    """Return the last line of a job's log (protocol.md 10)."""
    text = _("Task ended: {status}, exit code {code}, {duration:.3f} s. {reason}")
    return text.format(
        status=outcome.status,
        code=outcome.exit_code,
        duration=outcome.duration,
        reason=outcome.error,
    ).rstrip()
