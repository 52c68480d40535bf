"""How many jobs run at once; the queue; cancel by id; orderly stop."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from app.errors import JournalError, WorkDirError
from app.host.containment import new_marker
from app.host.paths import WorkDir, safe_name
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.ending import end_unstarted, finish
from app.jobs.job import CANCELLED_TEXT, Job, Outcome, not_started_text, result_item
from app.jobs.ready import Ready, make_ready, say_waiting, unmake
from app.jobs.recovery import recover
from app.jobs.runner import Runner
from app.journal.records import JobKind, JobRecord, NewJob, Target
from app.protocol.messages import BadJob, JobAssigned, Level
from app.state import JobState, JobView

log = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_AFTER = 0.003  # seconds: the result's frame goes before letting go of pipes and log
QUEUE_LIMIT = 1_000  # jobs that may wait; more are answered with an error


class Dispatcher:
    """Accepts jobs durably, runs `max_concurrent` of them at once, the rest in order.

    Everything is answered: an accepted job with one result, anything else with a remark.
    """

    def __init__(self, deps: JobDeps, max_concurrent: int) -> None:
        self._deps = deps
        self._free = max_concurrent
        self._work_dir: WorkDir | WorkDirError | None = None
        self._jobs: dict[tuple[Target, str], Job] = {}  # not ended, in order of acceptance
        self._queue: deque[Job] = deque()
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

    def views(self) -> tuple[JobView, ...]:
        """Return the jobs that have not ended, oldest first."""
        return tuple(job.view for job in self._jobs.values() if not job.state.ended)

    def use_work_dir(self, work_dir: WorkDir | WorkDirError) -> None:
        """Take the folder for jobs accepted from now on; an error is the answer to each."""
        self._work_dir = work_dir

    async def recover(self, records: Sequence[JobRecord]) -> list[JobRecord]:
        """Report what an earlier agent left unfinished; after `Outbox.load`.

        Returns those whose end cannot be stored yet: offer them again.
        """
        tasks = [record for record in records if record.kind is JobKind.TASK]
        return await recover(self._deps, tasks)

    async def run(self) -> None:
        """Own the tasks of the jobs; ends after `stop`, when the last job has ended."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            self._start_next()
            await self._stopped.wait()

    async def assign(self, assigned: JobAssigned, target: Target) -> None:
        """Accept a job durably and start or queue it; what is known already is not run again."""
        async with self._order:
            if self._stopping:
                outcome = Outcome(JobState.INTERRUPTED, error=not_started_text())
                await self._answer(assigned, target, outcome)
            elif isinstance(self._work_dir, WorkDirError):
                outcome = Outcome(JobState.ERROR, error=str(self._work_dir))
                await self._answer(assigned, target, outcome)
            elif len(self._queue) >= QUEUE_LIMIT:
                text = _("Too many tasks wait already ({count}).").format(count=QUEUE_LIMIT)
                await self._answer(assigned, target, Outcome(JobState.ERROR, error=text))
            else:
                await self._take(assigned, target)

    async def refuse(self, job: BadJob, target: Target) -> None:
        """Answer a job that cannot be run with a result that says why."""
        async with self._order:
            outcome = Outcome(JobState.ERROR, error=job.why)
            await self._answer(JobAssigned(job.job_id, ""), target, outcome)

    async def cancel(self, job_id: str, target: Target) -> None:
        """End a job that waits or runs; say so when there is nothing to end."""
        async with self._order:
            job = self._jobs.get((target, job_id))
            if job is None:
                text = _("Nothing to cancel: {what}")
                what = await self._about(job_id, target)
                self._deps.remark(job_id, Level.WARNING, text.format(what=what))
            elif job in self._queue:
                self._queue.remove(job)
                await self._end_unstarted(job, Outcome(JobState.CANCELLED, error=CANCELLED_TEXT))
            elif job.over or job.stop_wanted is not None:
                text = _("Nothing to cancel: the task is just ending, its result follows.")
                self._deps.remark(job_id, Level.WARNING, text)
            else:
                job.stop(JobState.CANCELLED, self._deps.limits.grace)

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
            waiting, self._queue = list(self._queue), deque()
        for job in waiting:
            outcome = Outcome(JobState.INTERRUPTED, error=not_started_text())
            await self._end_unstarted(job, outcome)

    # ------------------------------------------------------------------------- accepting

    async def _take(self, assigned: JobAssigned, target: Target) -> None:
        """Accept a job and give it a place or a number in the queue."""
        starts = self._free > 0 and not self._queue and self._tasks is not None
        self._free -= starts
        await (self._take_now(assigned, target) if starts else self._take_later(assigned, target))
        self._start_next()

    async def _take_now(self, assigned: JobAssigned, target: Target) -> None:
        """Accept as RUNNING, folder and log on the way: no second trip before the start."""
        making = partial(make_ready, self._deps.worker, assigned, new=True)
        accepted = await self._accept(assigned, target, JobState.RUNNING, making)
        if accepted is None:
            self._free += 1
        else:
            record, ready = accepted
            self._start(self._add(assigned, record, JobState.PREPARING), ready)

    async def _take_later(self, assigned: JobAssigned, target: Target) -> None:
        """Accept as QUEUED; the job's own log says that it waits, and for how many."""
        text = _("Waiting for a free place, number {place} in the queue.")
        text = text.format(place=len(self._queue) + 1)
        saying = partial(say_waiting, text, self._deps.clock())
        accepted = await self._accept(assigned, target, JobState.QUEUED, saying)
        if accepted is not None:
            record, said = accepted
            self._queue.append(self._add(assigned, record, JobState.QUEUED))
            self._deps.outbox.grew(record.key, len(said), said)

    async def _accept(
        self,
        assigned: JobAssigned,
        target: Target,
        state: JobState,
        then: Callable[[JobRecord], T],
    ) -> tuple[JobRecord, T] | None:
        """Store the job durably; None, with a remark, when it is known or cannot be stored.

        `then` follows on the journal's thread, in the same trip.
        """
        job_id = assigned.job_id
        root = _root_of(self._work_dir)
        if root is None:
            self._reject(job_id, _("Task not accepted: the work folder is not known yet."))
            return None
        new = NewJob(
            target=target,
            kind=JobKind.TASK,
            job_id=job_id,
            name=safe_name(job_id),
            state=state,
            marker=new_marker(),
            work_dir=root,
            accepted_at=self._deps.clock(),
        )
        try:
            accepted = await self._deps.store.accept_and(new, then, unmake)
        except JournalError as why:
            text = _("Task not accepted: {why}").format(why=why)
            self._reject(job_id, text)
            return None
        if accepted is None:
            text = _("Not run a second time: {what}")
            what = await self._about(job_id, target)
            self._deps.remark(job_id, Level.WARNING, text.format(what=what))
            return None
        self._deps.outbox.open(accepted[0])
        return accepted

    def _reject(self, job_id: str, why: str) -> None:
        """Answer a job that could not be stored; the answer lives no longer than the session."""
        log.error("job %s: %s", job_id, why)
        outcome = Outcome(JobState.ERROR, error=why)
        self._deps.remark(job_id, Level.ERROR, why)
        self._deps.answer(result_item(job_id, outcome, "", self._deps.clock()))

    def _add(self, assigned: JobAssigned, record: JobRecord, state: JobState) -> Job:
        job = Job(assigned, record, state)
        self._jobs[record.target, record.job_id] = job
        self._empty.clear()
        self._deps.on_change()
        return job

    async def _about(self, job_id: str, target: Target) -> str:
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

    # --------------------------------------------------------------------------- running

    def _start_next(self) -> None:
        while self._queue and self._free > 0 and self._tasks is not None:
            job = self._queue.popleft()
            self._free -= 1
            job.move(JobState.PREPARING, self._deps.clock())
            self._start(job)

    def _start(self, job: Job, ready: Ready | None = None) -> None:
        assert self._tasks is not None  # noqa: S101 (for the type checker; checked by the callers)
        self._tasks.create_task(self._run(job, ready), name=f"job {job.job_id}")

    async def _run(self, job: Job, ready: Ready | None) -> None:
        runner = Runner(job, self._deps, ready)
        try:
            await self._run_to_result(runner, job)
        finally:
            await asyncio.sleep(CLOSE_AFTER)
            await runner.close()

    async def _run_to_result(self, runner: Runner, job: Job) -> None:
        try:
            await runner.run()
        finally:
            self._free += 1
            self._remove(job)
        self._start_next()

    def _remove(self, job: Job) -> None:
        del self._jobs[job.record.target, job.job_id]
        if not self._jobs:
            self._empty.set()
        self._deps.on_change()

    async def _answer(self, assigned: JobAssigned, target: Target, outcome: Outcome) -> None:
        """Accept a job and end it at once with `outcome`."""
        accepted = await self._accept(assigned, target, JobState.QUEUED, lambda _record: None)
        if accepted is not None:
            job = self._add(assigned, accepted[0], JobState.QUEUED)
            await self._apart(job, finish(self._deps, job, outcome, None), outcome)

    async def _end_unstarted(self, job: Job, outcome: Outcome) -> None:
        await self._apart(job, end_unstarted(self._deps, job, outcome), outcome)

    async def _apart(self, job: Job, ending: Coroutine[Any, Any, None], outcome: Outcome) -> None:
        """Let the durable end of a job that never ran hold up nobody."""
        job.move(outcome.state, self._deps.clock())
        if self._stopping or self._tasks is None:
            await self._ended(job, ending)
        else:
            self._tasks.create_task(self._ended(job, ending), name=f"job {job.job_id}")

    async def _ended(self, job: Job, ending: Coroutine[Any, Any, None]) -> None:
        try:
            await ending
        finally:
            self._remove(job)


def _root_of(work_dir: WorkDir | WorkDirError | None) -> Path | None:
    if isinstance(work_dir, WorkDirError):
        return work_dir.path
    return work_dir.root if work_dir is not None else None
