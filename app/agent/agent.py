"""The agent: its task group, its orderly start and stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.agent.files import FileService
from app.agent.intake import Intake
from app.agent.news import News
from app.agent.project import Inside, project
from app.agent.upkeep import Upkeep
from app.exit_codes import ExitCode
from app.host.facts import FactsSampler
from app.i18n import _
from app.jobs.dispatcher import Dispatcher
from app.journal.journal import Journal
from app.journal.records import JobRecord
from app.link.keeper import Keeper
from app.state import Command, LinkState, Snapshot

log = logging.getLogger(__name__)

PUBLISH_EVERY = 0.1  # seconds between two snapshots at least: nobody looks faster
FLUSH_TIMEOUT = 5.0  # seconds for what is still owed; the rest goes out after the next start
RECOVER_EVERY = 5.0  # seconds until an end that could not be stored is offered again
LEAVE_TIMEOUT = 5.0  # seconds for the goodbye to the platform
JOBS_MARGIN = 5.0  # seconds beyond the grace until jobs must have ended


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParts:
    """What the agent is made of; wiring.py joins them."""

    server_url: str
    headless: bool
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


class Agent:
    """Runs all long-lived parts; `run` ends after Quit, a refused token or a bug."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts
        self._exit_code: ExitCode | None = None
        self._unrecovered: list[JobRecord] = []
        self._leaving = False  # the token is dead; only running jobs are waited for
        self._quit = asyncio.Event()
        self._hurry = asyncio.Event()

    def command(self, command: Command) -> None:
        """Take a command of a face; called inside the loop."""
        match command:
            case Command.CONNECT:
                self._parts.keeper.connect()
            case Command.DISCONNECT:
                self._parts.keeper.disconnect()
            case Command.QUIT if self._quit.is_set():
                log.warning(_("asked to quit again: jobs are ended at once"))
                self._hurry.set()
            case Command.QUIT:
                self._end(ExitCode.OK)
        self._parts.news.ring()

    async def run(self) -> int:
        """Start everything, run until the end is wanted, stop in order."""
        parts = self._parts
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
        yield "refusals", self._watch_for_refusal

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
            log.critical("part %r of the agent failed; please report this", name, exc_info=True)
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
            self._publish()
            await asyncio.sleep(PUBLISH_EVERY)

    async def _watch_for_refusal(self) -> None:
        """Leave once the token is dead; at once, before a waiting task can start."""
        news = self._parts.news
        while True:
            await news.turned.wait()
            news.turned.clear()
            await self._leave_when_refused()

    async def _leave_when_refused(self) -> None:
        """End once the token is dead, no face is there to ask for a new one and no job runs."""
        parts = self._parts
        if parts.keeper.state is not LinkState.REJECTED or not parts.headless:
            return
        if not parts.dispatcher.busy:
            self._end(ExitCode.TOKEN_REFUSED)
        elif not self._leaving:
            self._leaving = True
            log.warning(_("The running tasks may end, waiting ones are not started any more."))
            await parts.dispatcher.close_queue()

    def _publish(self) -> None:
        parts = self._parts
        intake = parts.intake
        parts.publish(
            project(
                Inside(
                    wanted=parts.keeper.wanted,
                    link=parts.keeper.state,
                    link_problem=parts.keeper.problem,
                    job_problem=intake.problem or parts.news.problem,
                    server_url=parts.server_url,
                    environment=intake.environment,
                    work_dir=str(intake.work_dir),
                    jobs=parts.dispatcher.views(),
                    owed_bytes=parts.journal.outbox.owed_bytes(intake.target),
                )
            )
        )
