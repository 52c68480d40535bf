"""Taking an order durably: what is known already is not run again, what cannot be is answered."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from app.errors import JournalError, WorkDirError
from app.host.containment import new_marker
from app.host.paths import WorkDir, safe_name
from app.i18n import _
from app.jobs.closing import task_items
from app.jobs.deps import JobDeps
from app.jobs.job import Outcome
from app.jobs.order import Order
from app.jobs.ready import unmake
from app.jobs.works import title_of
from app.journal.records import TITLE, JobKind, JobRecord, NewJob, Target
from app.protocol.messages import Level
from app.state import JobState

log = logging.getLogger(__name__)

T = TypeVar("T")


class Acceptance:
    """Stores orders before anything is done about them."""

    def __init__(self, deps: JobDeps) -> None:
        self._deps = deps
        self.work_dir: WorkDir | WorkDirError | None = None  # an error is the answer to each

    async def accept(
        self, order: Order, target: Target, state: JobState, then: Callable[[JobRecord], T]
    ) -> tuple[JobRecord, T] | None:
        """Store the order durably; None when it is known, or answered because it cannot be kept.

        `then` follows on the journal's thread, in the same trip. A suite that cannot be stored
        raises JournalError: without its completion it would hold its place on the platform for
        ever (protocol.md 0.3), so it has to be offered again.
        """
        try:
            accepted = await self._deps.store.accept_and(
                self._new(order, target, state), then, unmake
            )
        except JournalError as why:
            if order.kind is JobKind.SUITE:
                raise
            self._reject(order, _("Task not accepted: {why}").format(why=why))
            return None
        if accepted is None:
            text = _("Not run a second time: {what}")
            what = await self.about(order.job_id, target)
            self.remark(order, Level.WARNING, text.format(what=what))
            return None
        self._deps.outbox.open(accepted[0])
        return accepted

    async def about(self, job_id: str, target: Target) -> str:
        """Say what is known of a job."""
        try:
            record = await self._deps.store.find(target, job_id)
        except JournalError as why:
            return str(why)
        if record is None:
            return _("task {job_id} is not known here.").format(job_id=job_id)
        if record.state.ended:
            text = _("task {job_id} has ended as: {state}.")
        else:
            text = _("task {job_id} has not ended, it is: {state}.")
        return text.format(job_id=job_id, state=record.state.value)

    async def nothing_to_cancel(self, order: Order, target: Target) -> None:
        """Say that there is no such job to end."""
        text = _("Nothing to cancel: {what}")
        what = await self.about(order.job_id, target)
        self.remark(order, Level.WARNING, text.format(what=what))

    def refusal(self, waiting: int, limit: int) -> Outcome | None:
        """Return how every order ends now, with so many waiting; None when orders are taken."""
        if isinstance(self.work_dir, WorkDirError):
            return Outcome(JobState.ERROR, error=str(self.work_dir))
        if waiting >= limit:
            text = _("Too many tasks wait already ({count}).").format(count=limit)
            return Outcome(JobState.ERROR, error=text)
        return None

    def remark(self, order: Order, level: Level, text: str) -> None:
        """Say something that is in no log: to the platform only for tasks.

        A log line of a suite would change what the platform shows of it (protocol.md 7.4).
        """
        log.warning(_("job %s: %s"), order.job_id, text)
        if order.kind is JobKind.TASK:
            self._deps.remark(order.job_id, level, text)

    def _new(self, order: Order, target: Target, state: JobState) -> NewJob:
        title = title_of(order, self._deps.redactor)
        details = {TITLE: title, **order.details} if title else order.details  # history: the first
        return NewJob(
            target=target,
            kind=order.kind,
            job_id=order.job_id,
            name=safe_name(order.folder_name),
            state=state,
            marker=new_marker(),
            work_dir=self._root(),
            accepted_at=self._deps.clock(),
            details=details,
            group=order.group,
        )

    def _root(self) -> Path:
        if isinstance(self.work_dir, WorkDirError):
            return self.work_dir.path
        if self.work_dir is None:
            raise JournalError(_("The work folder is not known yet."))
        return self.work_dir.root

    def _reject(self, order: Order, why: str) -> None:
        """Answer a task that could not be stored; the answer lives no longer than the session."""
        outcome = Outcome(JobState.ERROR, error=why)
        self.remark(order, Level.ERROR, why)
        for item in task_items(order.job_id, outcome, "", self._deps.clock()):
            self._deps.answer(item)
