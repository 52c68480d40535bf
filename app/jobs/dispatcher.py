"""How many jobs run at once; the queue; cancel by id; orderly stop."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from app.errors import WorkDirError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.acceptance import Acceptance
from app.jobs.deps import JobDeps
from app.jobs.ended import EndedJobs
from app.jobs.ending import end_unstarted
from app.jobs.job import CANCELLED_TEXT, Job, Outcome, not_started
from app.jobs.notices import Notices
from app.jobs.order import Order
from app.jobs.ready import Ready, make_ready
from app.jobs.recovery import recover
from app.jobs.runner import Runner
from app.jobs.waiting import WaitingLine
from app.jobs.work import Work
from app.jobs.works import work_of
from app.journal.records import JobKind, JobRecord, Target
from app.protocol.messages import Level
from app.state import EndedJob, JobState, JobView

log = logging.getLogger(__name__)

CLOSE_AFTER = 0.003  # seconds: the result's frame goes before letting go of pipes and log
QUEUE_LIMIT = 1_000  # jobs that may wait; more are answered with an error


class Dispatcher:
    """Accepts jobs durably, runs `max_concurrent` of them at once, the rest in order.

    Everything is answered: an accepted job with one result, anything else with a remark.
    """

    def __init__(self, deps: JobDeps, max_concurrent: int) -> None:
        self._deps = deps
        self._acceptance = Acceptance(deps)
        self._line = WaitingLine(max_concurrent)
        self._notices = Notices(deps, self._line)
        self._jobs: dict[tuple[Target, str], Job] = {}  # not ended, in order of acceptance
        self._past = EndedJobs()
        self._tasks: asyncio.TaskGroup | None = None
        self._order = asyncio.Lock()  # one message is dealt with after the other
        self._stopping = False
        self._empty = asyncio.Event()  # no job left
        self._empty.set()
        self._stopped = asyncio.Event()

    @property
    def busy(self) -> bool:
        """True while a job waits or runs."""
        return bool(self._jobs)

    @property
    def running(self) -> bool:
        """True while a job runs or is being made ready."""
        return self._line.taken > 0

    def views(self) -> tuple[JobView, ...]:
        """Return the jobs that have not ended, oldest first."""
        return tuple(job.view for job in self._jobs.values() if not job.state.ended)

    def ended(self) -> tuple[EndedJob, ...]:
        """Return the last jobs that have ended since the start, oldest first."""
        return self._past.jobs

    def use_work_dir(self, work_dir: WorkDir | WorkDirError) -> None:
        """Take the folder for jobs accepted from now on; an error is the answer to each."""
        self._acceptance.work_dir = work_dir

    def adopt(self, change: Callable[[JobDeps], JobDeps], max_concurrent: int) -> None:
        """Take over changed settings; jobs that have begun keep those they began with."""
        self._deps = change(self._deps)
        self._line.offer(max_concurrent)
        if self._tasks is not None and not self._stopping:
            self._start_next()

    async def recover(self, records: Sequence[JobRecord]) -> list[JobRecord]:
        """Report what an earlier agent left unfinished; after `Outbox.load`.

        Returns those whose end cannot be stored yet: offer them again.
        """
        known = [record for record in records if record.kind is not JobKind.UNKNOWN]
        return await recover(self._deps, known)

    async def run(self) -> None:
        """Own the tasks of the jobs; ends after `stop`, when the last job has ended."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._start_next()
            await self._stopped.wait()

    async def assign(self, order: Order, target: Target) -> None:
        """Accept an order durably and start or queue it; what is known is not run again.

        JournalError when a suite cannot be stored: offer it again.
        """
        async with self._order:
            refusal = self._refusal()
            if refusal is None:
                await self._take(order, target)
            else:
                await self._answer(order, target, refusal)

    async def refuse(self, order: Order, why: str, target: Target) -> None:
        """Answer an order that cannot be run with a result that says why; as `assign`."""
        async with self._order:
            await self._answer(order, target, Outcome(JobState.ERROR, error=why))

    async def cancel(self, order: Order, target: Target) -> None:
        """End a job that waits or runs; say so when there is nothing to end.

        An execution of a suite that is not known is completed as cancelled: else the platform
        would dispatch nothing more (protocol.md 3.5).
        """
        async with self._order:
            job = self._jobs.get((target, order.job_id))
            if job is not None:
                await self._cancel(job)
            elif order.kind is JobKind.SUITE:
                await self._answer(order, target, Outcome(JobState.CANCELLED, error=CANCELLED_TEXT))
            else:
                await self._acceptance.nothing_to_cancel(order, target)

    async def cancel_group(self, group: str, target: Target) -> None:
        """End all executions of a suite that wait or run."""
        async with self._order:
            found = [job for job in self._jobs.values() if job.order.group == group]
            for job in [job for job in found if job.record.target == target]:
                await self._cancel(job)
            if not found:
                log.info(_("cancel of suite %s: nothing of it runs here"), group)

    async def cancel_here(self, job_id: str) -> bool:
        """End what waits or runs under this id, as this computer's user wants it.

        False when there is no such job, or it is ending already.
        """
        async with self._order:
            alike = (job for job in self._jobs.values() if job.job_id == job_id)
            job = next((job for job in alike if job.stop_wanted is None and not job.over), None)
            if job is None or job.state.ended:
                return False
            job.cancelled_here = True
            await self._cancel(job)
        return True

    def pause(self) -> None:
        """Let what runs go on and start nothing new."""
        self._line.paused = True

    def resume(self) -> None:
        """Start again what waits, in order."""
        self._line.paused = False
        self._start_next()

    async def tell_waiting(self) -> None:
        """Say in the log of each job that waits what it waits for now: that has changed."""
        async with self._order:
            await self._notices.repeat()

    async def stop(self, grace: float) -> None:
        """End all jobs as INTERRUPTED, running ones within `grace` seconds; returns when done.

        May be called again meanwhile: a shorter grace then counts at once.
        """
        for job in self._jobs.values():
            job.stop(JobState.INTERRUPTED, grace)
        await self.close_queue()
        await self._empty.wait()
        self._stopped.set()

    async def close_queue(self) -> None:
        """Start nothing more: what waits, and whatever still comes, is INTERRUPTED."""
        self._stopping = True
        async with self._order:
            waiting = self._line.clear()
        for job in waiting:
            await self._end_unstarted(job, not_started())

    # ------------------------------------------------------------------------- accepting

    def _refusal(self) -> Outcome | None:
        """Return how every order ends now; None when orders are taken."""
        if self._stopping:
            return not_started()
        return self._acceptance.refusal(len(self._line), QUEUE_LIMIT)

    async def _take(self, order: Order, target: Target) -> None:
        """Accept a job and give it a place or a number in the queue."""
        if self._tasks is not None and self._line.take_place(order, target):
            await self._take_now(order, target)
        else:
            await self._take_later(order, target)
        self._start_next()

    async def _take_now(self, order: Order, target: Target) -> None:
        """Accept as RUNNING, folder and log on the way: no second trip before the start."""
        work = work_of(order)
        making = partial(make_ready, self._deps.worker, work, new=True)
        accepted = None
        try:
            accepted = await self._acceptance.accept(order, target, JobState.RUNNING, making)
        finally:
            if accepted is None:
                self._line.leave_place(order, target)
        if accepted is not None:
            self._start(self._add(order, accepted[0], JobState.PREPARING), work, accepted[1])

    async def _take_later(self, order: Order, target: Target) -> None:
        """Accept as QUEUED; the job's own log says that it waits, and for what."""
        saying = self._notices.first(order, target)
        accepted = await self._acceptance.accept(order, target, JobState.QUEUED, saying)
        if accepted is not None:
            record, said = accepted
            self._line.add(self._add(order, record, JobState.QUEUED))
            self._deps.outbox.grew(record.key, len(said), said)
            self._deps.on_change()

    def _add(self, order: Order, record: JobRecord, state: JobState) -> Job:
        job = Job(order, record, state)
        self._jobs[record.target, record.job_id] = job
        self._empty.clear()
        return job

    async def _cancel(self, job: Job) -> None:
        if job in self._line:
            self._line.remove(job)
            await self._end_unstarted(job, Outcome(JobState.CANCELLED, error=CANCELLED_TEXT))
        elif job.over or job.stop_wanted is not None:
            text = _("Nothing to cancel: the task is just ending, its result follows.")
            self._acceptance.remark(job.order, Level.WARNING, text)
        else:
            job.stop(JobState.CANCELLED, self._deps.limits.grace)

    # --------------------------------------------------------------------------- running

    def _start_next(self) -> None:
        for job in self._line.starting() if self._tasks is not None else ():
            job.move(JobState.PREPARING, self._deps.clock())
            self._start(job, work_of(job.order))

    def _start(self, job: Job, work: Work, ready: Ready | None = None) -> None:
        assert self._tasks is not None  # noqa: S101 (for the type checker; checked by the callers)
        self._tasks.create_task(self._run(job, work, ready), name=f"job {job.job_id}")
        self._deps.on_change()  # behind its first step: faces can wait, the start of a job not

    async def _run(self, job: Job, work: Work, ready: Ready | None) -> None:
        runner = Runner(job, work, self._deps, ready)
        try:
            await self._run_to_result(runner, job)
            await asyncio.sleep(CLOSE_AFTER)
        finally:  # also when the agent ends in this very moment
            await runner.close()

    async def _run_to_result(self, runner: Runner, job: Job) -> None:
        try:
            await runner.run()
        finally:
            self._line.leave_place(job.order, job.record.target)
            self._remove(job)
        self._start_next()

    def _remove(self, job: Job) -> None:
        del self._jobs[job.record.target, job.job_id]
        self._past.add(job)
        if not self._jobs:
            self._empty.set()
        self._deps.on_change()

    async def _answer(self, order: Order, target: Target, outcome: Outcome) -> None:
        """Accept a job and end it at once with `outcome`."""
        accepted = await self._acceptance.accept(
            order, target, JobState.QUEUED, lambda _record: None
        )
        if accepted is not None:
            job = self._add(order, accepted[0], JobState.QUEUED)
            await self._end_unstarted(job, outcome, logged=False)

    async def _end_unstarted(self, job: Job, outcome: Outcome, *, logged: bool = True) -> None:
        """Let the durable end of a job that never ran hold up nobody."""
        job.move(outcome.state, self._deps.clock())
        ending = end_unstarted(self._deps, job, outcome, logged=logged)
        if self._stopping or self._tasks is None:
            await self._ended(job, ending)
        else:
            self._tasks.create_task(self._ended(job, ending), name=f"job {job.job_id}")

    async def _ended(self, job: Job, ending: Coroutine[Any, Any, None]) -> None:
        try:
            await ending
        finally:
            self._remove(job)
