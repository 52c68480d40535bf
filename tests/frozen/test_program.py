"""What an executable says of itself and does without a platform."""

import asyncio
import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

import app
from app.demo.platform import DemoPlatform
from tests.fakes.panel import until
from tests.frozen.programs import (
    DIST,
    ONE_FILE,
    PROGRAMS,
    Running,
    environment,
    run,
    unpacked,
)

pytestmark = [pytest.mark.frozen, pytest.mark.timeout(120)]
OLDEST_GLIBC = (2, 35)  # docs/performance.md and the package's README.txt say so


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_tests_itself(program: Path, tmp_path: Path) -> None:
    """Each check of `selftest` is a line that begins with ok; nothing is left behind."""
    done = run(program, "selftest", env=environment(tmp_path / "tmp"))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert len(lines) == 10
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_knows_its_build(program: Path, tmp_path: Path) -> None:
    """`--version --json` tells what an updater wants to know."""
    done = run(program, "--version", "--json", env=environment(tmp_path / "tmp"))
    told = json.loads(done.stdout)
    assert set(told) == {"version", "commit", "built", "os", "machine", "python"}
    assert told["version"] == app.__version__
    assert re.fullmatch(r"[0-9a-f]{40}\+?", told["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["built"])
    assert told["os"] == "linux"


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_is_its_own_helper(program: Path, tmp_path: Path) -> None:
    """What delivers CTRL_BREAK on Windows starts no agent: it says with its exit code that
    there was nobody to deliver to.
    """
    done = run(program, "--deliver-ctrl-break", "999999", env=environment(tmp_path / "tmp"))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_closed_streams_do_no_harm(program: Path, tmp_path: Path) -> None:
    """With stdin, stdout and stderr closed it works as ever."""
    command = f'"{program}" selftest <&- >&- 2>&-'
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment(tmp_path / "tmp"), check=False, timeout=60
    )
    assert done.returncode == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_demo_runs(program: Path, tmp_path: Path) -> None:
    """`ats-agent demo --once` runs its job and its suite, with no Python to be found."""
    env = {**environment(tmp_path / "tmp"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = run(program, "demo", "--once", env=env, limit=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed, as it should be" in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_copied_and_run(tmp_path: Path) -> None:
    """With ats-agent.yaml beside it, a copied program needs nothing else and keeps all there."""
    copied = tmp_path / "带 空格" / "ats-agent"
    copied.parent.mkdir()
    shutil.copy(ONE_FILE, copied)
    async with DemoPlatform() as platform:
        settings = f"server:\n  url: {platform.url}\ntoken: {platform.token}\nheadless: true\n"
        (copied.parent / "ats-agent.yaml").write_text(settings, encoding="utf-8")
        agent = Running([str(copied)], environment(tmp_path / "tmp"))
        try:
            await platform.agent_online()
            agent.look()
            await platform.send_task("t1", "echo 你好")
            assert (await platform.result("t1"))["output"] == "你好"
            status = await asyncio.to_thread(
                run, copied, "status", "--json", env=environment(tmp_path / "tmp")
            )
            assert json.loads(status.stdout)["link"] == "online"
            assert await asyncio.to_thread(agent.quit) == 0
        finally:
            agent.clean_up()
    assert sorted(path.name for path in copied.parent.iterdir()) == [
        "ats-agent",
        "ats-agent-data",
        "ats-agent.yaml",
    ]
    assert unpacked(tmp_path / "tmp") == []


async def test_the_page_is_served(tmp_path: Path) -> None:
    """`dashboard --link` leads to the page with all its files, out of the executable."""
    async with DemoPlatform() as platform:
        home, env = tmp_path / "home", environment(tmp_path / "tmp", ATS_AGENT_TOKEN=platform.token)
        flags = ["--headless", "--server-url", platform.url, "--home", str(home)]
        agent = Running([str(ONE_FILE), *flags], env)
        try:
            await platform.agent_online()
            agent.look()
            link = await asyncio.to_thread(
                run, ONE_FILE, "dashboard", "--link", "--home", str(home), env=env
            )
            url = link.stdout.strip().partition("#")[0]
            assert "<script" in await asyncio.to_thread(fetched, url)
        finally:
            agent.clean_up()


def fetched(url: str) -> str:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 (our own loopback page)
        return str(answer.read().decode())


def test_which_glibc_it_needs() -> None:
    """No file inside needs a newer one than we say."""
    needed = {
        (int(major), int(minor))
        for path in (DIST / "ats-agent-folder").rglob("*")
        if path.is_file()
        for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", path.read_bytes())
    }
    assert max(needed) <= OLDEST_GLIBC


def test_first_start_of_a_newcomer(tmp_path: Path) -> None:
    """Without a screen and without settings it says what is missing, and leaves nothing."""
    env = environment(tmp_path / "tmp", HOME=str(tmp_path))
    env = {name: text for name, text in env.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = run(ONE_FILE, "--home", str(tmp_path / "home"), env=env)
    assert done.returncode == 2
    assert "--server-url" in done.stderr
    until(lambda: unpacked(tmp_path / "tmp") == [], "nothing is left")
