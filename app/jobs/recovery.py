"""What an agent that died left unfinished: ended, swept, reported as interrupted, never rerun."""

import logging
from collections.abc import Sequence

from app.errors import JournalError
from app.host.containment import Mark, Proc, sweep_after_crash
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.ending import last_words, open_output
from app.jobs.excerpt import HEAD, TAIL
from app.jobs.job import Outcome, result_item
from app.jobs.supervision import names_of
from app.journal.joblog import excerpt
from app.journal.lines import Kind
from app.journal.records import Finish, JobRecord
from app.state import JobState

log = logging.getLogger(__name__)


async def recover(deps: JobDeps, records: Sequence[JobRecord]) -> list[JobRecord]:
    """Give each of these unfinished jobs its end; before new work is taken.

    Returns those whose end cannot be stored now (full disk): to be offered again.
    """
    left = []
    for record in records:
        try:
            await _recover(deps, record)
        except JournalError as why:
            log.warning("the end of job %s cannot be stored: %s", record.job_id, why)
            left.append(record)
    return left


async def _recover(deps: JobDeps, record: JobRecord) -> None:
    outcome = Outcome(JobState.INTERRUPTED, error=_reason(record))
    log.warning("job %s was not finished by an earlier agent", record.job_id)
    swept = await _sweep(deps, record)
    length = await _last_words(deps, record, outcome, swept)
    try:
        text = await deps.worker.submit(excerpt, record.log, length, HEAD, TAIL)
    except JournalError:
        text = ""
    now = deps.clock()
    items = [result_item(record.job_id, outcome, text, now)]
    stored = await deps.store.finish(
        record.key, Finish(state=outcome.state, log_end=length, items=items, now=now)
    )
    deps.outbox.finished(record.key, length, stored)


def _reason(record: JobRecord) -> str:
    if record.state is JobState.QUEUED:
        return _("The agent ended before this task started; it was not run.")
    return _("The agent ended while this task ran.")


async def _sweep(deps: JobDeps, record: JobRecord) -> list[Proc]:
    """End the processes that the job left; blocking, so it runs on the journal's thread."""
    if record.state is JobState.QUEUED:
        return []
    mark = Mark(record.marker, record.pid, record.pid_started, record.accepted_at)
    swept = await deps.worker.submit(sweep_after_crash, [mark])
    for process in swept:
        log.warning("job %s: ended what it had left: %s", record.job_id, process)
    return swept


async def _last_words(deps: JobDeps, record: JobRecord, outcome: Outcome, swept: list[Proc]) -> int:
    """Mend the log, say in it what happened and return its length."""
    try:
        output = await open_output(deps, record, new=False)
    except JournalError as why:
        log.warning("the log of job %s cannot be continued: %s", record.job_id, why)
        return 0
    if swept:
        text = _("Left behind by the task, now ended: {names}")
        output.note(text.format(names=names_of(swept)), Kind.WARN)
    await output.end(last_words(outcome), Kind.WARN)
    await output.close()
    return output.length
