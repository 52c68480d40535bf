"""One job from its order to its result: log, secrets, work, last words, durable end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from app.errors import AgentError, JournalError
from app.i18n import _
from app.jobs.bench import Bench
from app.jobs.deps import JobDeps
from app.jobs.ending import Owed, finish, output_to, owed_unrun, report_first
from app.jobs.folder import NotRunnableError
from app.jobs.job import Job, Outcome, not_started_text, stopped_outcome
from app.jobs.output import Output
from app.jobs.ready import Ready, make_ready
from app.jobs.work import Work
from app.journal.lines import Kind
from app.journal.records import CaseReport, OwedItem
from app.state import JobState

log = logging.getLogger(__name__)


class Runner:
    """Runs one job; made for one call of `run`, then `close`.

    `ready`: its folder and log, when they are there already; else `run` makes them.
    """

    def __init__(self, job: Job, work: Work, deps: JobDeps, ready: Ready | None = None) -> None:
        self._job = job
        self._work = work
        self._deps = deps
        self._ready = ready
        self._redactor = deps.redactor.scope()
        self._output: Output | None = None
        self._bench: Bench | None = None
        work.secrets(self._redactor)

    async def run(self) -> None:
        """Run the job to its durable result; never raises for a failing program."""
        outcome = await self._guarded()
        outcome = replace(outcome, error=self._redactor.mask(outcome.error))
        left = await report_first(self._deps, self._job, self._reports(outcome))
        outcome = await self._last_words(outcome)
        owed = Owed(left, self._items(outcome))
        await finish(self._deps, self._job, outcome.state, owed, self._output)
        await asyncio.sleep(0)  # the result's frame goes first
        self._job.move(outcome.state, self._deps.clock())
        self._deps.on_change()

    async def close(self) -> None:
        """Let go of the child and the log, however `run` ended; the result waits for neither.

        A bug in it ends nothing else: the job is over.
        """
        try:
            await self._let_go()
        except Exception:
            log.exception(_("job %s was not put away properly"), self._job.job_id)
        finally:
            self._redactor.close()

    async def _let_go(self) -> None:
        if self._bench is not None:
            await self._bench.close()
        if self._output is not None:
            await self._output.close()

    async def _guarded(self) -> Outcome:
        """Return the outcome; a bug inside this job ends this job only."""
        try:
            return await self._perform()
        except AgentError as why:
            return Outcome(JobState.ERROR, error=str(why))
        except Exception as bug:  # noqa: BLE001 (logged there with its traceback)
            return self._failed_inside(bug)

    async def _last_words(self, outcome: Outcome) -> Outcome:
        """Write the last lines of the log."""
        if self._output is None:
            return outcome
        kind = Kind.NOTE if outcome.state is JobState.SUCCEEDED else Kind.WARN
        *lines, last = self._work.last_words(outcome)
        for line in lines:
            self._output.note(line)
        try:
            await self._output.end(last, kind)
        except Exception as bug:  # noqa: BLE001 (as in `_guarded`)
            return self._failed_inside(bug)
        return outcome

    def _reports(self, outcome: Outcome) -> Sequence[CaseReport]:
        try:
            return self._work.reports(outcome)
        except Exception as bug:  # noqa: BLE001 (as in `_guarded`)
            self._failed_inside(bug)
            return ()

    def _items(self, outcome: Outcome) -> Sequence[OwedItem]:
        """Return the end that is owed; even a bug there leaves nobody waiting for it."""
        printed = self._output.excerpt() if self._output else ""
        now = self._deps.clock()
        try:
            self._job.failed = self._work.failed(outcome)
            return self._work.items(outcome, printed, now)
        except Exception as bug:  # noqa: BLE001 (as in `_guarded`)
            owed, _words = owed_unrun(self._job.order, self._failed_inside(bug), {}, now)
            return owed.items

    def _failed_inside(self, bug: Exception) -> Outcome:
        log.error(_("job %s failed inside the agent"), self._job.job_id, exc_info=bug)
        cause = bug.exceptions[0] if isinstance(bug, ExceptionGroup) else bug
        text = _("The agent failed on this task: {bug!r}. Its agent.log says more.")
        error = self._redactor.mask(text.format(bug=cause))
        started = self._bench is not None and self._bench.started
        return Outcome(JobState.ERROR, error=error, started=started)

    async def _perform(self) -> Outcome:
        bench = await self._open()
        stop = self._job.stop_wanted
        if stop is not None:
            return stopped_outcome(stop, None, 0.0, not_started_text())
        return await self._work.perform(bench)

    async def _open(self) -> Bench:
        """Take folder and log, made with the acceptance or, for a job that waited, now."""
        ready = self._ready or await self._make_ready()
        if isinstance(ready.log, JournalError):  # the folder's trouble is the cause of both
            self._deps.on_folder_trouble()
            raise ready.workplace if isinstance(ready.workplace, NotRunnableError) else ready.log
        output = output_to(self._deps, self._job.record, ready.log, self._redactor)
        self._output = output
        if isinstance(ready.workplace, NotRunnableError):
            raise ready.workplace
        self._bench = Bench(self._job, self._deps, output, self._redactor, ready.workplace)
        return self._bench

    async def _make_ready(self) -> Ready:
        """Make folder and log, and note durably that the job starts: one trip for both."""
        job, worker = self._job, self._deps.worker
        making = worker.submit(partial(make_ready, worker, self._work, job.record, new=False))
        await self._deps.store.starting(job.record.key)
        return await making
