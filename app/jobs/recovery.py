"""What an agent that died left unfinished: ended, swept, reported as interrupted, never rerun."""

import logging
from collections.abc import Sequence

from app.errors import JournalError
from app.host.containment import Mark, Proc, sweep_after_crash
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.ending import open_output, owed_unrun
from app.jobs.excerpt import HEAD, TAIL
from app.jobs.job import Outcome
from app.jobs.order import remembered_order
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
    try:
        swept = await _sweep(deps, [record for record in records if _ran(record)])
    except JournalError as why:
        log.warning(_("what earlier tasks left running cannot be ended: %s"), why)
        return list(records)
    for record in records:
        try:
            await _recover(deps, record, swept if _ran(record) else [])
        except JournalError as why:
            log.warning(_("the end of job %s cannot be stored: %s"), record.job_id, why)
            left.append(record)
    return left


async def _recover(deps: JobDeps, record: JobRecord, swept: list[Proc]) -> None:
    outcome = Outcome(JobState.INTERRUPTED, error=_reason(record), started=_ran(record))
    log.warning(_("job %s was not finished by an earlier agent"), record.job_id)
    order = remembered_order(record)
    reported = await deps.store.reported(record.key)
    _owed, words = owed_unrun(order, outcome, reported, deps.clock())
    length = await _last_words(deps, record, words, swept)
    text = await _excerpt(deps, record, length)
    owed, _words = owed_unrun(order, outcome, reported, deps.clock(), text)
    end = Finish(
        state=outcome.state,
        log_end=length,
        reports=owed.reports,
        items=owed.items,
        now=deps.clock(),
    )
    stored = await deps.store.finish(record.key, end)
    deps.outbox.finished(record.key, length, stored)


async def _excerpt(deps: JobDeps, record: JobRecord, length: int) -> str:
    try:
        return await deps.worker.submit(excerpt, record.log, length, HEAD, TAIL)
    except JournalError:
        return ""


def _ran(record: JobRecord) -> bool:
    return record.state is not JobState.QUEUED


def _reason(record: JobRecord) -> str:
    if not _ran(record):
        return _("The agent ended before this task started; it was not run.")
    return _("The agent ended while this task ran.")


async def _sweep(deps: JobDeps, records: Sequence[JobRecord]) -> list[Proc]:
    """End the processes that these jobs left, in one look at all that run.

    It blocks, so it is done on the journal's thread. Whose a process was is not known after.
    """
    marks = [Mark(one.marker, one.pid, one.pid_started, one.accepted_at) for one in records]
    swept = await deps.worker.submit(sweep_after_crash, marks)
    for process in swept:
        log.warning(_("ended what an earlier agent's tasks had left: %s"), process)
    return swept


async def _last_words(deps: JobDeps, record: JobRecord, words: str, swept: list[Proc]) -> int:
    """Mend the log, say in it what happened and return its length."""
    try:
        output = await open_output(deps, record)
    except JournalError as why:
        log.warning(_("the log of job %s cannot be continued: %s"), record.job_id, why)
        return 0
    if swept:
        text = _("Left behind by the tasks of the earlier agent, now ended: {names}")
        output.note(text.format(names=names_of(swept, deps.redactor.mask)), Kind.WARN)
    await output.end(words, Kind.WARN)
    await output.close()
    return output.length
