"""What stands around the agent: this computer's duties, its settings, its page, its terminal."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.agent.agent import Agent
from app.agent.login_start import LoginStart
from app.agent.project import Around
from app.agent.reload import Reload, ReloadParts
from app.agent.requests import Helpers
from app.agent.wakefulness import Wakefulness
from app.control.server import ControlParts, ControlServer
from app.dashboard.dashboard import Dashboard
from app.dashboard.parts import DashboardParts
from app.effective import DEFAULT, ENVIRONMENT
from app.host.autostart import autostart_here, own_command
from app.host.opening import open_for_user, open_url
from app.state import Snapshot
from app.wiring.build import Bench, Parts, build_agent, build_parts
from app.wiring.connect_page import ConnectPage
from app.wiring.followers import Followers

_MIB = 2**20


async def build_whole(bench: Bench, publish: Callable[[Snapshot], None]) -> Agent:
    """Build the agent and what stands around it, inside its running loop; raises AgentError."""
    parts = await build_parts(bench)
    around = _Surroundings(bench, parts)
    agent = build_agent(bench, parts, publish, around.now)
    around.join(agent)
    bench.current.follow(Followers(bench, parts).follow)
    return agent


class _Surroundings:
    """Builds them, and joins them with the agent."""

    def __init__(self, bench: Bench, parts: Parts) -> None:
        ring = parts.news.ring
        self._bench = bench
        self._current = bench.current
        self._parts = parts
        self._problem = ""
        self._login = LoginStart(autostart_here(_own_command(bench)), ring)
        self._awake = Wakefulness(lambda: self._current.config.keep_awake, self._busy, ring)
        self._reload = Reload(
            ReloadParts(load=bench.load, changed=self._current.adopt, report=self._report),
            bench.effective,
        )

    def _busy(self) -> bool:
        """Tell whether a job runs or is about to; what waits in a pause keeps nobody awake."""
        jobs = self._parts.dispatcher  # asked at each step of each job: no views
        return jobs.running or (jobs.busy and not self._parts.wishes.paused)

    def now(self) -> Around:
        """Return what a snapshot tells of this computer."""
        free = self._parts.sampler.latest.disk_info.get("free")
        known = free if isinstance(free, int) else None
        return Around(
            autostart=self._login.on,
            awake=self._awake.awake,
            desktop=self._parts.desktop.words,
            disk_free=None if known is None else known * _MIB,
            disk_low=known is not None and known < self._current.config.disk_low,
            problem=self._problem,
        )

    def join(self, agent: Agent) -> None:
        """Have all of it run beside the agent."""
        dashboard = Dashboard(self._dashboard_parts(agent))
        control = ControlServer(self._control_parts(agent, dashboard))
        for name, work in (
            ("control", control.run),
            ("dashboard", dashboard.run),
            ("settings", self._reload.run),
            ("keep awake", self._awake.run),
            ("desktop", self._parts.desktop.run),
            ("start at login", self._login.run),
        ):
            agent.also(name, work)
        self._parts.news.listeners += [self._awake.look, dashboard.changed]
        agent.lend(Helpers(open_page=dashboard.show, start_at_login=self._login.switch))

    def _report(self, problem: str) -> None:
        self._problem = problem
        self._parts.news.ring()

    def _control_parts(self, agent: Agent, dashboard: Dashboard) -> ControlParts:
        return ControlParts(
            home=self._current.config.home,
            post=agent.command,
            snapshot=agent.snapshot,
            agent_log=lambda: self._bench.log.path,
            job_log=agent.job_log,
            page=partial(_page, dashboard),
            clock=time.time,
        )

    def _dashboard_parts(self, agent: Agent) -> DashboardParts:
        return DashboardParts(
            snapshot=agent.snapshot,
            post=agent.command,
            store=self._parts.journal.store,
            samples=self._parts.sampler.recent.since,
            set_up=lambda: self._current.config.set_up,
            home=self._current.config.home,
            agent_log=lambda: self._bench.log.path,
            effective=self._bench.load,
            started=self._bench.effective,
            connecting=ConnectPage(self._bench, self._parts, self._reload.soon),
            open_path=open_for_user,
            open_url=open_url,
            clock=time.time,
            headless=self._bench.headless,
        )


async def _page(dashboard: Dashboard, view: str, show: bool) -> str:
    if show:
        await dashboard.show(view)
    return await dashboard.open(view)


def _own_command(bench: Bench) -> list[str]:
    """Return what starts this agent again, its folder and file as they were given."""
    config, origins = bench.current.config, bench.current.config.origins
    given = partial(_given, bench)
    return own_command(
        home=None if origins["home"] == DEFAULT else config.home,
        config=given("config"),
        headless=config.headless and origins["headless"] != DEFAULT,
    )


def _given(bench: Bench, key: str) -> Path | None:
    entry = bench.effective.entries[key]
    named = entry.origin.startswith(("--", ENVIRONMENT))
    return entry.value if named and isinstance(entry.value, Path) else None
