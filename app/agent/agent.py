"""The agent: its task group, its orderly start and stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.agent.files import FileService
from app.agent.intake import Intake
from app.agent.news import News
from app.agent.project import Around, Inside, project
from app.agent.requests import Helpers, Requests
from app.agent.upkeep import Upkeep
from app.agent.wishes import Wishes
from app.exit_codes import ExitCode
from app.host.facts import FactsSampler
from app.host.paths import safe_name
from app.i18n import _
from app.jobs.dispatcher import Dispatcher
from app.journal.journal import Journal
from app.journal.records import JobRecord, log_path
from app.link.keeper import Keeper
from app.state import Command, LinkState, Program, Request, Snapshot

log = logging.getLogger(__name__)

PUBLISH_EVERY = 0.1  # seconds between two snapshots at least: nobody looks faster
FLUSH_TIMEOUT = 5.0  # seconds for what is still owed; the rest goes out after the next start
RECOVER_EVERY = 5.0  # seconds until an end that could not be stored is offered again
LEAVE_TIMEOUT = 5.0  # seconds for the goodbye to the platform
JOBS_MARGIN = 5.0  # seconds beyond the grace until jobs must have ended


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """What the agent is made of; wiring.py joins them."""

    program: Program
    server_url: Callable[[], str]  # "" while the agent is not set up
    around: Callable[[], Around]
    headless: bool
    wishes: Wishes
    journal: Journal
    dispatcher: Dispatcher
    keeper: Keeper
    intake: Intake
    files: FileService
    upkeep: Upkeep
    sampler: FactsSampler
    publish: Callable[[Snapshot], None]
    news: News
    grace: float  # seconds that running jobs get to end
    own_work_dir: bool  # the user named one: it must be usable, or the agent ends
    clock: Callable[[], float]  # epoch seconds


class Agent:
    """Runs all long-lived parts; `run` ends after Quit, a refused token or a bug."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts
        self._exit_code: ExitCode | None = None
        self._unrecovered: list[JobRecord] = []
        self._leaving = False  # nothing waits any more; only running jobs are waited for
        self._requests = Requests(parts.keeper, parts.dispatcher, parts.wishes)
        self._beside: dict[str, Callable[[], Awaitable[None]]] = {}
        self._last = Snapshot()
        self._quit = asyncio.Event()
        self._hurry = asyncio.Event()

    def also(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` beside the other long-lived parts, to the end; before `run` only."""
        self._beside[name] = work

    def lend(self, helpers: Helpers) -> None:
        """Have `helpers` carry out what only they can; before `run` only."""
        self._requests.helpers = helpers

    def command(self, request: Request) -> None:
        """Take a request of a face; called inside the loop."""
        match request:
            case Command.QUIT if self._quit.is_set():
                log.warning(_("asked to quit again: jobs are ended at once"))
                self._hurry.set()
            case Command.QUIT:
                self._end(ExitCode.OK)
            case _:
                self._requests.take(request)
        self._parts.news.ring()

    def snapshot(self) -> Snapshot:
        """Return a picture of this moment; called inside the loop."""
        parts = self._parts
        intake = parts.intake
        inside = Inside(
            now=parts.clock(),
            program=parts.program,
            wanted=parts.keeper.wanted,
            paused=parts.wishes.paused,
            draining=self._requests.draining,
            link=parts.keeper.state,
            latency=parts.keeper.latency,
            link_problem=parts.keeper.problem,
            job_problem=intake.problem or parts.news.problem,
            server_url=parts.server_url(),
            around=parts.around(),
            ended=parts.dispatcher.ended(),
            newcomer=intake.newcomer,
            environment=intake.environment,
            work_dir=str(intake.work_dir),
            jobs=parts.dispatcher.views(),
            owed_bytes=parts.journal.outbox.owed_bytes(intake.target),
        )
        self._last = project(inside, self._last)
        return self._last

    async def job_log(self, job_id: str) -> Path | None:
        """Return where the log of a job is, None when nobody knows that job; as `snapshot`."""
        intake, store = self._parts.intake, self._parts.journal.store
        if intake.target is not None:
            record = await store.find(intake.target, job_id)
            return None if record is None else record.log
        # Before the first greeting nobody knows whose job it is: its usual name must do.
        name = safe_name(job_id.rpartition("/")[2])
        path = log_path(intake.work_dir, name)
        return path if await asyncio.to_thread(path.exists) else None

    async def run(self) -> int:
        """Start everything, run until the end is wanted, stop in order."""
        parts = self._parts
        self._requests.begin()
        async with asyncio.TaskGroup() as tasks:
            lasting = {
                name: tasks.create_task(self._guard(work, name), name=name)
                for name, work in self._lasting_parts()
            }
            if await self._ready():
                for name, work in (("link", parts.keeper.run), ("rest", self._recover_the_rest)):
                    lasting[name] = tasks.create_task(self._guard(work, name), name=name)
            await self._quit.wait()
            await self._stop_in_order(lasting)
        log.info(_("the agent ends (exit code %d)"), self._code)
        return self._code

    # ------------------------------------------------------------ start

    def _lasting_parts(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        parts = self._parts
        yield "jobs", parts.dispatcher.run
        yield "intake", parts.intake.run
        yield "upkeep", parts.upkeep.run
        yield "snapshots", self._publish_changes
        yield "refusals", self._watch_for_the_end
        yield "wishes", parts.wishes.run
        yield "requests", self._requests.run
        yield from self._beside.items()

    async def _ready(self) -> bool:
        """Prepare the work folder and take up what an earlier agent left."""
        error = await self._parts.intake.settle()
        self._parts.sampler.start()
        if error is not None and self._parts.own_work_dir:
            self._end(ExitCode.FOLDER)
            return False
        self._unrecovered = await self._parts.journal.store.unfinished()
        await self._recover()
        return True

    async def _recover(self) -> None:
        """Give what an earlier agent left unfinished its end, as far as the disk takes it."""
        self._unrecovered = await self._parts.dispatcher.recover(self._unrecovered)

    async def _recover_the_rest(self) -> None:
        while self._unrecovered:
            await asyncio.sleep(RECOVER_EVERY)
            await self._recover()

    async def _guard(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run a long-lived part; a bug in it ends the agent in order."""
        with self._bugs_end_the_agent(name):
            await work()

    @contextmanager
    def _bugs_end_the_agent(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            log.critical(_("part %r of the agent failed; please report this"), name, exc_info=True)
            self._end(ExitCode.BUG)

    # ------------------------------------------------------------ stop

    @property
    def _code(self) -> int:
        return ExitCode.OK if self._exit_code is None else self._exit_code

    def _end(self, code: ExitCode) -> None:
        """Want the end; the first reason gives the exit code."""
        if self._exit_code is None:
            self._exit_code = code
        self._quit.set()

    async def _stop_in_order(self, lasting: dict[str, asyncio.Task[None]]) -> None:
        parts = self._parts
        with self._bugs_end_the_agent("stop"):
            await self._stop_jobs()
            await self._flush()
        parts.keeper.stop()
        if "link" in lasting:
            await asyncio.wait({lasting["link"]}, timeout=LEAVE_TIMEOUT)
        for task in lasting.values():
            task.cancel()
        parts.files.stop()
        parts.sampler.stop()
        await parts.wishes.save()
        await parts.journal.close()

    async def _stop_jobs(self) -> None:
        grace = self._parts.grace
        if self._parts.dispatcher.busy:
            log.info(_("stopping: running jobs have %.0f s to end"), grace)
        async with asyncio.TaskGroup() as tasks:
            hurry = tasks.create_task(self._stop_jobs_at_once(), name="hurry")
            try:
                async with asyncio.timeout(grace + JOBS_MARGIN):
                    await self._parts.dispatcher.stop(grace)
            except TimeoutError:
                log.error(_("some jobs did not end in time"))  # noqa: TRY400 (no bug, no traceback)
            hurry.cancel()

    async def _stop_jobs_at_once(self) -> None:
        await self._hurry.wait()
        await self._parts.dispatcher.stop(0.0)

    async def _flush(self) -> None:
        """Give the platform what is still owed, within limits."""
        if self._parts.keeper.state is not LinkState.ONLINE or self._hurry.is_set():
            return
        async with asyncio.TaskGroup() as tasks:
            ends = [
                tasks.create_task(self._drained(), name="flush"),
                tasks.create_task(self._hurry.wait(), name="hurry"),
            ]
            await asyncio.wait(ends, timeout=FLUSH_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
        if not self._parts.journal.outbox.drained:
            log.info(_("not everything could be delivered; the rest follows after the next start"))

    async def _drained(self) -> None:
        """Wait until all is confirmed."""
        intake, outbox = self._parts.intake, self._parts.journal.outbox
        while not outbox.drained:
            intake.progress.clear()
            await intake.progress.wait()

    # ------------------------------------------------------------ snapshots

    async def _publish_changes(self) -> None:
        news = self._parts.news
        while True:
            await news.changed.wait()
            news.changed.clear()
            self._parts.publish(self.snapshot())
            await asyncio.sleep(PUBLISH_EVERY)

    async def _watch_for_the_end(self) -> None:
        """Leave when that is due; at once, before a waiting task can start."""
        news = self._parts.news
        while True:
            await news.turned.wait()
            news.turned.clear()
            await self._leave_when_idle()

    @property
    def _leaves_with(self) -> ExitCode | None:
        """The code to end with as soon as no job runs; None: the agent goes on.

        A refused token is such an end when no face is there to ask for a new one.
        """
        if self._requests.draining:
            return ExitCode.OK
        refused = self._parts.keeper.state is LinkState.REJECTED and self._parts.headless
        return ExitCode.TOKEN_REFUSED if refused else None

    async def _leave_when_idle(self) -> None:
        code = self._leaves_with
        if code is None:
            return
        if not self._parts.dispatcher.busy:
            self._end(code)
        elif not self._leaving:
            self._leaving = True
            log.warning(_("The running tasks may end, waiting ones are not started any more."))
            await self._parts.dispatcher.close_queue()
