"""What a real agent does for its user's desktop, asked for in the tray of a private bus."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import pytest

from app.demo.platform import DemoPlatform
from tests.fakes.awake_desktop import ScreenSaver
from tests.fakes.panel import Panel, SessionBus, ShownItem, panel_on, session_bus, until
from tests.integration.agents import AgentProcess

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name != "posix", reason="other system: D-Bus and xdg-open"),
]

FULL = "monitor: {disk_low: 1073741824, interval: 1}\n"  # no disk is that large
SILENT = "notifications: {connected: false, refused: false, failures: false, disk_low: false}\n"


@dataclass(frozen=True, slots=True)
class Desk:
    """A desktop with one agent on it."""

    folder: Path
    bus: SessionBus
    panel: Panel
    platform: DemoPlatform

    @property
    def opened(self) -> list[str]:
        """What the desktop was asked to open."""
        file = self.folder / "opened"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def has_opened(self, count: int) -> bool:
        """Tell whether it was asked for so many."""
        return len(self.opened) >= count

    @property
    def entry(self) -> Path:
        """The file that starts the agent at login."""
        return self.folder / "config" / "autostart" / "ats-agent.desktop"

    def environment(self) -> dict[str, str]:
        """The variables of a desktop whose opener only takes notes."""
        opener = self.folder / "bin" / "xdg-open"
        opener.parent.mkdir()
        note = f'#!/bin/sh\necho "$1" >>"{self.folder}/opened"\n'
        opener.write_text(note, encoding="utf-8")
        opener.chmod(0o755)
        return {
            "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
            "XDG_RUNTIME_DIR": str(self.folder / "nobody"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "WAYLAND_DISPLAY": "wayland-9",
            "DISPLAY": "",
            "PATH": f"{opener.parent}:{os.environ['PATH']}",
        }

    async def item(self) -> ShownItem:
        """The agent's icon."""
        return await asyncio.to_thread(self.panel.item)

    async def told(self) -> str:
        """The title of the next notification."""
        note = await asyncio.to_thread(self.panel.notes.get, timeout=10)
        return str(note[3])


@asynccontextmanager
async def desk(folder: Path, settings: str = "") -> AsyncIterator[Desk]:
    """A bus, a panel, a platform and an agent that is online, with this config.yaml."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    home = folder / "home"
    home.mkdir()
    (home / "config.yaml").write_text(settings, encoding="utf-8")
    with session_bus(folder) as bus, panel_on(bus) as panel:
        async with DemoPlatform() as platform:
            made = Desk(folder, bus, panel, platform)
            agent = AgentProcess(platform, home, face=True)
            await agent.start(**made.environment())
            try:
                await platform.agent_online()
                yield made
                assert await agent.stop() in {0, 3}  # 3: a test took its token away
                assert "Traceback" not in agent.output
            finally:
                if agent._running.returncode is None:
                    await agent.kill()


async def soon(condition: Callable[[], object], what: str) -> None:
    """Wait in a thread until something is so."""
    await asyncio.to_thread(until, condition, what)


async def test_what_the_menu_opens(tmp_path: Path) -> None:
    """Dashboard, log, work folder and settings, each by what the desktop opens it with."""
    async with desk(tmp_path) as one:
        item = await one.item()
        await soon(lambda: item.number("Online"), "it is online")
        for entry in ("Open dashboard", "Open log", "Open work folder", "Settings…"):
            count = len(one.opened)
            await asyncio.to_thread(item.click, entry)
            await soon(partial(one.has_opened, count + 1), f"{entry} opens something")
        page, log, folder, settings = one.opened
        assert page.startswith("http://127.0.0.1:")
        assert Path(log).name == "agent.log"
        assert Path(folder) == tmp_path / "home" / "workspace"
        assert settings.endswith("/#settings")


async def test_start_at_login_is_ticked_and_unticked(tmp_path: Path) -> None:
    """The tick follows the file that the desktop reads."""
    async with desk(tmp_path) as one:
        item = await one.item()
        for wanted in (True, False):
            await soon(lambda: item.number("Start at login"), "the system was asked")
            await asyncio.to_thread(item.click, "Start at login")
            await soon(partial(follows, item, one.entry, wanted), "entry and tick follow")


def follows(item: ShownItem, file: Path, wanted: bool) -> bool:
    """Tell whether both the file and the tick in the panel are as wanted."""
    entries = [shown for _number, _depth, shown in item.entries()]
    states = [e["toggle-state"] for e in entries if e.get("label") == "Start at login"]
    return file.exists() is wanted and states == [int(wanted)]


async def test_a_job_keeps_the_computer_awake(tmp_path: Path) -> None:
    """The desktop is inhibited, the tray says so, and both end some seconds after the job."""
    async with desk(tmp_path) as one:
        with closing(ScreenSaver(one.bus.address)) as saver:
            item = await one.item()
            await one.platform.send_task("t1", "sleep 1")
            assert await asyncio.to_thread(saver.next_count) == 1
            await soon(lambda: item.number("Keeping this computer awake"), "the tray says so")
            await one.platform.result("t1")
            assert await asyncio.to_thread(saver.next_count) == 0
            await soon(lambda: "Keeping this computer awake" not in item.labels(), "no more")


async def test_a_refused_token_and_a_full_disk_are_told(tmp_path: Path) -> None:
    """And the entry that mends the first opens the page for it."""
    async with desk(tmp_path, FULL) as one:
        item = await one.item()
        first = {await one.told(), await one.told()}
        assert first == {"This computer is connected", "The disk is nearly full"}
        await one.platform.revoke_token()
        assert await one.told() == "The platform refuses the token"
        await soon(lambda: item.number("Enter a new token…"), "it is offered")
        await asyncio.to_thread(item.click, "Enter a new token…")
        await soon(lambda: one.opened, "the page opens")
        assert one.opened[0].endswith("/#connect")


async def test_each_notification_can_be_turned_off(tmp_path: Path) -> None:
    """With all of them off in the file nothing is told of the same events."""
    async with desk(tmp_path, FULL + SILENT) as one:
        item = await one.item()
        await one.platform.send_task("bad", "exit 3")
        await one.platform.result("bad")
        await one.platform.revoke_token()
        await soon(lambda: item.number("Token refused*"), "it is refused")
        assert one.panel.notes.empty()


async def test_a_bus_that_hangs_delays_no_job(tmp_path: Path) -> None:
    """Whoever holds up the tray holds up the tray only; afterwards it shows the present again."""
    async with desk(tmp_path) as one:
        item = await one.item()
        await soon(lambda: item.number("Online"), "it is online")
        daemon = psutil.Process(one.bus.pid)
        daemon.suspend()
        try:
            async with asyncio.timeout(10):
                await one.platform.send_task("t1", "echo done")
                assert (await one.platform.result("t1"))["status"] == "success"
        finally:
            daemon.resume()
        await asyncio.to_thread(item.click, "Pause (start nothing new)")
        await soon(lambda: item.number("Paused"), "the tray goes on")
