"""One job from assignment to result: folder, process, limits, cancel, output."""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from app.errors import AgentError, JournalError
from app.host.containment import Containment, clean_environment
from app.i18n import _
from app.jobs.deps import JobDeps
from app.jobs.ending import finish, last_words, output_to
from app.jobs.folder import NotRunnableError, Workplace
from app.jobs.job import Job, Outcome, first_line, not_started_text, stopped_outcome
from app.jobs.output import Output
from app.jobs.process import Child
from app.jobs.ready import Ready, make_ready
from app.jobs.supervision import Supervision
from app.journal.lines import Kind
from app.state import JobState

log = logging.getLogger(__name__)


class Runner:
    """Runs one job; made for one call of `run`, then `close`.

    `ready`: its folder and log, when they are there already; else `run` makes them.
    """

    def __init__(self, job: Job, deps: JobDeps, ready: Ready | None = None) -> None:
        self._job = job
        self._ready = ready
        self._deps = deps
        self._output: Output | None = None
        self._child: Child | None = None
        self._script: Path | None = None

    async def run(self) -> None:
        """Run the job to its durable result; never raises for a failing program."""
        outcome = await self._guarded()
        await finish(self._deps, self._job, outcome, self._output)
        await asyncio.sleep(0)  # the result's frame goes first
        self._move(outcome.state)

    async def close(self) -> None:
        """Let go of the child and the log, however `run` ended; the result waits for neither.

        A bug in it ends nothing else: the job is over.
        """
        try:
            await self._let_go()
        except Exception:
            log.exception("job %s was not put away properly", self._job.job_id)

    async def _let_go(self) -> None:
        if self._child is not None:
            await self._child.close()
        if self._output is not None:
            await self._output.close()
        if self._script is not None:  # the command may hold secrets
            with suppress(JournalError):  # the folder's retention takes what stays
                await self._deps.worker.submit(partial(self._script.unlink, missing_ok=True))

    async def _guarded(self) -> Outcome:
        """Return the outcome; a bug inside this job ends this job only."""
        try:
            return await self._logged()
        except Exception as bug:
            log.exception("job %s failed inside the agent", self._job.job_id)
            text = _("The agent failed on this task: {bug!r}. Its agent.log says more.")
            return Outcome(JobState.ERROR, error=text.format(bug=bug))

    async def _logged(self) -> Outcome:
        """Do the work and write the last line of the log."""
        try:
            outcome = await self._work()
        except AgentError as why:
            outcome = Outcome(JobState.ERROR, error=str(why))
        if self._output is not None:
            kind = Kind.NOTE if outcome.state is JobState.SUCCEEDED else Kind.WARN
            await self._output.end(last_words(outcome), kind)
        return outcome

    async def _work(self) -> Outcome:
        job = self._job
        workplace, output = await self._open()
        if job.stop_wanted is not None:
            return stopped_outcome(job.stop_wanted, None, 0.0, not_started_text())
        output.note(_("Task started: {line}").format(line=first_line(job.assigned.command)))
        output.note(_("Work dir: {path}").format(path=workplace.cwd))
        containment = Containment(job.record.marker)
        self._child = child = await self._start(workplace, output, containment)
        self._move(JobState.RUNNING)
        supervision = Supervision(job, child, containment, output)
        try:
            return await supervision.outcome(self._deps.limits, self._stopping)
        except BaseException:
            await child.close()  # no process outlives a job that failed inside the agent
            raise

    async def _open(self) -> tuple[Workplace, Output]:
        """Take folder and log, made with the acceptance or, for a job that waited, now."""
        ready = self._ready or await self._make_ready()
        if isinstance(ready.log, JournalError):
            raise ready.log
        self._output = output_to(self._deps, self._job.record, ready.log)
        if isinstance(ready.workplace, NotRunnableError):
            raise ready.workplace
        self._script = ready.workplace.script
        return ready.workplace, self._output

    async def _make_ready(self) -> Ready:
        """Make folder and log, and note durably that the job starts: one trip for both."""
        job, worker = self._job, self._deps.worker
        making = worker.submit(partial(make_ready, worker, job.assigned, job.record, new=False))
        await self._deps.store.starting(job.record.key)
        return await making

    async def _start(self, workplace: Workplace, output: Output, containment: Containment) -> Child:
        marker = self._job.record.marker
        try:
            env = clean_environment(dict(self._job.assigned.env_vars), marker)
            child = await Child.start(workplace.argv, workplace.cwd, env, containment, output.feed)
        except ValueError as why:
            containment.close()
            raise NotRunnableError(str(why)) from why
        except BaseException:
            containment.close()
            raise
        output.attach(child)
        self._deps.store.started(self._job.record.key, child.pid, child.started)
        return child

    def _stopping(self) -> None:
        self._move(JobState.STOPPING)
        self._deps.store.moved(self._job.record.key, JobState.STOPPING)

    def _move(self, to: JobState) -> None:
        self._job.move(to, self._deps.clock())
        self._deps.on_change()
