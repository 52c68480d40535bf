"""The agent around one journal: its parts, built and joined inside its running loop."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app import __version__, logs
from app.agent.acquaintances import Acquaintances
from app.agent.agent import Agent, AgentParts
from app.agent.desktop_watch import DesktopWatch
from app.agent.dial import Dial
from app.agent.files import FileService
from app.agent.intake import Intake, IntakeParts
from app.agent.news import News
from app.agent.project import Around
from app.agent.registration import MARK, Registration
from app.agent.upkeep import Upkeep
from app.agent.wishes import Wishes
from app.config import Config, Effective
from app.host.display import has_display
from app.host.facts import FactsSampler
from app.jobs.deps import JobDeps, JobLimits
from app.jobs.dispatcher import Dispatcher
from app.jobs.process import install_child_watcher
from app.jobs.retention import KeepRules, Retention
from app.journal.journal import Journal
from app.link.keeper import Keeper, KeeperParts
from app.link.serve import Clocks, Ending, Serving
from app.link.transport import Transport, open_link
from app.protocol import codec
from app.protocol.session import Session
from app.redaction import Redactor
from app.state import Program, Snapshot
from app.wiring.current import Current
from app.wiring.line import Line
from app.workspace.guard import own_files


@dataclass(frozen=True, slots=True)
class Bench:
    """What stands before the agent does, and outlasts it."""

    effective: Effective  # as it was at the start
    load: Callable[[], Effective]  # reads the settings again; blocks; raises ConfigError
    environ: Mapping[str, str]
    redactor: Redactor
    log: logs.AgentLog
    current: Current

    @property
    def headless(self) -> bool:
        """Nobody can see a tray icon, or nobody wants to."""
        return self.current.config.headless or not has_display()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one agent that others than the agent need too."""

    journal: Journal
    news: News
    wishes: Wishes
    sampler: FactsSampler
    files: FileService
    retention: Retention
    dispatcher: Dispatcher
    desktop: DesktopWatch
    intake: Intake
    keeper: Keeper


def job_limits(config: Config) -> JobLimits:
    """Return what one job may take."""
    return JobLimits(
        task_timeout=config.task_timeout,
        idle_timeout=config.idle_timeout,
        max_log_bytes=config.max_log_bytes,
        needs_timeout=config.needs_timeout,
    )


def keep_rules(config: Config) -> KeepRules:
    """Return which old jobs stay."""
    return KeepRules(config.keep_tasks, config.keep_days)


async def build_parts(bench: Bench) -> Parts:
    """Build the parts; raises AgentError when the journal cannot be used."""
    install_child_watcher()
    news, config = News(), bench.current.config
    path = config.home / "journal.db"
    journal = await Journal.open(path, codec.encode, news.tell, log_limit=config.log_limit)
    registration = Registration(journal.store, haunted=await journal.store.get(MARK) is not None)
    wishes = await Wishes.load(journal.store)
    return _Builder(bench, journal, news).parts(registration, wishes)


def build_agent(
    bench: Bench,
    parts: Parts,
    publish: Callable[[Snapshot], None],
    around: Callable[[], Around],
) -> Agent:
    """Join the parts; the agent is ready to run."""
    config = bench.current
    return Agent(
        AgentParts(
            program=Program(__version__, os.getpid(), time.time()),
            server_url=lambda: config.config.server_url,
            around=around,
            wishes=parts.wishes,
            clock=time.time,
            headless=bench.headless,
            journal=parts.journal,
            dispatcher=parts.dispatcher,
            keeper=parts.keeper,
            intake=parts.intake,
            files=parts.files,
            upkeep=Upkeep(parts.retention),
            sampler=parts.sampler,
            publish=publish,
            news=parts.news,
            grace=job_limits(config.config).grace,
            own_work_dir=config.config.work_dir is not None,
        )
    )


class _Builder:
    """Builds the parts around one journal."""

    def __init__(self, bench: Bench, journal: Journal, news: News) -> None:
        config = bench.current.config
        self._bench = bench
        self._current = bench.current
        self._journal = journal
        self._news = news
        self._line = Line()
        self._intake: Intake | None = None
        self._sampler = FactsSampler(config.heartbeat_interval)
        self._sampler.use_server(urlsplit(config.server_url).hostname or "")
        private = [*own_files(config.home), *config.private_files]
        self._files = FileService(self._line.say, protected=private)
        self._desktop = DesktopWatch(news.ring)
        self._dispatcher = Dispatcher(self._job_deps(config), config.max_concurrent)

    def parts(self, registration: Registration, wishes: Wishes) -> Parts:
        """Return them all."""
        self._intake = intake = self._new_intake()
        self._line.keeper = keeper = Keeper(
            self._keeper_parts(intake, registration), wanted=wishes.wanted
        )
        if registration.haunted:
            keeper.distrust()
        return Parts(
            journal=self._journal,
            news=self._news,
            wishes=wishes,
            sampler=self._sampler,
            files=self._files,
            retention=Retention(self._journal.store, keep_rules(self._current.config)),
            dispatcher=self._dispatcher,
            desktop=self._desktop,
            intake=intake,
            keeper=keeper,
        )

    def _job_deps(self, config: Config) -> JobDeps:
        return JobDeps(
            store=self._journal.store,
            outbox=self._journal.outbox,
            worker=self._journal.worker,
            limits=job_limits(config),
            remark=self._line.remark,
            answer=self._line.answer,
            on_change=self._news.ring,
            on_folder_trouble=self._doubt_folder,
            clock=time.time,
            redactor=self._bench.redactor,
            result_patterns=config.result_patterns,
            screenshots=config.screenshot_on_failure,
            desktop_seen=self._desktop.seen,
        )

    def _doubt_folder(self) -> None:
        if self._intake is not None:  # it is there before any job
            self._intake.doubt_folder()

    def _new_intake(self) -> Intake:
        current = self._current
        return Intake(
            IntakeParts(
                server_url=lambda: current.config.server_url,
                home=current.config.home,
                own_work_dir=lambda: current.config.work_dir,
                meet=Acquaintances(self._journal.store).meet,
                dispatcher=self._dispatcher,
                outbox=self._journal.outbox,
                sampler=self._sampler,
                files=self._files,
                move_log=self._bench.log.move_to,
                on_online=self._line.greeted,
                on_change=self._news.ring,
            )
        )

    def _keeper_parts(self, intake: Intake, registration: Registration) -> KeeperParts:
        current, outbox, clocks = self._current, self._journal.outbox, Clocks()

        async def open_current() -> Transport:
            config = current.config
            return await open_link(config.server_url, config.token, config.ca_file)

        def serving(transport: Transport) -> Serving:
            every = current.config.heartbeat_interval
            session = Session(heartbeat_every=every, now=clocks.mono())
            return Serving(transport, session, outbox, intake, clocks=clocks)

        def ended(ending: Ending) -> None:
            outbox.session_closed(ending.blame, clocks.mono())

        return KeeperParts(
            open_link=Dial(open_current, registration, self._sampler),
            serving=serving,
            in_flight=lambda: outbox.in_flight,
            on_change=self._news.ring,
            on_session_end=ended,
            on_goodbye=registration.end,
            set_up=lambda: current.config.set_up,
            clocks=clocks,
        )
