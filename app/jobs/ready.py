"""A job's folder and log, made on the journal's thread in one go with its acceptance."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import JournalError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.folder import NotRunnableError, Workplace
from app.jobs.work import Work
from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.journal.records import JobRecord
from app.journal.worker import Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a job needs before its process can start; an error stands for what cannot be had."""

    workplace: Workplace | NotRunnableError
    log: JobLog | JournalError


def make_ready(worker: Worker, work: Work, record: JobRecord, *, new: bool) -> Ready:
    """Make folder and log (`new`: an empty one); on the journal's thread, never raises."""
    return Ready(_workplace(work, record), _log(worker, record, new=new))


def say_waiting(text: str, now: float, record: JobRecord) -> bytes:
    """Begin the log of a job that waits with a remark; on the journal's thread, never raises.

    Returns what the log then holds: nothing when it cannot be written. It is synced when
    the job writes on.
    """
    said = LineWriter().write(text + "\n", Kind.NOTE, now)
    try:
        _begin(record.log, said)
    except OSError as why:
        log.warning(_("the log of job %s cannot be written: %s"), record.job_id, why)
        return b""
    return said


def say_still_waiting(text: str, now: float, path: Path) -> tuple[bytes, int]:
    """Add a remark to the log of a job that waits; on the journal's thread.

    Returns what was added and how long the log then is. OSError when it cannot be written.
    """
    said = LineWriter().write(text + "\n", Kind.NOTE, now)
    with path.open("ab") as log_file:
        log_file.write(said)
        log_file.flush()
        return said, log_file.tell()


def _begin(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def unmake(record: JobRecord, made: object) -> None:
    """Take the log away again, of a job that could not be stored (on the thread)."""
    if isinstance(made, Ready) and isinstance(made.log, JobLog):
        made.log.discard_here()
        return
    with suppress(OSError):  # whatever is there was made for it: a log that exists gives no name
        record.log.unlink(missing_ok=True)


def _workplace(work: Work, record: JobRecord) -> Workplace | NotRunnableError:
    try:
        return work.prepare(WorkDir(record.work_dir), record.name)
    except NotRunnableError as why:
        return why


def _log(worker: Worker, record: JobRecord, *, new: bool) -> JobLog | JournalError:
    opening = JobLog.create_here if new else JobLog.reopen_here
    try:
        return opening(worker, record.log)
    except OSError as why:
        text = _("The job's log {path} cannot be written: {why}.")
        error = JournalError(text.format(path=record.log, why=why.strerror or why))
        error.__cause__ = why
        return error
