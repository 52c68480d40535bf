"""A running agent driven from a terminal: real agents, real commands, a real platform."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.demo.platform import DemoPlatform
from tests.integration.agents import AgentProcess, running_agent
from tests.integration.scripts import DEAF, command

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(60)]

WORDS = {"PYTHONWARNINGS": "error", "ATS_AGENT_LANGUAGE": "en", "PYTHONIOENCODING": "utf-8"}
PAUSED = "This computer is paused; the task starts when it is resumed."


@dataclass(frozen=True)
class Done:
    """What a command of the terminal came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)


async def started(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start `ats-agent ARGUMENTS --home HOME`."""
    env = {key: text for key, text in os.environ.items() if not key.startswith("ATS_AGENT_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", *arguments, "--home", str(home)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**env, **WORDS},
    )


async def ats(home: Path, *arguments: str) -> Done:
    """Run a command to its end."""
    process = await started(home, *arguments)
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, *map(text_of, (out, err)))


def text_of(printed: bytes) -> str:
    """What a program printed, with the line ends of Python."""
    return printed.decode().replace(os.linesep, "\n")


def says_paused(platform: DemoPlatform, task: str) -> bool:
    """Whether the platform shows that the task waits for the end of the pause."""
    return PAUSED in platform.log_text(task)


async def status(home: Path) -> Any:
    """The agent's state as JSON."""
    done = await ats(home, "status", "--json")
    assert done.code == 0, done.err
    return done.json


async def status_when(home: Path, holds: Callable[[Any], bool]) -> Any:
    """The agent's state, once it is so (another process: there is no event)."""
    async with asyncio.timeout(20):
        while not holds(now := await status(home)):  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.05)
    return now


async def test_status_and_jobs(tmp_path: Path) -> None:
    """For programs every field, for people the same in words; what is secret is masked."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        secret = {"API_TOKEN": "s3cret-s3cret"}
        run = command(tmp_path, "time.sleep(60)")
        await platform.send_task("t1", f"{run} s3cret-s3cret", env_vars=secret)
        await platform.send_task("t2", "exit 0")
        now = await status_when(home, lambda now: (now["running"], now["waiting"]) == (1, 1))
        assert now["agent"]["pid"] == agent.pid
        assert now["agent"]["version"]
        assert now["agent"]["started_at"] <= now["link_since"] <= now["now"]
        assert (now["link"], now["wanted"], now["paused"]) == ("online", True, False)
        assert now["environment"] == "Demo environment"
        assert now["server_url"] == platform.url
        assert now["problem"] is None
        assert now["owed_bytes"] >= 0
        assert 0 < now["latency_ms"] < 10_000
        jobs = (await ats(home, "jobs", "--json")).json["jobs"]
        assert [(job["id"], job["kind"]) for job in jobs] == [("t1", "task"), ("t2", "task")]
        assert jobs[0]["title"] == f"{run} ***"
        assert jobs[1]["state"] == "queued"
        words = (await ats(home, "status")).out.splitlines()
        assert words[0].startswith("State        Online for ")
        assert words[1] == "Jobs         1 running, 1 waiting"
        table = (await ats(home, "jobs")).out.splitlines()
        assert table[0].split() == ["STATE", "FOR", "KIND", "ID", "COMMAND"]
        assert table[1].index(run[:9]) == table[2].index("exit 0") == table[0].index("COMMAND")


async def test_pause_and_resume(tmp_path: Path) -> None:
    """What runs goes on; what waits or comes says that the computer is paused, until resumed."""
    home, gate = tmp_path / "home", tmp_path / "gate"
    async with DemoPlatform() as platform, running_agent(platform, home):
        await platform.send_task("runs", command(tmp_path, f"wait({str(gate)!r})"))
        await platform.send_task("waited", "echo waited")
        await platform.wait_for(lambda: "free place" in platform.log_text("waited"))
        done = await ats(home, "pause")
        assert done.out.startswith("Paused: ")
        await platform.send_task("came", "echo came")
        for task in ("waited", "came"):
            await platform.wait_for(partial(says_paused, platform, task))
        gate.touch()
        assert (await platform.result("runs"))["status"] == "success"
        now = await status(home)
        assert (now["paused"], now["running"], now["waiting"]) == (True, 0, 2)
        assert "paused (`ats-agent resume` ends that)" in (await ats(home, "status")).out
        assert (await ats(home, "resume", "--json")).json["paused"] is False
        assert (await platform.result("came"))["status"] == "success"
        assert (await platform.result("waited"))["status"] == "success"


async def test_wishes_survive_a_restart(tmp_path: Path) -> None:
    """Paused and disconnected stay so, after a kill too; the log and status say it."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        await ats(home, "pause")
        await ats(home, "disconnect")
        await platform.agent_gone()
        await status_when(home, lambda now: now["link"] == "stopped")
        await agent.kill()
        await agent.start()
        now = await running(home)
        assert (now["wanted"], now["paused"], now["link"]) == (False, True, "stopped")
        words = (await ats(home, "status")).out
        assert "Disconnected, as you wanted (`ats-agent connect` ends that), paused" in words
        assert "Disconnected, as its user wanted it" in agent.log
        assert "Paused, as its user wanted it" in agent.log
        assert platform.connections == 1
        await ats(home, "connect")
        await platform.agent_online(connections=2)
        await platform.send_task("t1", "exit 0")
        await platform.wait_for(lambda: PAUSED in platform.log_text("t1"))
        await ats(home, "resume")
        assert (await platform.result("t1"))["status"] == "success"
        assert await agent.stop() == 0
        await agent.start()
        await platform.agent_online(connections=3)
        assert (await status(home))["paused"] is False


async def running(home: Path) -> Any:
    """The agent's state, once it stands."""
    async with asyncio.timeout(20):
        while (done := await ats(home, "status", "--json")).code != 0:
            assert done.code == 8
            await asyncio.sleep(0.1)
    return done.json


async def test_cancel(tmp_path: Path) -> None:
    """A running and a waiting job end as if the platform had cancelled; a stranger is named."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        await platform.send_task("t1", command(tmp_path, "print('begun'); time.sleep(60)"))
        await platform.send_task("t2", "exit 0")
        await platform.wait_for(lambda: "begun" in platform.log_text("t1").splitlines())
        await status_when(home, lambda now: now["waiting"] == 1)
        for task in ("t2", "t1"):
            assert (await ats(home, "cancel", task)).out == f"Job {task} is being ended.\n"
            assert (await platform.result(task))["error"] == "cancelled"
        await platform.wait_for(lambda: "cancelled at this computer" in platform.log_text("t1"))
        unknown = await ats(home, "cancel", "t3")
        assert (unknown.code, unknown.out) == (9, "")
        assert "No job t3 runs or waits." in unknown.err


async def test_cancel_an_execution_of_a_suite(tmp_path: Path) -> None:
    """Its id is SUITE/EXECUTION; its cases get their honest end."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        suite = platform.create_suite(command(tmp_path, "time.sleep(60)"), ("100001",))
        execution = await suite.execute()
        await status_when(home, lambda now: now["running"] == 1)
        job = (await ats(home, "jobs", "--json")).json["jobs"][0]
        assert (job["id"], job["kind"]) == (f"{suite.id}/{execution.id}", "suite")
        assert (await ats(home, "cancel", job["id"])).code == 0
        await platform.wait_for(lambda: execution.status == "cancelled")


async def test_stop(tmp_path: Path) -> None:
    """It ends in order and the command returns when the process is gone: a start may follow."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        done = await ats(home, "stop")
        assert done.code == 0
        assert done.out == "The agent ends: 0 running, 0 waiting.\nThe agent has ended.\n"
        assert await agent.ended() == 0
        assert not (home / "control.json").exists()
        gone = await ats(home, "status")
        assert (gone.code, gone.out) == (8, "")
        assert "No agent is running for the home folder" in gone.err
        assert "--home" in gone.err


async def test_stop_now(tmp_path: Path) -> None:
    """A job that ignores the question to end is not given its 10 s."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        deaf = DEAF + "print('begun', flush=True)\ntime.sleep(60)"
        await platform.send_task("t1", [sys.executable, "-c", deaf])
        await platform.wait_for(lambda: "begun" in platform.log_text("t1").splitlines())
        began = asyncio.get_running_loop().time()
        assert (await ats(home, "stop", "--now", "--json")).json == {"ended": True}
        assert asyncio.get_running_loop().time() - began < 8
        assert await agent.ended() == 0


async def test_stop_after_jobs(tmp_path: Path) -> None:
    """What runs may end; what waits is answered as not run; then the agent goes."""
    home, gate = tmp_path / "home", tmp_path / "gate"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        await platform.send_task("t1", command(tmp_path, f"wait({str(gate)!r})"))
        await platform.send_task("t2", "exit 0")
        await status_when(home, lambda now: (now["running"], now["waiting"]) == (1, 1))
        stop = await started(home, "stop", "--after-jobs")
        assert "was not run" in (await platform.result("t2"))["error"]
        now = await status(home)
        assert (now["draining"], now["running"], now["link"]) == (True, 1, "online")
        assert "ends as soon as nothing runs" in (await ats(home, "status")).out
        gate.touch()
        assert (await platform.result("t1"))["status"] == "success"
        out, _err = await stop.communicate()
        assert stop.returncode == 0
        assert text_of(out).endswith("The agent has ended.\n")
        assert await agent.ended() == 0


async def test_logs_of_the_agent_are_followed(tmp_path: Path) -> None:
    """-f prints what comes; it ends with the agent."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        assert "Online as Demo environment" in (await ats(home, "logs")).out
        assert (await ats(home, "logs", "-n", "1")).out.count("\n") == 1
        following = await started(home, "logs", "-f", "-n", "0")
        assert following.stdout is not None
        await asyncio.sleep(1)  # nothing tells when another program has begun to follow
        await ats(home, "pause")
        line = await following.stdout.readline()
        assert b"paused: what runs is finished" in line
        await agent.stop()
        _out, err = await following.communicate()
        assert following.returncode == 0
        assert text_of(err) == "The agent has ended.\n"


async def test_logs_of_a_job(tmp_path: Path) -> None:
    """While it runs its lines come as they are written; -f ends with the job."""
    home, gate = tmp_path / "home", tmp_path / "gate"
    async with DemoPlatform() as platform, running_agent(platform, home):
        run = command(tmp_path, f"print('一'); wait({str(gate)!r})")
        await platform.send_task("t1", run)
        await status_when(home, lambda now: now["running"] == 1)
        following = await started(home, "logs", "t1", "-f")
        assert following.stdout is not None
        while "] 一" not in (await following.stdout.readline()).decode():
            pass
        gate.touch()
        out, _err = await following.communicate()
        assert "Task ended: success" in out.decode()
        assert "Task ended: success" in (await ats(home, "logs", "t1", "-n", "1")).out
        unknown = await ats(home, "logs", "t2")
        assert (unknown.code, unknown.out) == (9, "")
        assert "There is no log of a job t2." in unknown.err


async def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    """`logs -f | head -1` ends."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        following = await started(home, "logs", "-f")
        assert following.stdout is not None
        await following.stdout.readline()
        following._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        await ats(home, "pause")
        await ats(home, "resume")
        async with asyncio.timeout(10):
            assert await following.wait() == 0


async def test_after_a_kill(tmp_path: Path) -> None:
    """The card of a dead agent leads nowhere: said in one line, with the next step."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        await agent.kill()
        assert (home / "control.json").exists()
        for command in (["status"], ["stop"], ["cancel", "t1"], ["logs", "-f"]):
            gone = await ats(home, *command)
            assert (gone.code, gone.out) == (8, "")
            assert gone.err.count("\n") == 1
            assert f"process {agent.pid} ended without a goodbye" in gone.err


async def test_a_second_start_names_the_first(tmp_path: Path) -> None:
    """Exit code 4, and how to see the one that runs."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        second = AgentProcess(platform, home)
        await second.start()
        assert await second.ended() == 4
        assert f"ats-agent status --home {home}" in second.output


@pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX modes")
async def test_a_card_that_others_could_have_written(tmp_path: Path) -> None:
    """Nothing in it is trusted."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        assert (home / "control.json").stat().st_mode & 0o777 == 0o600
        (home / "control.json").chmod(0o644)
        refused = await ats(home, "status")
        assert (refused.code, refused.out) == (9, "")
        assert "can be read or written by other users" in refused.err


async def test_a_broken_configuration_does_not_stop_the_commands(tmp_path: Path) -> None:
    """They need the home folder and nothing else."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        (home / "config.yaml").write_text("task: [", encoding="utf-8")
        assert (await ats(home, "status")).code == 0
