"""The only place where parts are built and joined."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from app import __version__, logs
from app.agent.agent import Agent, AgentParts
from app.agent.dial import Dial
from app.agent.files import FileService
from app.agent.intake import Intake, IntakeParts
from app.agent.news import News
from app.agent.registration import MARK, Registration
from app.agent.thread import AgentThread
from app.agent.upkeep import Upkeep
from app.agent.wishes import Wishes
from app.config import Config
from app.control.server import ControlParts, ControlServer
from app.errors import AgentError
from app.exit_codes import exit_code_for
from app.host import containment
from app.host.display import has_display
from app.host.facts import FactsSampler
from app.host.instance import InstanceLock
from app.jobs.deps import JobDeps, JobLimits
from app.jobs.dispatcher import Dispatcher
from app.jobs.process import install_child_watcher
from app.jobs.retention import KeepRules, Retention
from app.journal.journal import Journal
from app.journal.records import OwedItem
from app.journal.stream import item_message
from app.link.keeper import Keeper, KeeperParts
from app.link.serve import Clocks, Ending, Serving
from app.link.transport import Transport, open_link
from app.protocol import codec
from app.protocol.messages import JobLog, Level, Outgoing
from app.protocol.session import Session
from app.redaction import Redactor
from app.state import Program, Snapshot
from app.terminal import say
from app.tray.face import TrayFace
from app.tray.headless import HeadlessFace
from app.tray.icon import open_icon
from app.workspace.guard import own_files

# Seconds. The journal's thread answers within milliseconds only if it need not wait the
# default 5 ms for its turn while the loop is busy.
THREAD_SWITCH = 0.0005


def run_agent(config: Config) -> int:
    """Run the agent until it ends; returns its exit code."""
    try:
        with InstanceLock(config.home):
            return _run_with_log(config)
    except AgentError as error:
        say(f"ats-agent: {error}", error=True)
        return exit_code_for(error)


def _run_with_log(config: Config) -> int:
    redactor = Redactor()
    log = logs.setup(config, redactor)
    try:
        return _run_with_face(config, redactor, log)
    finally:
        log.close()


def _run_with_face(config: Config, redactor: Redactor, log: logs.AgentLog) -> int:
    sys.setswitchinterval(THREAD_SWITCH)
    containment.prepare_process()

    async def build() -> Agent:
        return await build_agent(config, redactor, log, face.show)

    face = _face(config, log)
    thread = AgentThread(build, face.show)
    face.run(thread.start, thread.post)
    thread.join()
    return thread.exit_code


def _face(config: Config, log: logs.AgentLog) -> HeadlessFace | TrayFace:
    """Return the face that this computer can show."""
    return HeadlessFace() if _headless(config) else TrayFace(open_icon, lambda: log.path)


def _headless(config: Config) -> bool:
    """Tell whether nobody can see a tray icon, or nobody wants to."""
    return config.headless or not has_display()


@dataclass(slots=True)
class _Line:
    """The way to whatever session there is, for parts that are built before the keeper."""

    keeper: Keeper | None = None

    def say(self, message: Outgoing) -> None:
        """Send in the control lane; without a session nobody is there to hear it."""
        if self.keeper is not None and self.keeper.serving is not None:
            self.keeper.serving.say(message)

    def remark(self, job_id: str, level: Level, text: str) -> None:
        """Say something about a job that is not in its log."""
        now = datetime.now(UTC)  # noqa: TID251 (wiring knows the clock)
        self.say(JobLog(job_id, level, text, now))

    def answer(self, item: OwedItem) -> None:
        """Say once what the journal cannot keep."""
        if item.body is not None:
            self.say(item_message(item.kind, item.body, UTC, time.time()))

    def greeted(self) -> None:
        """Pass on that the platform greeted."""
        if self.keeper is not None:
            self.keeper.greeted()


async def build_agent(
    config: Config,
    redactor: Redactor,
    log: logs.AgentLog,
    publish: Callable[[Snapshot], None],
) -> Agent:
    """Build the agent inside its running loop; raises AgentError when it cannot stand."""
    install_child_watcher()
    news = News()
    path = config.home / "journal.db"
    journal = await Journal.open(path, codec.encode, news.tell, log_limit=config.log_limit)
    registration = Registration(journal.store, haunted=await journal.store.get(MARK) is not None)
    wishes = await Wishes.load(journal.store)
    agent = _Builder(config, redactor, journal, news, registration).agent(log, publish, wishes)
    agent.also("control", ControlServer(_control_parts(config, agent, log)).run)
    return agent


def _control_parts(config: Config, agent: Agent, log: logs.AgentLog) -> ControlParts:
    return ControlParts(
        home=config.home,
        post=agent.command,
        snapshot=agent.snapshot,
        agent_log=lambda: log.path,
        job_log=agent.job_log,
        clock=time.time,
    )


class _Builder:
    """Joins the parts around one journal."""

    def __init__(
        self,
        config: Config,
        redactor: Redactor,
        journal: Journal,
        news: News,
        registration: Registration,
    ) -> None:
        self._config = config
        self._redactor = redactor
        self._journal = journal
        self._news = news
        self._line = _Line()
        self._registration = registration
        self._limits = JobLimits(
            task_timeout=config.task_timeout,
            idle_timeout=config.idle_timeout,
            max_log_bytes=config.max_log_bytes,
        )
        self._sampler = FactsSampler(config.heartbeat_interval)
        self._sampler.use_server(urlsplit(config.server_url).hostname or "")
        private = [*own_files(config.home), *config.private_files]
        self._files = FileService(self._line.say, protected=private)
        self._retention = Retention(journal.store, KeepRules(config.keep_tasks, config.keep_days))
        self._dispatcher = Dispatcher(self._job_deps(), config.max_concurrent)

    def agent(
        self, log: logs.AgentLog, publish: Callable[[Snapshot], None], wishes: Wishes
    ) -> Agent:
        """Return the agent, ready to run."""
        config = self._config
        intake = self._intake(log.move_to)
        self._line.keeper = keeper = Keeper(
            self._keeper_parts(intake), haunted=self._registration.haunted, wanted=wishes.wanted
        )
        return Agent(
            AgentParts(
                program=Program(__version__, os.getpid(), time.time()),
                server_url=config.server_url,
                wishes=wishes,
                clock=time.time,
                headless=_headless(config),
                journal=self._journal,
                dispatcher=self._dispatcher,
                keeper=keeper,
                intake=intake,
                files=self._files,
                upkeep=Upkeep(self._retention),
                sampler=self._sampler,
                publish=publish,
                news=self._news,
                grace=self._limits.grace,
                own_work_dir=config.work_dir is not None,
            )
        )

    def _job_deps(self) -> JobDeps:
        return JobDeps(
            store=self._journal.store,
            outbox=self._journal.outbox,
            worker=self._journal.worker,
            limits=self._limits,
            remark=self._line.remark,
            answer=self._line.answer,
            on_change=self._news.ring,
            clock=time.time,
            redactor=self._redactor,
            result_patterns=self._config.result_patterns,
            screenshots=self._config.screenshot_on_failure,
        )

    def _intake(self, move_log: Callable[[Path], None]) -> Intake:
        return Intake(
            IntakeParts(
                server_url=self._config.server_url,
                home=self._config.home,
                own_work_dir=self._config.work_dir,
                dispatcher=self._dispatcher,
                outbox=self._journal.outbox,
                sampler=self._sampler,
                files=self._files,
                move_log=move_log,
                on_online=self._line.greeted,
                on_change=self._news.ring,
            )
        )

    def _keeper_parts(self, intake: Intake) -> KeeperParts:
        config, outbox, clocks = self._config, self._journal.outbox, Clocks()

        dial = Dial(
            partial(open_link, config.server_url, config.token, config.ca_file),
            self._registration,
            self._sampler,
        )

        def serving(transport: Transport) -> Serving:
            session = Session(heartbeat_every=config.heartbeat_interval, now=clocks.mono())
            return Serving(transport, session, outbox, intake, clocks=clocks)

        def ended(ending: Ending) -> None:
            outbox.session_closed(ending.blame, clocks.mono())

        return KeeperParts(
            open_link=dial,
            serving=serving,
            in_flight=lambda: outbox.in_flight,
            on_change=self._news.ring,
            on_session_end=ended,
            on_goodbye=self._registration.end,
            clocks=clocks,
        )
