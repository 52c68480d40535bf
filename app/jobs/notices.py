"""What the logs of waiting jobs say: for what each waits, and again when that changes."""

import asyncio
import logging
from functools import partial

from app.errors import JournalError
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.job import Job
from app.jobs.order import Order
from app.jobs.ready import say_still_waiting, say_waiting
from app.jobs.waiting import WaitingLine
from app.journal.records import Target

log = logging.getLogger(__name__)


class Notices:
    """Writes them; the platform gets them as any other line of the jobs' logs."""

    def __init__(self, deps: JobDeps, line: WaitingLine) -> None:
        self._deps = deps
        self._line = line

    def first(self, order: Order, target: Target) -> partial[bytes]:
        """Return what begins the log of an order that is about to wait, given its record."""
        behind = self._line.group_busy(order, target)
        return partial(say_waiting, self._why(len(self._line) + 1, behind), self._deps.clock())

    async def repeat(self) -> None:
        """Say in every waiting job's log what it waits for now."""
        saying = [
            (job, self._adding(job, self._why(place, behind)))
            for job, place, behind in self._line.outlook()
        ]
        for job, adding in saying:
            try:
                said, length = await adding
            except JournalError as why:
                log.warning(_("the log of job %s cannot be written: %s"), job.job_id, why)
            else:
                self._deps.outbox.grew(job.record.key, length, said)

    def _adding(self, job: Job, text: str) -> asyncio.Future[tuple[bytes, int]]:
        now, path = self._deps.clock(), job.record.log
        return self._deps.worker.submit(say_still_waiting, text, now, path)

    def _why(self, place: int, behind_its_group: bool) -> str:
        if self._line.paused:
            return _("This computer is paused; the task starts when it is resumed.")
        if behind_its_group:
            return _("Waiting for the execution of this suite before it to end.")
        text = _("Waiting for a free place, number {place} in the queue.")
        return text.format(place=place)
