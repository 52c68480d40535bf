"""The rules of docs/protocol.md, section 0, as the platform's user sees them kept.

Each test is named after its rule and fails when the agent breaks it: a real agent, and a
platform that takes offence as the MySQL one does.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.demo.platform import DemoPlatform, Settings
from app.demo.record import Frame
from app.demo.refusals import UnreachableError
from app.demo.rows import Case, Git
from app.demo.suites import Execution, ExecutionState
from app.exit_codes import ExitCode
from tests.integration.agents import AgentProcess, appears, ask_to_end, running_agent
from tests.integration.scripts import PYTHON_WORDS, WHERE, command, results, sound

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LIMIT = 65_535  # bytes of log that the platform stores per execution
RARELY = "monitor: {interval: 60}\n"  # no heartbeat but those that a rule asks for
TWO = ["100001", "100002"]
END = "测试套执行完成"
JOURNAL_WAITS = 5.0  # seconds that the agent waits for a journal that another program locks


def configured(folder: Path, text: str) -> tuple[str, str]:
    """The flags of an agent that is configured so."""
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return "--config", str(file)


def folder_of(agent: AgentProcess, execution: Execution) -> Path:
    """Where the commands of its suite run."""
    return agent.home / "workspace" / "suites" / execution.suite.id


def kinds(platform: DemoPlatform) -> list[str]:
    """The types of all frames, in the order of arrival."""
    return [frame.type for frame in platform.frames]


def is_end(body: dict[str, Any]) -> bool:
    """Whether this is the line with the end phrase."""
    return END in str(body.get("message"))


class Once:
    """True for the first frame that `which` is true of, and then never again."""

    def __init__(self, which: Any) -> None:
        self.met = False
        self._which = which

    def __call__(self, body: dict[str, Any]) -> bool:
        """Tell whether this is the one."""
        if self.met or not self._which(body):
            return False
        self.met = True
        return True


# ------------------------------------------------------------------------- rule 1: the fence


@pytest.mark.slow
async def test_rule_1_what_no_ack_covers_is_sent_again(tmp_path: Path) -> None:
    """What was sent but not handled when the connection ends is lost there, not for the user."""
    run = command(
        tmp_path,
        """
        print("line 0 ", flush=True)
        wait("go on")
        for number in range(1, 100):
            print("line", number, "x" * 150, flush=True)
        Path("printed").touch()
        wait("end")
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        execution = await platform.create_suite(run, cases=TWO).execute()
        await platform.wait_for(lambda: "line 0" in execution.log_text)
        platform.stall()
        (folder_of(agent, execution) / "go on").touch()
        await appears(folder_of(agent, execution) / "printed")
        await asyncio.sleep(0.5)  # the agent hands the lines to the socket, where nobody reads
        await platform.cut()
        platform.resume()
        (folder_of(agent, execution) / "end").touch()
        await execution.completed()
        for number in range(100):
            assert f"] line {number} " in execution.log_text


async def test_rule_1_few_frames_are_on_their_way_without_an_ack(tmp_path: Path) -> None:
    """Eight talkative tasks and a platform without an answer: 200 frames, then the agent waits."""
    run = command(
        tmp_path,
        """
        for number in range(200):
            print("out", flush=True)
            print("err", file=sys.stderr, flush=True)
            time.sleep(0.01)
        """,
    )
    flags = configured(tmp_path, "task: {max_concurrent: 8}\n")
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home", *flags):
        platform.go_silent()
        for number in range(8):
            await platform.send_task(f"t{number}", run)
        await platform.wait_for(lambda: len(platform.frames_of("task_log")) > 150, 30)
        await asyncio.sleep(1)
        assert len(platform.frames_of("task_log")) <= 200


async def test_rule_1_few_bytes_are_on_their_way_without_an_ack(tmp_path: Path) -> None:
    """A flood of 10 MB and a platform that has not answered it: 256 KiB, then the agent waits."""
    flood = command(tmp_path, 'print(("x" * 99 + "\\n") * 100_000)')

    def sent() -> int:
        return sum(frame.size for frame in platform.frames_of("task_log"))

    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        platform.go_silent()
        await platform.send_task("t1", flood)
        await platform.wait_for(lambda: sent() > 100 * 1024)
        await asyncio.sleep(1)
        assert sent() <= 256 * 1024


# -------------------------------------------------------------------- rule 2: the heartbeats


async def test_rule_2_a_heartbeat_at_once_after_each_connect(tmp_path: Path) -> None:
    """Each connect wipes the node's facts; they are back long before a heartbeat is due."""
    flags = configured(tmp_path, RARELY)
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home", *flags):
        assert kinds(platform)[0] == "heartbeat"
        await platform.cut()
        await platform.wait_for(lambda: platform.connections == 2)
        await platform.agent_online(connections=2)
        assert platform.facts["os_type"]


async def test_rule_2_a_heartbeat_before_the_first_log_frame(tmp_path: Path) -> None:
    """Without it the platform knows neither the suite nor its start: no log and no end."""
    flags = configured(tmp_path, RARELY)
    run = command(tmp_path, 'write(item("100001", "passed"), item("100002", "passed"))')
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home", *flags):
        before = platform.record.total
        execution = await platform.create_suite(run, cases=TWO).execute()
        await execution.completed()
        assert await execution.ended() == ExecutionState.COMPLETED
        assert platform.record.since(before)[0].type == "heartbeat"
        assert "Suite started" in execution.log_text
        assert sound(platform)


async def test_rule_2_the_completion_waits_until_all_before_it_is_handled(tmp_path: Path) -> None:
    """Nothing unconfirmed is before it: what dies with a session cannot take it along."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        execution = await platform.create_suite("exit 0", cases=TWO).execute()

        def silence_at_the_end(body: dict[str, Any]) -> bool:
            if is_end(body):
                platform.go_silent()
            return False

        platform.poison_on(silence_at_the_end)
        await platform.wait_for(lambda: END in execution.log_text)
        await asyncio.sleep(0.5)  # time enough to send it
        assert not execution.completions
        assert execution.frames[-1].type == "test_suite_log"
        await platform.cut()
        platform.poison_on(None)
        platform.speak()
        await execution.completed()
        assert await execution.ended() == ExecutionState.COMPLETED


@pytest.mark.parametrize("which", [is_end, lambda body: "total_case_count" in body])
async def test_rule_2_a_completion_whose_fence_fails_comes_again(
    tmp_path: Path, which: Any
) -> None:
    """A database error at the end phrase or the completion costs the session, not the slot."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite("exit 0", cases=TWO)
        execution = await suite.execute()
        platform.poison_on(once := Once(which))
        assert await execution.ended() == ExecutionState.COMPLETED
        assert once.met
        assert platform.connections == 2
        assert suite.state == "completed"


# ------------------------------------------------------- rule 3: each its own completion


@pytest.mark.slow
async def test_rule_3_what_cannot_run_is_completed(tmp_path: Path) -> None:
    """A request without a command, a folder that cannot be: failed, and the slot is free."""
    (tmp_path / "file").touch()
    settings = Settings(work_dir=str(tmp_path / "file" / "no folder"))
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite("  \n", cases=TWO)
        unreadable, following = await suite.execute(), await suite.execute()
        assert await unreadable.ended() == ExecutionState.FAILED
        assert await following.ended() == ExecutionState.FAILED
        assert suite.state == "failed"
    async with DemoPlatform(settings) as platform, running_agent(platform, tmp_path / "home"):
        execution = await platform.create_suite("echo hi", cases=TWO).execute()
        assert await execution.ended() == ExecutionState.FAILED


@pytest.mark.slow
async def test_rule_3_after_a_crash_the_journal_completes(tmp_path: Path) -> None:
    """A killed agent says the end of what it was running, and of what waited, when it is back."""
    run = command(tmp_path, 'Path("running").touch(); time.sleep(60)')
    home = tmp_path / "home"
    async with DemoPlatform(Settings(max_concurrent_tasks=2)) as platform:
        suite = platform.create_suite(run, cases=TWO)
        async with running_agent(platform, home) as agent:
            running, waiting = await suite.execute(), await suite.execute()
            await appears(folder_of(agent, running) / "running")
            await platform.wait_for(lambda: kinds(platform).count("heartbeat") >= 3)
            await appears(agent.home / "workspace" / "logs" / "tasks" / f"{waiting.id}.log")
            await agent.kill()
        async with running_agent(platform, home):
            assert (await running.completed())["status"] == "failed"
            assert (await waiting.completed())["status"] == "failed"
            assert running.status == waiting.status == ExecutionState.FAILED
            assert (len(running.completions), len(waiting.completions)) == (1, 1)


async def test_rule_3_a_running_suite_started_again_is_completed_twice(tmp_path: Path) -> None:
    """The platform sends a suite a second time while it runs: each execution has its end."""
    run = command(tmp_path, 'Path("running").touch(); wait("go")')
    async with (
        DemoPlatform(Settings(max_concurrent_tasks=2)) as platform,
        running_agent(platform, tmp_path / "home") as agent,
    ):
        suite = platform.create_suite(run, cases=TWO)
        first, second = await suite.execute(), await suite.execute()
        assert (first.status, second.status) == ("running", "running")
        await appears(folder_of(agent, first) / "running")
        (folder_of(agent, first) / "go").touch()
        assert await first.ended() == ExecutionState.COMPLETED
        assert await second.ended() == ExecutionState.COMPLETED
        assert (len(first.completions), len(second.completions)) == (1, 1)
        assert sound(platform)


async def test_rule_3_a_cancel_of_what_is_not_known_frees_the_slot(tmp_path: Path) -> None:
    """An agent that lost its memory completes a cancelled execution: the next one starts."""
    async with DemoPlatform() as platform:
        async with running_agent(platform, tmp_path / "home one") as agent:
            run = command(tmp_path, "time.sleep(60)")
            lost = await platform.create_suite(run, cases=TWO).execute()
            await platform.wait_for(lambda: lost.log_text)
            await agent.kill()
        async with running_agent(platform, tmp_path / "home two"):
            following = await platform.create_suite("exit 0", cases=TWO).execute()
            assert following.status == ExecutionState.PENDING
            await lost.cancel()
            assert (await lost.completed())["status"] == "cancelled"
            assert await following.ended() == ExecutionState.COMPLETED


@pytest.mark.slow
async def test_rule_3_a_journal_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    """An order that comes while the disk takes nothing is carried out when it does again."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        with closing(sqlite3.connect(home / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            execution = await platform.create_suite("exit 0", cases=TWO).execute()
            await asyncio.sleep(JOURNAL_WAITS + 0.5)
            assert execution.log_frames == 0
            other.execute("ROLLBACK")
        assert await execution.ended() == ExecutionState.COMPLETED


# --------------------------------------------------------------------- rule 4: what failed

FAILED_FIRST = """
    write(item("100001", "failed"))
    time.sleep(1.6)
    write(item("100001", "failed"), item("100002", "passed"))
"""


@pytest.mark.parametrize("ending", ["exit 3", "sleep 60", "no such repository"])
async def test_rule_4_failed_is_said(tmp_path: Path, ending: str) -> None:
    """Exit code, timeout, no start: whatever the results say, the execution failed."""
    flags = configured(tmp_path, "task: {timeout: 1}\n")
    if ending == "sleep 60":
        ending = command(tmp_path, "time.sleep(60)")
    git = Git(str(tmp_path / "none")) if ending == "no such repository" else None
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home", *flags):
        suite = platform.create_suite(ending, cases=TWO, git=git)
        execution = await suite.execute()
        assert (await execution.completed())["status"] == "failed"
        await platform.wait_for(lambda: execution.status == ExecutionState.FAILED)
        assert suite.state == "failed"


async def test_rule_4_a_failed_case_fails_the_suite_whatever_the_exit_code(tmp_path: Path) -> None:
    """The platform forgets a failure before the newest second; the completion remembers it."""
    run = command(tmp_path, FAILED_FIRST)
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=TWO)
        execution = await suite.execute()
        assert await execution.ended() == ExecutionState.FAILED
        assert suite.state == "failed"
        assert results(execution) == {"100001": "failed", "100002": "passed"}


# ----------------------------------------------------------------- rule 5: codes and cases

SHOW_LIST = """
    Path("xat").mkdir(exist_ok=True)
    listed = Path("xat/test_cases.json")
    if listed.exists():
        print("LISTED", listed.read_text(encoding="utf-8").replace("\\n", " "), flush=True)
    write(item("100001", "passed"), item("100002", "failed"), item("100003", "skipped"))
"""


def listed(execution: Execution) -> dict[str, str]:
    """The case list that the command found: code → case id, paired as xat does."""
    line = next(line for line in execution.log_text.splitlines() if "LISTED" in line)
    known = json.loads(line.partition("LISTED")[2])
    return dict(zip(known["case_codes"], known["case_ids"], strict=True))


@pytest.mark.slow
async def test_rule_5_codes_belong_to_the_sorted_ids(tmp_path: Path) -> None:
    """Codes in another order than the ids, no codes, too few codes: each case has its result."""
    cases = [
        Case("100001", "3c3c3c3c-0000-4000-8000-000000000001"),
        Case("100002", "1a1a1a1a-0000-4000-8000-000000000002"),
        Case("100003", "2b2b2b2b-0000-4000-8000-000000000003"),
    ]
    right = {"100001": "passed", "100002": "failed", "100003": "skipped"}
    run = command(tmp_path, SHOW_LIST)
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite(run, cases=cases)
        first, queued = await suite.execute(), await suite.execute()
        await queued.completed()
        assert results(first) == results(queued) == right
        assert queued.sent is not None
        assert "case_codes" not in queued.sent
        again = await suite.execute()
        await again.completed()
        assert again.sent is not None
        assert again.sent["case_codes"] == ["100002", "100003", "100001"]
        assert listed(queued) == listed(again) == {case.code: case.id for case in cases}
        assert sound(platform)
        platform.delete_case(cases[2].id)
        fewer = await suite.execute()
        await fewer.completed()
        assert results(fewer) == {"100001": "passed", "100002": "failed"}


# --------------------------------------------------------- rule 6: what a result may hold


async def test_rule_6_results_are_clipped_in_bytes(tmp_path: Path) -> None:
    """Texts of 120 kB, an endless duration, strange words: all of it is stored, nothing breaks."""
    run = command(
        tmp_path,
        """
        long = "行" * 40_000
        print(("行" * 29 + "\\n") * 1500, flush=True)
        foreign = "12345678-0000-4000-8000-000000000000"
        items = [item("100001", "Fehlgeschlagen", error=long, duration=1e300)]
        items.append(item("100002", "passed", case_id=foreign))
        items.append(item("999999", "passed", case_id=foreign))
        for count in (1, 3):
            text = json.dumps(items[:count], ensure_ascii=False)
            Path("test_results.json").write_text(text, encoding="utf-8")
            time.sleep(0.6)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        execution = await platform.create_suite(run, cases=TWO).execute()
        await execution.completed()
        assert results(execution) == {"100001": "error", "100002": "passed"}
        row = execution.results[0]
        assert row.error_message is not None
        assert row.error_message.startswith("行行行")
        assert row.log_output is not None
        assert "行行行" in row.log_output
        assert row.executor_id == platform.user_id
        assert sound(platform)
        assert platform.connections == 1


@pytest.mark.parametrize("codes", [["100001"], TWO])
async def test_rule_6_the_last_result_waits_for_the_end(tmp_path: Path, codes: list[str]) -> None:
    """All results at hand while the command runs: the platform must not end the execution."""
    run = command(
        tmp_path,
        f"""
        write(*[item(code, "passed") for code in {codes}])
        Path("written").touch()
        wait("go")
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        execution = await platform.create_suite(run, cases=codes).execute()
        following = await platform.create_suite("exit 0", cases=["100003"]).execute()
        await appears(folder_of(agent, execution) / "written")
        await asyncio.sleep(0.8)  # the agent looks every 0.25 s
        assert len(execution.results) == len(codes) - 1
        assert execution.status == ExecutionState.RUNNING
        assert following.status == ExecutionState.PENDING
        (folder_of(agent, execution) / "go").touch()
        assert await execution.ended() == ExecutionState.COMPLETED
        assert results(execution) == dict.fromkeys(codes, "passed")


async def test_rule_6_a_rejected_result_does_not_cost_the_connection(tmp_path: Path) -> None:
    """Cases deleted meanwhile: the log frame behind each result clears the platform's session."""
    run = command(
        tmp_path,
        """
        wait("go")
        write(item("100001", "passed"))
        time.sleep(1)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=TWO)
        execution = await suite.execute()
        await platform.wait_for(lambda: execution.log_text)
        for case in suite.cases:
            platform.delete_case(case.id)
        (folder_of(agent, execution) / "go").touch()
        assert await execution.ended() == ExecutionState.COMPLETED
        assert len(platform.poisonings) == 2
        assert platform.connections == 1


# ------------------------------------------------------------------- rule 7: times and bytes


def arrival(frame: Frame) -> float:
    """When a frame arrived, in epoch seconds."""
    return time.time() - asyncio.get_running_loop().time() + frame.at


async def test_rule_7_frames_say_their_sending_time_in_the_servers_zone(tmp_path: Path) -> None:
    """A run that ended while the platform was away: its history is of now, with all cases."""
    run = command(
        tmp_path,
        """
        write(item("100001", "failed"), item("100002", "passed"), item("100003", "passed"))
        print("said early", flush=True)
        wait("go")
        """,
    )
    cases = [*TWO, "100003"]
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=cases)
        execution = await suite.execute()
        log = agent.home / "workspace" / "logs" / "tasks" / f"{execution.id}.log"
        await platform.wait_for(lambda: len(execution.results) == 2)
        platform.refuse_connections()
        await platform.cut()
        (folder_of(agent, execution) / "go").touch()
        async with asyncio.timeout(10):
            while "Suite ended" not in log.read_text(encoding="utf-8"):  # noqa: ASYNC110 (a file)
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.7)
        platform.accept_connections()
        back = time.time()
        await execution.completed()
        for frame in platform.frames_of("test_suite_log"):
            said = datetime.fromisoformat(frame.body["timestamp"])
            assert said.utcoffset() == timedelta(hours=8)
            assert abs(said.timestamp() - arrival(frame)) < 0.4
        (entry,) = platform.history()
        assert entry.executed_at is not None
        assert entry.executed_at.timestamp() - 8 * 3600 >= back - 0.1
        assert (entry.result, entry.case_count) == ("failed", 3)
        assert sound(platform)


@pytest.mark.slow
async def test_rule_7_every_byte_counts_the_joining_newline_too(tmp_path: Path) -> None:
    """Hundreds of small frames, a cut, a flood: nothing is dropped for want of room."""
    codes = [f"{number:06}" for number in range(1, 801)]
    run = command(
        tmp_path,
        f"""
        codes = {codes}
        write(*[item(code, "passed") for code in codes])
        wait("go")
        print(("x" * 99 + "\\n") * 2000, flush=True)
        """,
    )
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=codes)
        execution = await suite.execute()
        await platform.wait_for(lambda: len(execution.results) == 799, 15)
        (folder_of(agent, execution) / "go").touch()
        await execution.completed(timeout=10)
        assert execution.log_frames > 700
        assert 0.95 * LIMIT <= execution.received_bytes <= LIMIT
        assert END in execution.log_text
        assert sound(platform)


@pytest.mark.slow
async def test_rule_7_bytes_sent_before_a_crash_count(tmp_path: Path) -> None:
    """A killed agent knows how much of the room was used: its last words are not dropped."""
    run = command(
        tmp_path, 'print(("x" * 99 + "\\n") * 2000, flush=True); Path("said").touch(); wait("no")'
    )
    home = tmp_path / "home"
    async with DemoPlatform() as platform:
        async with running_agent(platform, home) as agent:
            execution = await platform.create_suite(run, cases=TWO).execute()
            await platform.wait_for(lambda: execution.log_bytes > 0.8 * LIMIT)
            await agent.kill()
        async with running_agent(platform, home):
            await execution.completed()
            assert execution.received_bytes <= LIMIT
            assert END in execution.log_text
            assert sound(platform)


# ------------------------------------------------------------------- rule 8: magic words


async def test_rule_8_words_of_the_output_do_no_harm(tmp_path: Path) -> None:
    """Output with the platform's phrases and stamps: no end, no cancellation, a true duration."""
    run = command(
        tmp_path,
        """
        print("[1999-12-31 23:59:59.000] 用户取消了订单", flush=True)
        print("测试套执行已取消 测试套执行完成", flush=True)
        wait("go")
        """,
    )
    home = tmp_path / "取消 执行完成"
    async with DemoPlatform() as platform, running_agent(platform, home) as agent:
        zeros = command(tmp_path, 'sys.stdout.write("\\0" * 200_000)')
        suite = platform.create_suite(f"{run}\necho 取消\n{zeros}", cases=TWO)
        execution = await suite.execute()
        await platform.wait_for(lambda: "用户" in execution.log_text)
        await platform.wait_for(lambda: execution.log_text.count("测试套") >= 2)
        assert (execution.duration, suite.state) == (None, "running")
        (folder_of(agent, execution) / "go").touch()
        await execution.completed()
        await platform.wait_for(lambda: suite.state == "completed")
        assert platform.history()[0].result == "unknown"  # no results, but no cancellation
        assert str(execution.duration).startswith("0:00:0")


async def test_rule_8_words_in_a_reason_do_no_harm(tmp_path: Path) -> None:
    """The name of a folder that cannot be used stands in the log, and cancels nothing."""
    (tmp_path / "file").touch()
    settings = Settings(work_dir=str(tmp_path / "file" / "取消 执行完成"))
    async with DemoPlatform(settings) as platform, running_agent(platform, tmp_path / "home"):
        suite = platform.create_suite("echo hi", cases=TWO)
        execution = await suite.execute()
        assert (await execution.completed())["status"] == "failed"
        assert str(tmp_path / "file") in execution.log_text
        assert execution.duration is None
        assert platform.history()[0].result == "failed"


async def test_rule_8_a_cancellation_is_said(tmp_path: Path) -> None:
    """Where it is true the words are there: history cancelled, suite pending again."""
    run = command(tmp_path, 'Path("running").touch(); time.sleep(60)')
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        suite = platform.create_suite(run, cases=TWO)
        execution = await suite.execute()
        await appears(folder_of(agent, execution) / "running")
        await execution.cancel()
        await execution.completed()
        await platform.wait_for(lambda: suite.state == "pending")
        assert platform.history()[0].result == "cancelled"


# ------------------------------------------------------------------ rule 9: the connections

HURRIED = """
import sys
from app.link import serve
from app.protocol import refresh, session
session.ACK_TIMEOUT = 1.0
serve.CLOSE_TIMEOUT = 0.3
refresh.FORGOTTEN_AFTER = {forgotten}
refresh.REFRESH_AT_LATEST = {latest}
from app.cli import main
sys.exit(main())
"""


@asynccontextmanager
async def hurried_agent(
    platform: DemoPlatform, folder: Path, forgotten: float, latest: float
) -> AsyncIterator[AgentProcess]:
    """A real agent for which 60 s, 75 s and the 15 s of a missing ack are shorter."""
    code = HURRIED.format(forgotten=forgotten, latest=latest)
    agent = AgentProcess(platform, folder / "home", *configured(folder, "monitor: {interval: 1}\n"))
    agent.program = ("-c", code)
    await agent.start()
    try:
        await platform.agent_online()
        yield agent
    finally:
        await agent.kill()


@pytest.mark.slow
async def test_rule_9_a_second_between_two_connections(tmp_path: Path) -> None:
    """After each loss a rest of 1 s, and never two connections at once."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        lost: list[float] = []
        for number in (2, 3):
            lost.append(asyncio.get_running_loop().time())
            await (platform.cut() if number == 2 else platform.close_agents(1012))
            assert platform.open_connections == 0
            await platform.agent_online(connections=number)
        reconnected = list(platform.connected_at)[1:]
        assert all(at - gone >= 1.0 for at, gone in zip(reconnected, lost, strict=True))


@pytest.mark.slow
async def test_rule_9_a_fresh_connection_after_a_silent_loss(tmp_path: Path) -> None:
    """The platform finds the dead connection late and forgets the newer one; the third cures it.

    With 60 s made 3 s; a suite runs meanwhile and nothing of it is lost.
    """
    run = command(tmp_path, 'print("begun", flush=True); wait("go"); print("done")')
    async with DemoPlatform() as platform, hurried_agent(platform, tmp_path, 3, 20) as agent:
        execution = await platform.create_suite(run, cases=TWO).execute()
        await platform.wait_for(lambda: "begun" in execution.log_text)
        platform.pull_cable()
        await platform.agent_online(connections=2)
        assert platform.reachable
        await platform.notice_loss()
        with pytest.raises(UnreachableError):
            await execution.suite.execute()
        await platform.agent_online(connections=3)
        assert platform.reachable
        assert platform.open_connections == 1
        second = next(end for end in platform.closings if end.connection == 2)
        assert second.code == 1000
        assert platform.connected_at[2] - second.at >= 1.0
        (folder_of(agent, execution) / "go").touch()
        assert await execution.ended() == ExecutionState.COMPLETED
        assert "done" in execution.log_text


@pytest.mark.slow
async def test_rule_9_the_fresh_connection_waits_for_what_is_on_its_way(tmp_path: Path) -> None:
    """Something is always unconfirmed: it is made at the latest time, not never."""
    run = command(tmp_path, "while True: print(1); time.sleep(0.01)")
    async with DemoPlatform() as platform, hurried_agent(platform, tmp_path, 3, 6):
        await platform.send_task("t1", run)
        await platform.wait_for(lambda: platform.log("t1").lines > 10)
        platform.pull_cable()
        await platform.agent_online(connections=2)
        await platform.notice_loss()
        platform.answer_late(0.3)
        await platform.wait_for(lambda: platform.connections == 3)
        second = next(end for end in platform.closings if end.connection == 2)
        assert second.at - platform.connected_at[1] > 3.5  # it stands 1 to 2 s after the loss


# ----------------------------------------------------------------------- rule 10: close codes


@pytest.mark.parametrize("code", [1000, 1001, 1011])
async def test_rule_10_any_other_code_means_try_again(tmp_path: Path, code: int) -> None:
    """A clean close, whatever it says, is a loss like any other."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home"):
        await platform.close_agents(code, "Token required")
        await platform.agent_online(connections=2)
        await platform.send_task("t1", "echo hi")
        assert (await platform.result("t1"))["status"] == "success"


async def test_rule_10_a_refused_token_is_final(tmp_path: Path) -> None:
    """1008: no further attempt, and the agent ends with the code that says so."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        platform.issue_token()
        await platform.close_agents(1008, "Token已重新生成，请使用新Token重新连接")
        assert await agent.ended() == ExitCode.TOKEN_REFUSED
        assert (platform.connections, platform.refusals) == (1, 0)


# --------------------------------------------------------- rule 11: command line and names


async def test_rule_11_the_start_command_as_the_platform_shows_it(tmp_path: Path) -> None:
    """`--url`, `--work_dir ''` and a token that begins with a dash, sent as it is."""
    async with DemoPlatform() as platform:
        token = platform.issue_token(starting_with="-a_")
        home = tmp_path / "home"
        words = (f"--url={platform.url}", f"--token={token}", "--work_dir", "", "--home", str(home))
        agent = await asyncio.create_subprocess_exec(*PYTHON_WORDS, "--headless", *words)
        await platform.agent_online()
        await platform.send_task("t1", WHERE)
        where = (await platform.result("t1"))["output"]
        assert Path(where).is_relative_to(home / "workspace")
        ask_to_end(agent, home)
        assert await agent.wait() == ExitCode.OK


@pytest.mark.parametrize("suite_id", ["../../evil", "..", "a/../../../evil", "CON"])
async def test_rule_11_hostile_ids_stay_inside_the_work_folder(
    tmp_path: Path, suite_id: str
) -> None:
    """An id is a name, never a path: the command runs below suites/, the answer carries the id."""
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home") as agent:
        message = {
            "type": "execute_test_suite",
            "suite_id": suite_id,
            "plan_id": "p",
            "execution_id": f"{suite_id}/e",
            "execution_command": f"{WHERE} > here",
            "case_ids": ["c"],
            "executor_id": platform.user_id,
        }
        await platform.send(message)
        done = await platform.wait_for(partial(platform.frames_of, "test_suite_completed"))
        assert done[0].body["status"] == "completed"
        assert (done[0].body["suite_id"], done[0].body["execution_id"]) == (
            suite_id,
            f"{suite_id}/e",
        )
        (here,) = tmp_path.rglob("here")
        folder = here.parent
        assert folder.parent == agent.home / "workspace" / "suites"
        assert folder.name not in {"..", ".", "CON"}
        assert not list(tmp_path.rglob("evil"))


async def test_rule_11_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    """The platform's work dir is a user's free text: `~` is expanded."""
    async with DemoPlatform(Settings(work_dir="~/工作 dir")) as platform:
        agent = AgentProcess(platform, tmp_path / "home")
        await agent.start(HOME=str(tmp_path / "user"), USERPROFILE=str(tmp_path / "user"))
        try:
            await platform.agent_online()
            execution = await platform.create_suite(f"{WHERE} > here", cases=TWO).execute()
            await execution.completed()
            (here,) = tmp_path.rglob("here")
            assert here.is_relative_to(tmp_path / "user" / "工作 dir" / "suites")
        finally:
            await agent.kill()
