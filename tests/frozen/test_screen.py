"""The tray of the executable on a real screen, also in a bare system without Python and GTK."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform
from icons.make import GREEN, GREY, ORANGE
from tests.fakes.desktop import Desktop, desktop_or_skip
from tests.fakes.panel import until
from tests.frozen.programs import ONE_FILE, PROGRAMS, Running, environment, unpacked
from tests.frozen.root import ROOT_TOOLS, bare_root, in_root

pytestmark = [pytest.mark.frozen, pytest.mark.timeout(180)]
SCREENS = Path(__file__).parents[2] / ".work" / "screens" / "frozen"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desktop]:
    """A desktop; the agent's display and bus."""
    with desktop_or_skip(tmp_path / "desk", SCREENS) as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A system of libc, a shell and a few tools; nothing else."""
    if missing := [program for program in ROOT_TOOLS if shutil.which(program) is None]:
        pytest.skip(f"not installed: {missing}")
    if not os.access("/root", os.W_OK):
        pytest.skip("other system: chroot wants root")
    with bare_root(tmp_path / "root") as made:
        shutil.copy(ONE_FILE, made / "opt" / "ats-agent")
        yield made


async def clicked(desk: Desktop, agent: Running, name: str) -> None:
    """Pause, resume and quit from the menu, as a person would."""
    await asyncio.to_thread(desk.icon, GREEN)
    desk.grab().save(SCREENS / f"{name}-online.png")
    agent.look()
    await asyncio.to_thread(choose, desk, GREEN, "Down", "Down", "Return")
    await asyncio.to_thread(desk.icon, ORANGE)
    await asyncio.to_thread(choose, desk, ORANGE, "Down", "Down", "Return")
    await asyncio.to_thread(desk.icon, GREEN)
    await asyncio.to_thread(choose, desk, GREEN, "Up", "Return", shot=f"{name}-menu")  # Quit
    assert await asyncio.to_thread(agent.process.wait, 20) == 0
    await asyncio.to_thread(until, agent.nobody_left, "nobody is left")


def choose(desk: Desktop, colour: tuple[int, int, int], *keys: str, shot: str = "") -> None:
    desk.open_menu(desk.icon(colour))
    if shot:
        desk.grab().save(SCREENS / f"{shot}.png")
    desk.choose(*keys)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_person_at_the_tray(program: Path, desk: Desktop, tmp_path: Path) -> None:
    """The icon appears, its menu works, Quit leaves nothing."""
    async with DemoPlatform() as platform:
        env = {**environment(tmp_path / "tmp", ATS_AGENT_TOKEN=platform.token), **desk.env}
        env["TMPDIR"] = str(tmp_path / "tmp")
        flags = ["--server-url", platform.url, "--home", str(tmp_path / "home")]
        agent = Running([str(program), *flags], env)
        try:
            await clicked(desk, agent, program.parent.name)
        finally:
            agent.clean_up()
    assert unpacked(tmp_path / "tmp") == []


async def test_a_newcomer_sees_the_icon(desk: Desktop, tmp_path: Path) -> None:
    """Without any settings the icon says so, and the program waits."""
    env = {**environment(tmp_path / "tmp"), **desk.env, "TMPDIR": str(tmp_path / "tmp")}
    agent = Running([str(ONE_FILE), "--home", str(tmp_path / "home")], env)
    try:
        await asyncio.to_thread(desk.icon, GREY)
        agent.look()
        assert agent.process.poll() is None
        agent.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(agent.process.wait, 20) == 0
    finally:
        agent.clean_up()


def test_a_bare_system_is_enough(root: Path) -> None:
    """selftest, demo and --version run where there is neither Python nor git nor GTK."""
    for words in (["--version"], ["selftest"], ["demo", "--once"]):
        done = subprocess.run(
            in_root(root, "/opt/ats-agent", *words),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/opt"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert list((root / "tmp").iterdir()) == []


async def test_a_bare_system_with_a_panel(root: Path, desk: Desktop, tmp_path: Path) -> None:
    """The tray works there too, with nothing but a display and a bus from outside."""
    bus = Path(desk.env["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path="))
    os.link(bus, root / "opt" / "bus")
    async with DemoPlatform() as platform:
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/opt",
            "ATS_AGENT_TOKEN": platform.token,
            "ATS_AGENT_LANGUAGE": "en",
            "DISPLAY": desk.env["DISPLAY"],
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/opt/bus",
        }
        flags = ["--server-url", platform.url, "--home", "/opt/home"]
        agent = Running(in_root(root, "/opt/ats-agent", *flags), env)
        try:
            await clicked(desk, agent, "bare")
        finally:
            agent.clean_up()
    assert list((root / "tmp").iterdir()) == []
