"""Agent and platform talk: connect, run, stream, report, refuse."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from app.control.client import Agent
from app.control.wire import AskStatus
from app.demo.platform import DemoPlatform, Settings
from tests.integration.agents import AgentProcess, ask_to_end, running_agent
from tests.integration.scripts import DEAF, WHERE, command

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_the_first_heartbeat_follows_the_greeting_at_once(tmp_path: Path) -> None:
    """The platform wiped the node's facts at connect: six fields, in its units, come at once."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        facts = platform.facts
        assert facts["node_ip"] == "127.0.0.1"
        assert facts["os_type"]
        assert facts["os_version"]
        assert facts["cpu_info"]["cores"] >= 1
        for info in ("memory_info", "disk_info"):
            assert facts[info]["unit"] == "MB"
            assert 0 < facts[info]["used"] < facts[info]["total"]


async def test_a_task_is_run_streamed_and_reported(tmp_path: Path) -> None:
    """Command in; log lines with level and time, and one result, out."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        await platform.send_task("t1", "echo one\necho 二>&2\nexit 3", env_vars={"A": "1"})
        result = await platform.result("t1")
        assert (result["status"], result["exit_code"]) == ("failed", 3)
        assert sorted(result["output"].splitlines()) == ["one", "二"]
        levels = {
            line: frame.body["level"]
            for frame in platform.logs("t1")
            for line in frame.body["message"].splitlines()
        }
        assert (levels["one"], levels["二"]) == ("info", "error")
        assert platform.log("t1").complete
        log = (agent.home / "workspace" / "logs" / "tasks" / "t1.log").read_text(encoding="utf-8")
        assert "] one" in log
        assert "]!二" in log


async def test_lines_arrive_while_the_task_runs(tmp_path: Path) -> None:
    """The first line does not wait for the second, nor for the end."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        gate = tmp_path / "gate"
        run = command(tmp_path, f"print('first'); wait({str(gate)!r})")
        await platform.send_task("t1", run)
        await platform.wait_for(lambda: "first" in platform.log_text("t1").splitlines())
        assert platform.results("t1") == []
        gate.touch()
        assert (await platform.result("t1"))["status"] == "success"


async def test_waiting_tasks_say_so_and_run_in_order(tmp_path: Path) -> None:
    """One runs, the others wait in order, and the platform hears that they wait."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        order = tmp_path / "order"
        gate = tmp_path / "gate"
        await platform.send_task("t1", command(tmp_path, f"wait({str(gate)!r})"))
        for name in ("t2", "t3"):
            await platform.send_task(name, f"echo {name}>> {order}")
        await platform.wait_for(lambda: "wait" in platform.log_text("t3").lower())
        gate.touch()
        await platform.result("t3")
        assert order.read_text(encoding="utf-8").split() == ["t2", "t3"]


async def test_cancel_ends_the_task_and_answers_once(tmp_path: Path) -> None:
    """A cancelled task reports once; cancelling it again, or a stranger, gets a remark."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.send_task("t1", command(tmp_path, "print('started'); time.sleep(60)"))
        await platform.wait_for(lambda: "started" in platform.log_text("t1").splitlines())
        await platform.cancel_task("t1")
        result = await platform.result("t1")
        assert (result["status"], result["error"]) == ("error", "cancelled")
        await platform.cancel_task("t1")
        await platform.wait_for(lambda: platform.log("t1").remarks)
        await platform.cancel_task("nobody")
        await platform.wait_for(lambda: platform.log("nobody").remarks)
        assert len(platform.results("t1")) == 1
        assert platform.results("nobody") == []


async def test_the_same_task_id_is_never_run_twice(tmp_path: Path) -> None:
    """A duplicate gets a remark, not a second run."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        ran = tmp_path / "ran"
        for _time in range(2):
            await platform.send_task("t1", f"echo run >> {ran}")
            await platform.result("t1")
        await platform.wait_for(lambda: platform.log("t1").remarks)
        assert ran.read_text(encoding="utf-8").split() == ["run"]
        assert len(platform.results("t1")) == 1


async def test_strange_frames_are_logged_masked_and_survived(tmp_path: Path) -> None:
    """Not JSON, wrong types, unknown types, binary, huge: the connection lives on."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        secret = json.dumps({"type": "dance", "token": platform.token})
        for frame in ("{{{", "[]", "null", secret, b"\xff\xfe", '{"type":5}', '{"a":' * 5000):
            await platform.send_raw(frame)
        await platform.send_raw(json.dumps({"type": "task", "task_id": "x" * 9_000_000}))
        await platform.send_task("t1", "echo alive")
        assert (await platform.result("t1"))["status"] == "success"
        assert platform.connections == 1
        assert "unreadable frame" in agent.log
        assert platform.token not in agent.log


async def test_a_task_that_cannot_be_read_is_answered(tmp_path: Path) -> None:
    """A bad task with a readable id gets an error result with the reason."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.send({"type": "task", "task_id": "t1", "command": {"no": "text"}})
        result = await platform.result("t1")
        assert result["status"] == "error"
        assert "command" in result["error"]


async def test_a_suite_that_cannot_be_read_is_completed(tmp_path: Path) -> None:
    """Without its completion it would hold the node's slot for ever."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = {"type": "execute_test_suite", "suite_id": "s1", "execution_command": 7}
        for execution in ("e1", "e2"):
            await platform.send({**suite, "execution_id": execution})
        await platform.wait_for(lambda: len(platform.frames_of("test_suite_completed")) == 2)
        ends = [frame.body for frame in platform.frames_of("test_suite_completed")]
        assert [(end["execution_id"], end["status"]) for end in ends] == [
            ("e1", "failed"),
            ("e2", "failed"),
        ]
        assert "cannot be read" in ends[0]["message"]


async def test_work_dir_of_the_platform_wins(tmp_path: Path) -> None:
    """As users of the platform expect, its folder beats the agent's own --work-dir."""
    theirs, own = tmp_path / "测试 folder", tmp_path / "own"
    settings = Settings(work_dir=str(theirs))
    async with (
        DemoPlatform(settings) as platform,
        running_agent(platform, tmp_path / "home", "--work-dir", str(own)),
    ):
        await platform.send_task("t1", WHERE)
        result = await platform.result("t1")
        assert result["output"] == str(theirs / "tasks" / "t1")


async def test_unusable_work_dir_of_the_platform_refuses_work_only(tmp_path: Path) -> None:
    """The agent stays connected and answers each task with path and cause."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    settings = Settings(work_dir=str(tmp_path / "file" / "x"))
    async with DemoPlatform(settings) as platform, running_agent(platform, tmp_path / "home"):
        await platform.send_task("t1", "echo hi")
        result = await platform.result("t1")
        assert result["status"] == "error"
        assert str(tmp_path / "file" / "x") in result["error"]
        assert "on the platform" in result["error"]  # --work-dir would change nothing
        assert platform.online
        (tmp_path / "file").unlink()  # the user has mended it: no reconnect is needed
        await platform.send_task("t2", "echo hi")
        assert (await platform.result("t2"))["status"] == "success"


async def test_a_work_dir_that_breaks_later_is_named(tmp_path: Path) -> None:
    """A file in its place: answer and status name path and cause; mended, the next task runs."""
    work_dir, home = tmp_path / "work", tmp_path / "home"
    settings = Settings(work_dir=str(work_dir))
    async with DemoPlatform(settings) as platform, running_agent(platform, home):
        await platform.send_task("t1", "echo hi")
        await platform.result("t1")
        work_dir.rename(tmp_path / "moved")
        work_dir.write_text("in the way", encoding="utf-8")
        await platform.send_task("t2", "echo hi")
        error = (await platform.result("t2"))["error"]
        folder = work_dir / "tasks" / "t2"
        assert error == f"The task's folder {folder} cannot be used: a file is in the way."
        assert await eventually(home, f"The work folder {work_dir} cannot be used: ")
        work_dir.unlink()
        await platform.send_task("t3", "echo hi")
        assert (await platform.result("t3"))["status"] == "success"
        assert await eventually(home, "")


async def eventually(home: Path, problem: str) -> bool:
    """Wait until the agent shows a problem that begins like this; "": none at all."""
    async with asyncio.timeout(10):
        while True:
            with Agent(home) as agent:
                shown = (agent.ask(AskStatus())["problem"] or {"text": ""})["text"]
            if shown.startswith(problem) and bool(shown) is bool(problem):
                return True
            await asyncio.sleep(0.05)


async def test_own_unusable_work_dir_ends_the_agent(tmp_path: Path) -> None:
    """A wrong --work-dir is the user's to correct: exit code 5 and the path."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    async with DemoPlatform() as platform:
        agent = AgentProcess(platform, tmp_path / "home", "--work-dir", str(tmp_path / "file"))
        await agent.start()
        assert await agent.ended() == 5
        assert str(tmp_path / "file") in agent.output


async def test_a_refused_token_ends_a_headless_agent(tmp_path: Path) -> None:
    """Exit code 3 and a sentence on what to do; no retry storm."""
    async with DemoPlatform() as platform:
        agent = AgentProcess(platform, tmp_path / "home")
        platform.issue_token()
        await agent.start()
        assert await agent.ended() == 3
        assert "token" in agent.output
        assert platform.refusals == 1


async def test_a_revoked_token_lets_the_running_task_end_first(tmp_path: Path) -> None:
    """Its result is kept for the next start, a waiting one is not started; exit code 3."""
    async with DemoPlatform() as platform:
        home = tmp_path / "home"
        async with running_agent(platform, home) as agent:
            gate = tmp_path / "gate"
            run = command(tmp_path, f"print('go'); wait({str(gate)!r})")
            await platform.send_task("t1", run)
            await platform.wait_for(lambda: "go" in platform.log_text("t1").splitlines())
            await platform.send_task("t2", f"echo ran> {tmp_path / 'ran'}")
            await platform.wait_for(lambda: platform.log("t2").pieces)
            await platform.revoke_token()
            gate.touch()
            assert await agent.ended() == 3
        async with running_agent(platform, home):
            assert (await platform.result("t1"))["status"] == "success"
            assert (await platform.result("t2"))["status"] == "error"
        assert not (tmp_path / "ran").exists()


async def test_a_second_agent_in_the_same_home_is_refused(tmp_path: Path) -> None:
    """One agent per home: exit code 4, and the first one is not disturbed."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        second = AgentProcess(platform, tmp_path / "home")
        await second.start()
        assert await second.ended() == 4
        assert platform.connections == 1


async def test_quit_interrupts_running_tasks_and_reports_them(tmp_path: Path) -> None:
    """The task is ended within its grace and reported, and the goodbye is clean."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        await platform.send_task("t1", command(tmp_path, "print('on'); time.sleep(60)"))
        await platform.wait_for(lambda: "on" in platform.log_text("t1").splitlines())
        assert await agent.stop() == 0
        assert (await platform.result("t1"))["status"] == "error"
        assert platform.closings[-1].code == 1000


async def test_the_token_is_nowhere(tmp_path: Path) -> None:
    """Not in a log, not in the journal, not in a job's environment; even at level DEBUG."""
    home = tmp_path / "home"
    async with (
        DemoPlatform() as platform,
        running_agent(platform, home, "--log-level", "DEBUG") as agent,
    ):
        code = """
        print(os.environ)
        if sys.platform == "linux":
            print(Path("/proc/self/environ").read_text())
        """
        await platform.send_task("t1", command(tmp_path, code))
        result = await platform.result("t1")
        assert "ATS_AGENT_TOKEN" not in result["output"]
        token = platform.token
        assert token not in result["output"]
        await platform.cut()
        await platform.agent_online(connections=2)
        assert await agent.stop() == 0
        assert token not in agent.output
        for file in home.rglob("*"):
            if file.is_file():
                assert token.encode() not in file.read_bytes(), file


async def test_the_platforms_own_start_command_works(tmp_path: Path) -> None:
    """Pasted with the quotes that Windows' cmd keeps, and an empty work dir."""
    async with DemoPlatform() as platform:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            f"--url='{platform.url}'",
            f"--token='{platform.token}'",
            "--work_dir=''",
            "--home",
            str(tmp_path / "home"),
            "--headless",
            stderr=asyncio.subprocess.PIPE,
            env={k: v for k, v in os.environ.items() if not k.startswith("ATS_AGENT_")},
        )
        await platform.agent_online()
        ask_to_end(process, tmp_path / "home")
        await process.communicate()
        assert process.returncode == 0


async def test_asked_twice_the_agent_does_not_wait_for_deaf_tasks(tmp_path: Path) -> None:
    """A second Ctrl+C ends running tasks without their grace of 10 s; they are reported."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        deaf = DEAF + "print('on', flush=True)\ntime.sleep(60)"
        await platform.send_task("t1", [sys.executable, "-c", deaf])
        await platform.wait_for(lambda: "on" in platform.log_text("t1").splitlines())
        agent.ask_to_end()
        await platform.wait_for(lambda: "Ending" in platform.log_text("t1"))
        agent.ask_to_end()
        async with asyncio.timeout(8):
            assert await agent.ended() == 0
        assert (await platform.result("t1"))["status"] == "error"
