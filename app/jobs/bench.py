"""Where one job works: its log is open, its command runs here, nothing of it is left after."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from app.errors import JournalError
from app.host.console import written_script
from app.host.containment import Containment, clean_environment
from app.jobs.deps import JobDeps, JobLimits
from app.jobs.evidence import Evidence
from app.jobs.folder import NotRunnableError, Workplace
from app.jobs.job import Job, Outcome
from app.jobs.no_prompts import NO_PROMPTS
from app.jobs.output import Output
from app.jobs.process import Child, Stream
from app.jobs.supervision import Supervision
from app.redaction import Redactor
from app.state import JobState


class Bench:
    """One job's log, limits and child; made by the runner, `close` lets go of the child."""

    def __init__(
        self, job: Job, deps: JobDeps, output: Output, redactor: Redactor, place: Workplace
    ) -> None:
        self.job = job
        self.deps = deps
        self.output = output
        self.redactor = redactor
        self.place = place
        self.evidence = Evidence(place.own, output, wanted=deps.screenshots)
        self._script = written_script(place.argv, place.own)
        self.fed_at = 0.0  # loop time at which the command printed last
        self._clock = asyncio.get_running_loop().time
        self._child: Child | None = None

    @property
    def started(self) -> bool:
        """Whether the command ran."""
        return self._child is not None

    @property
    def limits(self) -> JobLimits:
        """What the job may take."""
        return self.deps.limits

    async def run(self, argv: Sequence[str], cwd: Path, extra: Mapping[str, str]) -> Outcome:
        """Run the job's command to the end of its whole tree; once.

        Raises StartError or NotRunnableError when it cannot be started.
        """
        self._script = written_script(argv, self.place.own)
        containment = Containment(self.job.record.marker)
        began = self._clock()
        self._child = child = await self._start(argv, cwd, extra, containment)
        self.move(JobState.RUNNING)
        supervision = Supervision(self, child, containment, began)
        try:
            return await supervision.outcome()
        except BaseException:
            await child.close()  # no process outlives a job that failed inside the agent
            raise

    async def close(self) -> None:
        """Let go of the child and of the file with its command; safe to repeat."""
        if self._child is not None:
            await self._child.close()
        if self._script is not None:  # the command may hold secrets
            with suppress(JournalError):  # the folder's retention takes what stays
                await self.deps.worker.submit(partial(self._script.unlink, missing_ok=True))

    def move(self, to: JobState) -> None:
        """Change the job's state and let the faces know."""
        self.job.move(to, self.deps.clock())
        self.deps.on_change()

    def stopping(self) -> None:
        """Note that the job is about to be ended."""
        self.move(JobState.STOPPING)
        self.deps.store.moved(self.job.record.key, JobState.STOPPING)

    async def _start(
        self, argv: Sequence[str], cwd: Path, extra: Mapping[str, str], containment: Containment
    ) -> Child:
        try:
            env = clean_environment({**NO_PROMPTS, **extra}, self.job.record.marker)
            child = await Child.start(argv, cwd, env, containment, self._feed)
        except ValueError as why:
            containment.close()
            raise NotRunnableError(str(why)) from why
        except BaseException:
            containment.close()
            raise
        self.output.attach(child)
        self.deps.store.started(self.job.record.key, child.pid, child.started)
        return child

    def _feed(self, stream: Stream, data: bytes) -> None:
        self.fed_at = self._clock()
        self.output.feed(stream, data)
