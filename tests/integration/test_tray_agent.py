"""The real agent with its tray on a private bus: speed, memory, what it survives."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

import psutil
import pytest

from app.demo.platform import DemoPlatform
from tests.fakes.panel import Panel, SessionBus, ShownItem, panel_on, session_bus, until
from tests.integration.agents import AgentProcess

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(60)]

CLICK = 0.1  # seconds from a click to its effect at the platform
MEMORY = 45 * 2**20  # bytes of RSS with a tray
FLOOD = "while :; do echo '0123456789012345678901234567890123456789'; done"


class TrayAgent(AgentProcess):
    """An agent process that may show its face."""

    @property
    def memory(self) -> int:
        """Its resident memory in bytes."""
        rss: int = psutil.Process(self.pid).memory_info().rss
        return rss


@asynccontextmanager
async def tray_agent(
    platform: DemoPlatform, folder: Path, bus: SessionBus
) -> AsyncIterator[TrayAgent]:
    agent = TrayAgent(platform, folder / "home", face=True)
    nobody = str(folder / "nobody")
    desk = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "XDG_RUNTIME_DIR": nobody}
    await agent.start(WAYLAND_DISPLAY="wayland-9", DISPLAY="", **desk)
    try:
        await platform.agent_online()
        yield agent
    finally:
        if agent._running.returncode is None:
            await agent.kill()


@pytest.fixture(autouse=True)
def _dbus() -> None:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")


async def in_a_thread(work: Callable[[], ShownItem]) -> ShownItem:
    return await asyncio.to_thread(work)


async def seconds_until(event: Awaitable[object], click: Callable[[], None]) -> float:
    """Click in a thread, as a panel would; return when the event has come."""
    began = time.monotonic()
    await asyncio.gather(asyncio.to_thread(click), event)
    return time.monotonic() - began


@pytest.mark.slow
async def test_a_click_takes_effect_at_once_while_a_job_floods(tmp_path: Path) -> None:
    """From the panel's Event to the platform's view of it: the median of five is below 100 ms."""
    with session_bus(tmp_path) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus):
            item = await in_a_thread(panel.item)
            await platform.send_task("flood", FLOOD)
            await asyncio.to_thread(until, lambda: item.number("Online: 1*"), "the job runs")
            await asyncio.sleep(1)  # the flood is under way
            took = []
            for _round in range(5):
                await asyncio.to_thread(until, lambda: item.number("Online: 1*"), "it is online")
                click = partial(item.click_number, item.number("Disconnect"))
                took.append(await seconds_until(platform.agent_gone(), click))
                await asyncio.to_thread(until, lambda: item.number("Connect"), "it is offline")
                await asyncio.to_thread(item.click, "Connect")
                await platform.agent_online()
            assert median(took) < CLICK


@pytest.mark.slow
async def test_the_tray_needs_little_memory(tmp_path: Path) -> None:
    """45 MiB with icon, menu and a job behind it; GTK alone would take more."""
    with session_bus(tmp_path) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            item = await in_a_thread(panel.item)
            await platform.send_task("t1", "echo done")
            await platform.result("t1")
            await asyncio.to_thread(item.entries)
            assert agent.memory < MEMORY
            assert await agent.stop() == 0


async def test_what_a_user_is_told(tmp_path: Path) -> None:
    """The first connection ever and a job that fails; neither a good job nor a cancelled one."""
    with session_bus(tmp_path) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            item = await in_a_thread(panel.item)
            assert (await told(panel))[0] == "This computer is connected"
            await platform.send_task("good", "echo fine")
            await platform.result("good")
            await platform.send_task("long", "sleep 60")
            await asyncio.to_thread(until, lambda: item.number("sleep 60"), "the job is shown")
            await asyncio.to_thread(item.click, "Cancel")
            await platform.result("long")
            await platform.send_task("bad", "exit 3")
            assert await told(panel) == ("A job has failed", "exit 3")
            assert await agent.stop() == 0
            assert panel.notes.empty()


async def told(panel: Panel) -> tuple[str, str]:
    """Return title and text of the next notification."""
    note = await asyncio.to_thread(panel.notes.get, timeout=10)
    return note[3], note[4]


async def test_the_bus_dies_and_comes_back(tmp_path: Path) -> None:
    """The job goes on, the log tells it once, the icon returns with the bus."""
    with session_bus(tmp_path) as bus:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            await platform.send_task("t1", "sleep 1; echo survived")
            await asyncio.to_thread(bus.stop)
            assert (await platform.result("t1"))["status"] == "success"
            await asyncio.to_thread(bus.start)
            with panel_on(bus) as panel:
                item = await in_a_thread(panel.item)
                await asyncio.to_thread(until, lambda: item.number("Online"), "the icon is back")
                item.click("Quit")
                assert await agent.ended() == 0
            assert "Traceback" not in agent.output


async def test_a_refused_token_can_be_tried_again(tmp_path: Path) -> None:
    """With a face the agent stays, says so, and tries once more when it is told to."""
    with session_bus(tmp_path) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            item = await in_a_thread(panel.item)
            await platform.revoke_token()
            await asyncio.to_thread(until, lambda: item.number("Token refused*"), "it is said")
            before = agent.log.count("refused the token")
            await asyncio.to_thread(item.click, "Connect again")
            again = "the platform refused again"
            await asyncio.to_thread(
                until, lambda: agent.log.count("refused the token") > before, again
            )
            await asyncio.to_thread(until, lambda: item.number("Connect again"), "it can be tried")
            await asyncio.to_thread(item.click, "Quit")
            await agent.ended()


async def test_signals_end_it_in_order(tmp_path: Path) -> None:
    """SIGTERM while the main thread is in the tray's loop: goodbye, exit code 0."""
    with session_bus(tmp_path) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            await in_a_thread(panel.item)
            os.kill(agent.pid, 15)
            assert await agent.ended() == 0
            assert platform.closings[-1].code == 1000


async def test_without_a_panel_it_works_as_ever(tmp_path: Path) -> None:
    """Nobody shows the icon: jobs run, the log says in one line why there is none."""
    with session_bus(tmp_path) as bus:
        async with DemoPlatform() as platform, tray_agent(platform, tmp_path, bus) as agent:
            await platform.send_task("t1", "echo done")
            assert (await platform.result("t1"))["status"] == "success"
            assert await agent.stop() == 0
            assert agent.log.count("no panel shows tray icons yet") == 1
