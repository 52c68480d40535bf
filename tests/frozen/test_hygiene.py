"""What the one-file program leaves behind, survives, and hides from its children."""

import asyncio
import os
import shutil
import time
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform
from tests.fakes.panel import until
from tests.frozen.programs import (
    ONE_FILE,
    PROGRAMS,
    all_gone,
    empty,
    environment,
    online,
    run,
    unpacked,
)

pytestmark = [pytest.mark.frozen, pytest.mark.timeout(120)]
OLD = 3600.0  # seconds


@pytest.mark.parametrize("program", PROGRAMS)
async def test_quit_leaves_nothing(program: Path, tmp_path: Path) -> None:
    """After an orderly end there is no process and no unpacked folder."""
    async with DemoPlatform() as platform, online(program, platform, tmp_path) as agent:
        assert len(unpacked(tmp_path / "tmp")) == (program == ONE_FILE)
        assert await asyncio.to_thread(agent.quit) == 0
        await all_gone(agent)
    assert list((tmp_path / "tmp").iterdir()) == []


async def test_killing_the_first_process_takes_all_along(tmp_path: Path) -> None:
    """The agent ends in order, its job too, and removes the folder that nobody else would."""
    async with DemoPlatform() as platform, online(ONE_FILE, platform, tmp_path) as agent:
        await platform.send_task("t1", "sleep 61 & sleep 61")
        await asyncio.to_thread(until, lambda: len(agent.look()) >= 4, "the job runs")
        agent.kill()
        await all_gone(agent)
        until(lambda: unpacked(tmp_path / "tmp") == [], "the folder is gone")
    assert platform.closings[-1].code == 1000


async def test_killing_all_loses_nothing(tmp_path: Path) -> None:
    """After kill -9 of everything the next start delivers, and removes the folder left behind."""
    async with DemoPlatform() as platform:
        async with online(ONE_FILE, platform, tmp_path) as agent:
            await platform.send_task("t1", "echo begun; sleep 62")
            await asyncio.to_thread(until, lambda: len(agent.look()) >= 3, "the job runs")
            for one in agent.look()[:2]:
                one.kill()
            agent.process.wait()
        (left,) = unpacked(tmp_path / "tmp")
        os.utime(left, (time.time() - OLD, time.time() - OLD))
        async with online(ONE_FILE, platform, tmp_path):
            assert (await platform.result("t1"))["status"] == "error"  # interrupted
            await asyncio.to_thread(until, lambda: not left.exists(), "it was swept")


async def test_folders_of_others_stay(tmp_path: Path) -> None:
    """One that runs, one that is just being unpacked and one of another program are kept."""
    temp = tmp_path / "tmp"
    foreign, young = temp / "_MEI0foreign", temp / "_MEI0young"
    async with DemoPlatform() as platform, online(ONE_FILE, platform, tmp_path / "first") as first:
        (running,) = unpacked(tmp_path / "first" / "tmp")
        os.utime(running, (1, 1))
        (foreign / "app").mkdir(parents=True)
        os.utime(foreign, (1, 1))
        shutil.copytree(running / "app", young / "app")
        env = environment(tmp_path / "first" / "tmp")
        for each in (env, environment(temp)):
            done = await asyncio.to_thread(run, ONE_FILE, "selftest", env=each)
            assert done.returncode == 0, done.stdout
            assert running.exists()
        assert first.process.poll() is None
    assert foreign.exists()
    assert young.exists()


async def test_it_survives_a_cleaned_temporary_folder(tmp_path: Path) -> None:
    """With all its files deleted it goes on: jobs, other encodings, page, screenshots' modules."""
    async with DemoPlatform() as platform, online(ONE_FILE, platform, tmp_path) as agent:
        env, home = environment(tmp_path / "other"), str(tmp_path / "home")
        empty(tmp_path / "tmp")
        (tmp_path / "tmp").mkdir(exist_ok=True)
        await platform.send_task("t1", "printf '\\304\\343\\272\\303'; echo")  # GBK
        assert (await platform.result("t1"))["status"] == "success"
        link = await asyncio.to_thread(
            run, ONE_FILE, "dashboard", "--link", "--home", home, env=env
        )
        assert link.returncode == 0, link.stderr
        assert link.stdout.startswith("http://127.0.0.1:")
        await platform.stop()
        await platform.start()
        await platform.agent_online(connections=2)
        assert await asyncio.to_thread(agent.quit) == 0
        await all_gone(agent)


async def test_it_survives_the_removal_of_its_file(tmp_path: Path) -> None:
    """The executable may be replaced or removed while it runs: modules still load."""
    copied = tmp_path / "ats-agent"
    shutil.copy(ONE_FILE, copied)
    async with DemoPlatform() as platform, online(copied, platform, tmp_path) as agent:
        copied.unlink()
        home, env = str(tmp_path / "home"), environment(tmp_path / "other")
        link = await asyncio.to_thread(
            run, ONE_FILE, "dashboard", "--link", "--home", home, env=env
        )
        assert link.returncode == 0, link.stderr
        await platform.send_task("t1", "echo still")
        assert (await platform.result("t1"))["output"] == "still"
        assert await asyncio.to_thread(agent.quit) == 0


@pytest.mark.parametrize("program", PROGRAMS)
async def test_children_see_nothing_of_it(program: Path, tmp_path: Path) -> None:
    """A job has the user's own library path and no variable of PyInstaller's."""
    more = {"LD_LIBRARY_PATH": "/users/own"}
    async with (
        DemoPlatform() as platform,
        online(program, platform, tmp_path, **more),
    ):
        await platform.send_task("t1", 'echo "$LD_LIBRARY_PATH"; env | grep -c "_PYI\\|_MEI"')
        result = await platform.result("t1")
    assert result["output"].split() == ["/users/own", "0"]
