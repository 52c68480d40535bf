"""The tray on a real screen: found by its colour, its menu opened and clicked, effects asserted."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform
from app.i18n import LANGUAGES
from icons.make import AMBER, BLUE, GREEN, GREY, ORANGE, RED
from tests.fakes.desktop import Colour, Desktop, desktop_or_skip
from tests.fakes.panel import until

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(120)]

SCREENS = Path(__file__).parents[2] / ".work" / "screens" / "tray"
STAGES = {
    "not_set_up": GREY,
    "connecting": AMBER,
    "online": GREEN,
    "running": BLUE,
    "failed": GREEN,
    "running_many": BLUE,
    "paused": ORANGE,
    "disconnected": GREY,
    "problem": RED,
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desktop]:
    """A desktop; the agent's display and bus."""
    with desktop_or_skip(tmp_path / "desk", SCREENS) as made:
        yield made


def shot(desk: Desktop, name: str) -> None:
    desk.grab().save(SCREENS / f"{name}.png")


class Agent:
    """The real agent on a desktop, as its user sees and clicks it."""

    def __init__(
        self, desk: Desktop, platform: DemoPlatform, home: Path, env: dict[str, str] | None = None
    ) -> None:
        self.desk = desk
        flags = ["--server-url", platform.url, "--home", str(home)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", *flags],
            env={
                **(env or desk.env),
                "ATS_AGENT_TOKEN": platform.token,
                "PYTHONWARNINGS": "error",
            },
            stderr=subprocess.PIPE,
            text=True,
        )

    async def looks(self, colour: Colour, name: str = "") -> None:
        """Wait until its icon has this colour; keep a picture of it."""
        await asyncio.to_thread(self.desk.icon, colour)
        if name:
            shot(self.desk, name)

    async def chooses(self, colour: Colour, *keys: str, name: str = "") -> None:
        """Open the menu of its icon of this colour and press these keys."""

        def choose() -> None:
            self.desk.open_menu(self.desk.icon(colour))
            *last_but_one, last = keys
            self.desk.choose(*last_but_one)
            if name:
                shot(self.desk, name)
            self.desk.choose(last)

        await asyncio.to_thread(choose)

    async def ended(self) -> int:
        """Wait for its end; its log must not tell of a bug."""
        _out, err = await asyncio.to_thread(self.process.communicate, timeout=20)
        assert "Traceback" not in err, err
        assert "the tray did not end" not in err, err
        return self.process.returncode


async def test_a_day_of_a_user(desk: Desktop, tmp_path: Path) -> None:
    """Pause, resume, cancel, disconnect, connect and quit, clicked; the platform sees it all."""
    async with DemoPlatform() as platform:
        agent = Agent(desk, platform, tmp_path / "home")
        try:
            await agent.looks(GREEN, "agent-online")
            await agent.chooses(GREEN, "Down", "Down", "Return", name="agent-menu")  # Pause
            await agent.looks(ORANGE, "agent-paused")
            await platform.send_task("t1", "sleep 60")
            await agent.chooses(ORANGE, "Down", "Down", "Return", name="agent-menu-paused")
            await agent.looks(BLUE, "agent-running")
            job = ("Down", "Down", "Down", "Right", "Return")  # the job, then its Cancel
            await agent.chooses(BLUE, *job, name="agent-menu-cancel")
            assert (await platform.result("t1"))["status"] == "error"  # cancelled
            await agent.chooses(GREEN, "Down", "Return")  # Disconnect
            await platform.agent_gone()
            await agent.looks(GREY, "agent-disconnected")
            await agent.chooses(GREY, "Down", "Return")  # Connect
            await platform.agent_online()
            await agent.chooses(GREEN, "Up", "Return")  # Quit
            assert await agent.ended() == 0
            await asyncio.to_thread(until, lambda: not desk.find(GREEN), "the icon is gone")
        finally:
            agent.process.kill()


async def test_quit_after_the_running_job(desk: Desktop, tmp_path: Path) -> None:
    """While a job runs Quit asks how; "when it has ended" lets it end and deliver."""
    async with DemoPlatform() as platform:
        agent = Agent(desk, platform, tmp_path / "home")
        try:
            await agent.looks(GREEN)
            go_on = tmp_path / "go on"
            await platform.send_task("t1", f"while [ ! -e '{go_on}' ]; do sleep 0.05; done")
            await agent.chooses(BLUE, "Up", "Right", "Return", name="agent-menu-quit")
            await agent.looks(ORANGE, "agent-draining")
            go_on.touch()
            assert (await platform.result("t1"))["status"] == "success"
            assert await agent.ended() == 0
        finally:
            agent.process.kill()


async def test_a_refused_token_stays_on_the_screen(desk: Desktop, tmp_path: Path) -> None:
    """The agent does not end as without a face: it shows the problem until its user acts."""
    async with DemoPlatform() as platform:
        agent = Agent(desk, platform, tmp_path / "home")
        try:
            await agent.looks(GREEN)
            await platform.revoke_token()
            await agent.looks(RED, "agent-refused")
            await agent.chooses(RED, "Up", "Up", "Up", "Right", "Escape", name="agent-menu-refused")
            desk.choose("Escape")
            os.kill(agent.process.pid, signal.SIGTERM)
            await agent.ended()
        finally:
            agent.process.kill()


async def test_it_survives_its_panel(desk: Desktop, tmp_path: Path) -> None:
    """The panel crashes and comes back: so does the icon; the platform notices nothing."""
    async with DemoPlatform() as platform:
        agent = Agent(desk, platform, tmp_path / "home")
        try:
            await agent.looks(GREEN)
            desk.kill_panel()
            await asyncio.to_thread(until, lambda: not desk.find(GREEN), "the panel is gone")
            desk.start_panel()
            await agent.looks(GREEN, "agent-after-a-panel-crash")
            await agent.chooses(GREEN, "Up", "Return")
            assert await agent.ended() == 0
            assert platform.closings[-1].code == 1000
            assert len(platform.closings) == 1
        finally:
            agent.process.kill()


async def test_without_a_bus_the_icon_is_drawn_by_x(desk: Desktop, tmp_path: Path) -> None:
    """No menu there, but a click opens the dashboard; after a crash of the panel it docks again."""
    opener, opened = tmp_path / "bin" / "xdg-open", tmp_path / "opened"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$1" >"{opened}"\n', encoding="utf-8")
    opener.chmod(0o755)
    buses = {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"}
    env = {name: value for name, value in desk.env.items() if name not in buses}
    env["PATH"] = f"{opener.parent}:{env['PATH']}"
    async with DemoPlatform() as platform:
        agent = Agent(desk, platform, tmp_path / "home", env)
        try:
            await agent.looks(GREEN, "xorg-online")
            desk.kill_panel()
            desk.start_panel()
            place = await asyncio.to_thread(desk.icon, GREEN)
            desk.xdotool("mousemove", *place, "sleep", 0.2, "click", 1)
            await asyncio.to_thread(until, opened.exists, "the dashboard was opened")
            assert opened.read_text(encoding="utf-8").startswith("http://127.0.0.1:")
            agent.process.send_signal(signal.SIGTERM)
            assert await agent.ended() == 0
        finally:
            agent.process.kill()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_on_the_screen(desk: Desktop, language: str) -> None:
    """Each state has its colour in the panel; pictures of icons and menus are kept to look at."""
    command = [sys.executable, "-m", "tests.fakes.tray_stage", language]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=desk.env, stdin=pipe, stdout=pipe, text=True) as face:
        assert face.stdin is not None
        for name, colour in STAGES.items():
            face.stdin.write(name + "\n")
            face.stdin.flush()
            desk.open_menu(desk.icon(colour))
            shot(desk, f"state-{name}-{language}")
            desk.choose("Escape")
        face.stdin.write("end\n")
        face.stdin.flush()
        assert face.wait(10) == 0
