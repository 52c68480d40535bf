"""Suites, end to end: the real agent and a platform that behaves like the MySQL one."""

import asyncio
import json
import subprocess
import textwrap
from functools import partial
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform, Settings
from app.demo.rows import Git
from app.demo.suites import Execution
from tests.integration.agents import AgentProcess, appears, running_agent
from tests.integration.scripts import HELPER, PYTHON, command, results, sound

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LIMIT = 65_535  # bytes of log that the platform stores per execution


def has_frames(execution: Execution, count: int) -> bool:
    """So many log frames have come."""
    return execution.log_frames >= count


async def test_a_suite_from_the_button_to_the_history(tmp_path: Path) -> None:
    """Cases in any order find their results; log, duration, state and history are right."""
    run = command(
        tmp_path,
        """
        print("用户取消了订单", flush=True)
        items = []
        for code, status in (("100001", "passed"), ("100002", "failed"), ("100003", "skipped")):
            items.append(item(code, status, error=None if status == "passed" else "why " + code))
            write(*items)
            time.sleep(0.4)
        sys.exit(1)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=["100003", "100001", "100002"])
        execution = await suite.execute()
        completion = await execution.completed()
        assert completion["status"] == "failed"
        assert results(execution) == {"100001": "passed", "100002": "failed", "100003": "skipped"}
        assert len(execution.results) == 3
        errors = {row.code: row.error_message for row in execution.results}
        assert errors["100002"] == "why 100002"
        await platform.wait_for(lambda: execution.duration)
        (entry,) = platform.history()
        assert (entry.result, entry.case_count) == ("failed", 3)
        assert suite.state == "failed"
        assert "用户取\u200b消了订单" in execution.log_text
        assert "测试套执行完成" in execution.log_text
        assert sound(platform)


async def test_cases_are_seen_within_a_second(tmp_path: Path) -> None:
    """A case is reported while the command still runs; the last one waits for its end."""
    run = command(
        tmp_path,
        """
        write(item("100001", "passed"))
        Path("first").touch()
        wait("go on")
        write(item("100001", "passed"), item("100002", "passed"))
        Path("second").touch()
        wait("end")
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=["100001", "100002"])
        execution = await suite.execute()
        folder = agent.home / "workspace" / "suites" / suite.id
        await appears(folder / "first")
        began = asyncio.get_running_loop().time()
        await platform.wait_for(lambda: results(execution) == {"100001": "passed"})
        assert asyncio.get_running_loop().time() - began < 5.0
        (folder / "go on").touch()
        await appears(folder / "second")
        assert results(execution) == {"100001": "passed"}
        (folder / "end").touch()
        assert (await execution.completed())["status"] == "completed"
        assert results(execution) == {"100001": "passed", "100002": "passed"}
        assert sound(platform)


async def test_a_flood_fills_the_platforms_log_and_no_more(tmp_path: Path) -> None:
    """Of 10 MB at least 95 % of the 64 KiB are used, nothing is dropped, the end is there."""
    run = command(tmp_path, 'print(("行" * 30 + "x" * 9 + "\\n") * 100_000, flush=True)')
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=["100001"])
        execution = await suite.execute()
        await execution.completed(timeout=15)
        assert execution.received_bytes <= LIMIT
        assert execution.log_bytes >= 0.95 * LIMIT
        assert not execution.dropped_frames
        assert "测试套执行完成" in execution.log_text
        log = next((agent.home / "workspace" / "logs" / "tasks").glob("*.log"))
        assert str(log) in execution.log_text
        assert log.stat().st_size > 9_900_000
        assert results(execution) == {"100001": "passed"}
        assert sound(platform)


@pytest.mark.slow
async def test_a_flood_with_cuts_stays_within_the_limit(tmp_path: Path) -> None:
    """Repeats after lost connections count too."""
    run = command(
        tmp_path,
        """
        for number in range(30):
            print(("行" * 30 + "x" * 9 + "\\n") * 40, flush=True)
            time.sleep(0.1)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=["100001", "100002"])
        execution = await suite.execute()
        for frames in (2, 3, 5):
            await platform.wait_for(partial(has_frames, execution, frames))
            await platform.cut()
            await platform.agent_online()
        await execution.completed(timeout=15)
        assert execution.received_bytes <= LIMIT
        assert "测试套执行完成" in execution.log_text
        assert sound(platform)


async def test_an_agent_killed_in_the_middle_completes_after_its_restart(tmp_path: Path) -> None:
    """What was reported stays reported once, the rest are errors, the slot is free again."""
    run = command(
        tmp_path,
        """
        write(item("100001", "passed"))
        Path("running").touch()
        time.sleep(60)
        """,
    )
    async with DemoPlatform() as platform:
        agent = AgentProcess(platform, tmp_path / "home")
        await agent.start()
        await platform.agent_online()
        suite = platform.create_suite(run, cases=["100001", "100002"])
        execution = await suite.execute()
        await platform.wait_for(lambda: results(execution) == {"100001": "passed"})
        waiting = await suite.execute()
        await agent.kill()
        async with running_agent(platform, tmp_path / "home"):
            completion = await execution.completed()
            assert completion["status"] == "failed"
            assert results(execution) == {"100001": "passed", "100002": "error"}
            assert len([row for row in execution.results if row.code == "100001"]) <= 2
            await platform.wait_for(lambda: waiting.status == "running")
            assert waiting.sent is not None
            assert "case_codes" not in waiting.sent
            await waiting.cancel()
            assert (await waiting.completed())["status"] == "cancelled"
            assert sound(platform)


async def test_a_queued_execution_finds_its_cases_by_the_earlier_run(tmp_path: Path) -> None:
    """From the queue come no codes; they are known from the run before."""
    run = command(
        tmp_path, 'write(item("100001", "passed"), item("100002", "failed")); sys.exit(1)'
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=["100002", "100001"])
        first, second = await suite.execute(), await suite.execute()
        assert (await first.completed())["status"] == "failed"
        assert (await second.completed())["status"] == "failed"
        assert second.sent is not None
        assert "case_codes" not in second.sent
        assert {row.code: row.result for row in suite.results[-2:]} == {
            "100001": "passed",
            "100002": "failed",
        }
        assert sound(platform)


async def test_a_cancelled_suite_is_pending_again(tmp_path: Path) -> None:
    """The stock agent's words: history cancelled, suite pending, nothing of it left."""
    run = command(tmp_path, 'Path("running").touch(); time.sleep(60)')
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=["100001", "100002"])
        execution = await suite.execute()
        await appears(agent.home / "workspace" / "suites" / suite.id / "running")
        await execution.cancel()
        completion = await execution.completed()
        assert completion["status"] == "cancelled"
        assert execution.results == []
        await platform.wait_for(lambda: suite.state == "pending")
        assert platform.history()[0].result == "cancelled"
        assert sound(platform)


async def test_a_checkout_with_the_environment_clean(tmp_path: Path) -> None:
    """Clone, case list, run; a second run is an update; git's settings stay out of the job."""
    repository = tmp_path / "仓库 repo"
    (repository / "xat").mkdir(parents=True)
    (repository / "xat" / "keep").touch()
    body = HELPER + textwrap.dedent("""
        import os
        listed = json.loads(Path("xat/test_cases.json").read_text())["case_codes"]
        write(*[item(code, "passed") for code in listed])
        assert not [name for name in os.environ if name.startswith("GIT_CONFIG")]
        assert (os.environ["GIT_ASKPASS"], os.environ["GIT_TERMINAL_PROMPT"]) == ("", "0")
    """)
    (repository / "run.py").write_text(body, encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "one 一"]):
        subprocess.run([*git, *words], cwd=repository, check=True, timeout=10)  # noqa: ASYNC221
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        where = Git(str(repository), "main", "tok-en-secret-123")
        suite = platform.create_suite(f"{PYTHON} run.py", cases=["100001", "100002"], git=where)
        for _run in range(2):
            execution = await suite.execute()
            assert (await execution.completed())["status"] == "completed", execution.log_text
            assert results(execution) == {"100001": "passed", "100002": "passed"}
        assert sound(platform)
        for file in agent.home.rglob("*"):
            if file.is_file():
                assert b"tok-en-secret" not in file.read_bytes(), file


async def test_two_suites_at_once_and_one_suite_in_a_row(tmp_path: Path) -> None:
    """max_concurrent suites run side by side; executions of one follow each other."""
    config = tmp_path / "config.yaml"
    config.write_text("task: {max_concurrent: 3}\n", encoding="utf-8")
    settings = Settings(max_concurrent_tasks=3)
    flags = ("--config", str(config))
    run = command(tmp_path, 'Path("started").touch(); wait("go"); Path("go").unlink()')
    async with (
        DemoPlatform(settings) as platform,
        running_agent(platform, tmp_path / "home", *flags) as agent,
    ):
        one, two = (platform.create_suite(run, cases=["100001", "100002"]) for _ in range(2))
        first, other, second = await one.execute(), await two.execute(), await one.execute()
        suites = agent.home / "workspace" / "suites"
        await appears(suites / one.id / "started")
        await appears(suites / two.id / "started")
        waiting = agent.home / "workspace" / "logs" / "tasks" / f"{second.id}.log"
        await appears(waiting)
        assert "before it to end" in waiting.read_text(encoding="utf-8")
        (suites / two.id / "go").touch()
        await other.completed()
        (suites / one.id / "started").unlink()
        (suites / one.id / "go").touch()
        await first.completed()
        await appears(suites / one.id / "started")
        (suites / one.id / "go").touch()
        assert (await second.completed())["status"] == "completed"
        assert sound(platform)


async def test_workspace_of_the_agent(tmp_path: Path) -> None:
    """What a suite left can be looked at, within the platform's 10 s."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.workspace_mkdir("notes")
        await platform.workspace_write("notes/读我.txt", "你好\n")
        names = [entry["name"] for entry in await platform.workspace_list("")]
        assert {"notes", "suites", "tasks", "logs"} <= set(names)
        read = await platform.workspace_read("notes/读我.txt")
        assert read["content"] == "你好\n"
        await platform.workspace_delete("notes")
        assert "notes" not in json.dumps(await platform.workspace_list(""))


async def test_quick_executions_of_a_suite_do_not_mix(tmp_path: Path) -> None:
    """The platform takes results of one second together: each execution gets its own verdict."""
    run = command(
        tmp_path,
        """
        second = Path("ran").exists()
        Path("ran").touch()
        write(item("100001", "passed"))
        time.sleep(0.3)
        write(item("100001", "passed"), item("100002", "failed" if second else "passed"))
        time.sleep(0.3)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=["100001", "100002"])
        first, second = await suite.execute(), await suite.execute()
        assert (await first.completed())["status"] == "completed"
        assert (await second.completed())["status"] == "failed"
        await platform.wait_for(lambda: second.status != "running")
        assert (first.status, second.status) == ("completed", "failed")
        assert sound(platform)
