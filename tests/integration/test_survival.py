"""Cuts, crashes, stalls and poison: nothing is lost, nothing runs twice, nothing stays behind."""

import asyncio
import contextlib
import itertools
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from app.demo.platform import DemoPlatform
from app.host.containment import MARKER
from tests.integration.agents import AgentProcess, appears, running_agent, vanishes
from tests.integration.scripts import command

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LINES = 20_000
TREE = """
sleeper = [sys.executable, "-c", "import time; time.sleep(300)"]
child = subprocess.Popen(sleeper, start_new_session=True)
Path({pids!r}).write_text(f"{{child.pid}} {{os.getpid()}} {{os.getppid()}}")
print("on")
time.sleep(300)
"""


def count_to(n: int, *, pause_every: int = 0, last: str = "") -> list[str]:
    """A command that prints 1 … n, one number per line, and rests now and then."""
    rest = f"if i % {pause_every} == 0: time.sleep(0.05)" if pause_every else "pass"
    code = f"import time\nfor i in range(1, {n} + 1):\n    print(i, flush=True)\n    {rest}\n"
    return [sys.executable, "-c", code + last]


def numbers(text: str) -> list[int]:
    """The numbers that a counting task printed, the agent's remarks left out."""
    return [int(line) for line in text.splitlines() if line.isdigit()]


async def test_a_cut_connection_loses_no_line(tmp_path: Path) -> None:
    """RST in the middle of a flood, half a frame once: every line arrives, in order, once."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.send_task("t1", count_to(LINES, pause_every=500))
        await platform.wait_for(lambda: platform.log("t1").lines > 1000)
        await platform.cut()
        await platform.agent_online(connections=2)
        await platform.cut_mid_frame()
        result = await platform.result("t1", timeout=20)
        assert result["status"] == "success"
        assert numbers(platform.log_text("t1")) == list(range(1, LINES + 1))
        assert platform.log("t1").complete
        assert platform.log("t1").differing == 0


async def test_tasks_go_on_while_the_platform_is_away(tmp_path: Path) -> None:
    """Jobs run to their end offline; log and result come when the platform is back."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        done = tmp_path / "done"
        code = f"print('before'); time.sleep(0.5); print('after'); Path({str(done)!r}).touch()"
        await platform.send_task("t1", command(tmp_path, code))
        await platform.wait_for(lambda: "before" in platform.log_text("t1").splitlines())
        await platform.crash()
        await appears(done)
        await platform.start()
        assert (await platform.result("t1", timeout=15))["output"] == "before\nafter"


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_platform_that_went_silent_is_noticed_and_left(tmp_path: Path) -> None:
    """No ack within 15 s is a loss: the agent connects anew and everything arrives."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        platform.go_silent()
        await platform.agent_gone(timeout=30)  # a beat, its 15 s, a bounded goodbye
        platform.speak()
        await platform.agent_online(connections=2)
        await platform.send_task("t1", "echo back")
        assert (await platform.result("t1"))["status"] == "success"


async def test_a_killed_agent_reports_what_it_was_running(tmp_path: Path) -> None:
    """After kill -9 the next start ends the left-over tree and reports INTERRUPTED once."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform:
        async with running_agent(platform, home) as agent:
            pids = tmp_path / "pids"
            await platform.send_task("t1", command(tmp_path, TREE.format(pids=str(pids))))
            await platform.send_task("t2", "echo never")
            await platform.wait_for(lambda: "on" in platform.log_text("t1").splitlines())
            await agent.kill()
        async with running_agent(platform, home):
            first = await platform.result("t1")
            second = await platform.result("t2")
            assert first["status"] == second["status"] == "error"
            assert first["output"] == "on"
            assert "never" not in second["output"]
            for pid in map(int, pids.read_text(encoding="utf-8").split()):
                assert not psutil.pid_exists(pid) or _is_zombie(pid)
            await platform.send_task("t1", "echo again")
            await platform.wait_for(lambda: platform.log("t1").remarks)
            assert len(platform.results("t1")) == 1


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_killed_at_random_points_nothing_is_lost(tmp_path: Path) -> None:
    """20 kills at random moments of short tasks: one result and a whole log each, no process."""
    home = tmp_path / "home"
    rng = random.Random(20261122)  # noqa: S311 (a repeatable test)
    async with DemoPlatform() as platform:
        for trial in range(20):
            async with running_agent(platform, home) as agent:
                for number in range(3):
                    await platform.send_task(f"t{trial}-{number}", count_to(200, pause_every=50))
                await asyncio.sleep(rng.uniform(0.0, 0.6))
                await agent.kill()
        async with running_agent(platform, home):
            await platform.send_task("last", "echo last")
            await platform.result("last", timeout=30)  # oldest first: all others went before
            for trial in range(20):
                for number in range(3):
                    await _has_ended_honestly(platform, f"t{trial}-{number}")
            assert left_over(home) == []


def left_over(home: Path) -> list[int]:
    """The processes of all jobs that the agents of this home ever started, by their markers."""
    with closing(sqlite3.connect(home / "journal.db")) as journal:
        markers = {marker for (marker,) in journal.execute("SELECT marker FROM jobs")}
    assert markers
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) in markers:
                found.append(process.pid)
    return found


async def _has_ended_honestly(platform: DemoPlatform, job_id: str) -> None:
    """A task that the agent saw has one kind of result, and a log without gaps."""
    if not platform.log(job_id).pieces:  # killed before it read the frame: never the agent's
        assert platform.results(job_id) == []
        return
    result = await platform.result(job_id)
    assert len({item["status"] for item in platform.results(job_id)}) == 1
    job = platform.log(job_id)
    assert job.complete
    got = numbers(platform.log_text(job_id))
    assert got == list(range(1, len(got) + 1))
    if result["status"] == "success":
        assert len(got) == 200


async def test_a_frozen_platform_does_not_hold_the_task_back(tmp_path: Path) -> None:
    """Back-pressure ends at the disk: the job ends while nobody reads; all arrives later."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        done = tmp_path / "done"
        last = f"open({str(done)!r}, 'w').close()"
        await platform.send_task("t1", count_to(LINES, last=last))
        await platform.wait_for(lambda: platform.log("t1").lines > 10)
        platform.stall()
        await appears(done)
        platform.resume()
        await platform.result("t1", timeout=15)
        assert numbers(platform.log_text("t1")) == list(range(1, LINES + 1))


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_poisonous_result_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    """What kills three sessions is never sent again, is reported, and blocks nobody else."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        platform.poison_on(
            lambda body: body.get("type") == "task_result" and body.get("task_id") == "bad"
        )
        await platform.send_task("bad", "echo poison")
        await platform.wait_for(lambda: platform.connections >= 4, timeout=60)
        await platform.agent_online(connections=4, timeout=20)
        await platform.send_task("good", "echo fine")
        assert (await platform.result("good", timeout=20))["status"] == "success"
        assert "will never be sent" in agent.log
        assert platform.connections == 4


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_heartbeats_keep_their_time_under_a_flood(tmp_path: Path) -> None:
    """While a job prints 100 MB, no heartbeat is more than a second late."""
    config = tmp_path / "ats.yaml"
    config.write_text("monitor:\n  interval: 1\n", encoding="utf-8")
    code = "import sys; [sys.stdout.write(('x' * 79 + chr(10)) * 1000) for _ in range(1250)]"
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home, "--config", str(config)):
        before = len(platform.heartbeats)
        await platform.send_task("t1", [sys.executable, "-c", code])
        await platform.result("t1", timeout=60)
        times = [frame.at for frame in list(platform.heartbeats)[before - 1 :]]
        assert max(b - a for a, b in itertools.pairwise(times)) < 2.0


@pytest.mark.slow
@pytest.mark.timeout(60)
async def test_a_huge_line_arrives_whole(tmp_path: Path) -> None:
    """50 MB without a newline: decoded, stored and sent in pieces, nothing missing."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        code = "import sys; [sys.stdout.write(chr(233) * 500_000) for _ in range(50)]"
        await platform.send_task("t1", [sys.executable, "-X", "utf8", "-c", code])
        await platform.result("t1", timeout=40)
        assert platform.log_text("t1").count("é") == 25_000_000
        assert platform.log("t1").complete


async def test_partial_lines_on_both_streams_arrive_whole(tmp_path: Path) -> None:
    """stdout and stderr cut into each other's open lines: every line, in order, no gap."""
    # Each ends with a character that no token begins with: that would be held back.
    writes = [
        (1, "abc."),
        (2, "E1."),
        (1, "def."),
        (1, "ghi\n"),
        (2, "E2\n"),
        (2, "E3."),
        (1, "\n"),
    ]
    code = f"import os, time\nfor fd, text in {writes!r}:\n"
    code += "    os.write(fd, text.encode())\n    time.sleep(0.4)\n"
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.send_task("t1", [sys.executable, "-c", code])
        await platform.result("t1", timeout=15)
        assert platform.log("t1").complete
        assert "\nabc.\nE1.\ndef.ghi\nE2\nE3.\n\nTask ended" in platform.log_text("t1")


async def test_started_again_the_agent_owes_only_what_was_not_confirmed(tmp_path: Path) -> None:
    """A confirmed job is not sent again by the next start."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform:
        async with running_agent(platform, home) as agent:
            await platform.send_task("t1", "echo once")
            await platform.result("t1")
            assert await agent.stop() == 0
        seen = len(platform.frames_of("task_log"))
        async with running_agent(platform, home):
            await platform.send_task("t2", "echo twice")
            await platform.result("t2")
        assert len(platform.results("t1")) == 1
        assert all(f.body["task_id"] == "t2" for f in platform.frames_of("task_log")[seen:])


async def test_what_is_owed_to_one_environment_is_told_to_no_other(tmp_path: Path) -> None:
    """A log kept while offline is never sent to another platform."""
    home = tmp_path / "home"
    async with DemoPlatform() as theirs:
        async with running_agent(theirs, home) as agent:
            done = tmp_path / "done"
            code = f"time.sleep(0.3); print('secret'); Path({str(done)!r}).touch()"
            await theirs.send_task("t1", command(tmp_path, code))
            await theirs.wait_for(lambda: theirs.log("t1").pieces)
            await theirs.crash()
            await appears(done)
            await agent.stop()
        async with DemoPlatform() as other:
            async with running_agent(other, home):
                await other.send_task("t2", "echo mine")
                await other.result("t2")
            assert {frame.body["task_id"] for frame in other.frames_of("task_log")} == {"t2"}
            assert other.results("t1") == []
        await theirs.start()
        back = AgentProcess(theirs, home)
        await back.start()
        try:
            assert "secret" in (await theirs.result("t1"))["output"]
        finally:
            await back.stop()


async def test_old_delivered_tasks_are_removed_by_the_running_agent(tmp_path: Path) -> None:
    """Only the newest `keep_tasks` stay: folder and log of the others go at the next tidying."""
    home = tmp_path / "home"
    config = tmp_path / "ats.yaml"
    config.write_text("task: {cleanup: {keep_tasks: 1, keep_days: 0}}\n", encoding="utf-8")
    async with DemoPlatform() as platform:
        async with running_agent(platform, home, "--config", str(config)) as agent:
            for name in ("old", "new"):
                await platform.send_task(name, "echo x > file")
                await platform.result(name)
            assert await agent.stop() == 0
        tasks, logs = home / "workspace" / "tasks", home / "workspace" / "logs" / "tasks"
        async with running_agent(platform, home, "--config", str(config)):
            await vanishes(tasks / "old")
            await vanishes(logs / "old.log")
            assert (tasks / "new" / "file").exists()
            assert (logs / "new.log").exists()
