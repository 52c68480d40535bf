"""Tests of app.jobs.suite and app.jobs.reporter, with real children, files and journal."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.jobs.deps import JobLimits
from app.state import JobState
from tests.jobs.conftest import TARGET, open_room
from tests.jobs.suites import python, suite_folder

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_a_suite_that_passes(tmp_path: Path) -> None:
    """Each case has its result by its code; then come the end phrase and the completion."""
    command = python(tmp_path, 'write(item("100001", "passed"), item("100002", "passed"))')
    async with open_room(tmp_path) as room:
        await room.suite("e1", command)
        end = await room.end("e1")
        assert sorted(end.verdicts) == [("c1", "passed"), ("c2", "passed")]
        assert end.results[0]["duration"] == "0.25s"
        assert {item["executor_id"] for item in end.results} == {"u1"}
        assert end.phrase.startswith("测试套执行完成: completed; 2 cases: 2 passed")
        assert end.completion["status"] == "completed"
        assert (end.completion["suite_id"], end.completion["execution_id"]) == ("s1", "e1")
        assert end.completion["reported_case_count"] == end.completion["total_case_count"] == 2
        lines = room.log_lines("e1")
        assert any(line.startswith("*Suite started: ") for line in lines)
        assert "*Case 100001: passed (0.25 s)" in lines
        assert lines[-1].startswith("*Suite ended: completed, exit code 0, ")
        assert (await room.record("s1/e1")).state is JobState.SUCCEEDED


async def test_cases_are_reported_while_the_command_runs(tmp_path: Path) -> None:
    """All but the last one outstanding, which waits for the end of the process."""
    code = """
        write(item("100001", "passed"))
        time.sleep(0.1)
        write(item("100001", "passed"), item("100002", "failed", error="1 != 2"))
        while True:
            time.sleep(0.01)
            try:
                open("go", encoding="utf-8").close()
                break
            except FileNotFoundError:
                pass
    """
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code))
        early = await room.first_reports("e1")
        assert [(item["case_id"], item["result"]) for item in early] == [("c1", "passed")]
        (suite_folder(room) / "go").touch()
        end = await room.end("e1")
        assert end.verdicts == [("c1", "passed"), ("c2", "failed")]
        assert end.results[1]["error_message"] == "1 != 2"
        assert end.status == "failed"
        assert (await room.record("s1/e1")).state is JobState.FAILED


async def test_what_was_not_reported_has_an_honest_end(tmp_path: Path) -> None:
    """A crash in the middle: the rest are errors that say so."""
    code = 'write(item("100001", "passed")); sys.exit(139)'
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code))
        end = await room.end("e1")
        assert dict(end.verdicts) == {"c1": "passed", "c2": "error"}
        errors = [item["error_message"] for item in end.results if item["case_id"] == "c2"]
        assert errors == ["process exited 139 before this case ran"]
        assert end.status == "failed"


async def test_results_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    """A run that writes nothing is judged by its exit code, whatever lies in the folder."""
    passing = 'write(item("100001", "passed"), item("100002", "passed"))'
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, passing))
        assert len((await room.end("e1")).results) == 2
        await room.idle()
        await room.suite("e2", "exit 0")
        end = await room.end("e2")
        assert (end.results, end.status) == ([], "completed")
        assert any("wrote no result file" in line for line in room.log_lines("e2"))


async def test_the_output_of_a_case_is_what_was_printed(tmp_path: Path) -> None:
    """A format without output gets the tail of what the command printed meanwhile."""
    code = """
        print("step one", flush=True)
        time.sleep(0.3)
        write(item("100001", "passed"))
        time.sleep(0.6)
    """
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code))
        end = await room.end("e1")
        assert end.results[0]["log_output"].strip() == "step one"


async def test_the_output_of_several_cases_is_nobodys(tmp_path: Path) -> None:
    """What was printed before two cases came at once may belong to either: it goes with none."""
    code = """
        print("of whom?", flush=True)
        write(item("100001", "passed"), item("100002", "failed"))
        time.sleep(0.3)
        print("of the third", flush=True)
        time.sleep(0.3)
        write(item("100001", "passed"), item("100002", "failed"), item("100003", "passed"))
    """
    cases = {"case_ids": ("c1", "c2", "c3"), "case_codes": ("100001", "100002", "100003")}
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code), **cases)
        end = await room.end("e1")
        told = {item["case_id"]: item["log_output"].strip() for item in end.results}
        assert told == {"c1": "", "c2": "", "c3": "of the third"}


async def test_the_case_list_is_written_for_xat(tmp_path: Path) -> None:
    """Where there is a folder xat, with the codes beside their sorted ids."""
    async with open_room(tmp_path) as room:
        (suite_folder(room) / "xat").mkdir(parents=True)
        await room.suite("e1", "cat xat/test_cases.json >list")
        await room.end("e1")
        listed = json.loads((suite_folder(room) / "list").read_text(encoding="utf-8"))
        assert listed["case_ids"] == ["c1", "c2"]
        assert listed["case_codes"] == ["100001", "100002"]


async def test_executions_of_a_suite_follow_each_other(tmp_path: Path) -> None:
    """With places free the second waits for the first, says so, and has its own completion."""
    async with open_room(tmp_path, max_concurrent=3) as room:
        await room.suite("e1", "echo one >>order; sleep 0.2; echo end >>order")
        await room.suite("e2", "echo two >>order")
        await room.suite("x1", "true", suite_id="s2")
        assert room.log_lines("e2") == [
            "*Waiting for the execution of this suite before it to end."
        ]
        assert (await room.end("e2")).status == "completed"
        assert (await room.end("e1")).status == "completed"
        assert (await room.end("x1", "s2")).status == "completed"
        order = (suite_folder(room) / "order").read_text(encoding="utf-8")
        assert order == "one\nend\ntwo\n"


async def test_a_running_suite_is_cancelled(tmp_path: Path) -> None:
    """Its end says so with the platform's phrase; cases without a result get none."""
    code = 'write(item("100001", "passed")); time.sleep(60)'
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code))
        await room.first_reports("e1")
        await room.cancel_suite("s1", "e1")
        end = await room.end("e1")
        assert end.verdicts == [("c1", "passed")]
        assert (end.status, end.phrase) == ("cancelled", "测试套执行已取消")


async def test_all_of_a_suite_is_cancelled(tmp_path: Path) -> None:
    """Without an execution_id what runs and what waits end alike."""
    async with open_room(tmp_path) as room:
        await room.suite("e1", "exec sleep 60")
        await room.suite("e2", "touch ran")
        await room.suite("x1", "true", suite_id="s2")
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        await room.dispatcher.cancel_group("s1", TARGET)
        assert (await room.end("e1")).status == "cancelled"
        assert (await room.end("e2")).status == "cancelled"
        assert (await room.end("x1", "s2")).status == "completed"
        assert not (suite_folder(room) / "ran").exists()


async def test_an_unknown_execution_is_completed_as_cancelled(tmp_path: Path) -> None:
    """Without that the platform would never start the next one."""
    async with open_room(tmp_path) as room:
        await room.cancel_suite("s1", "e9")
        assert (await room.end("e9")).status == "cancelled"


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"git_repo_url": "/no/such/repository"}, "repository"),
        ({"command": "echo \ud800"}, "script"),
    ],
)
async def test_a_suite_that_cannot_start(tmp_path: Path, more: dict[str, Any], hint: str) -> None:
    """Every case is an error with the reason, and the execution is completed as failed."""
    async with open_room(tmp_path) as room:
        command = more.pop("command", "true")
        await room.suite("e1", command, **more)
        end = await room.end("e1")
        assert end.status == "failed"
        assert [result for _case, result in end.verdicts] == ["error", "error"]
        assert hint in end.results[0]["error_message"]
        assert hint in end.phrase


async def test_a_bad_ats_yml_is_named(tmp_path: Path) -> None:
    """File, line and key are in the completion."""
    async with open_room(tmp_path) as room:
        suite_folder(room).mkdir(parents=True)
        (suite_folder(room) / ".ats.yml").write_text("results: {a: b}\n", encoding="utf-8")
        await room.suite("e1", "true")
        end = await room.end("e1")
        assert end.status == "failed"
        assert ".ats.yml:1" in end.phrase


async def test_a_suite_runs_into_its_timeout(tmp_path: Path) -> None:
    """What has no result by then is an error; the suite has failed."""
    limits = JobLimits(task_timeout=3.0, grace=0.3)
    async with open_room(tmp_path, limits=limits) as room:
        await room.suite("e1", python(tmp_path, 'write(item("100001", "passed"))\ntime.sleep(60)'))
        end = await room.end("e1")
        assert dict(end.verdicts) == {"c1": "passed", "c2": "error"}
        assert "timed out" in end.results[-1]["error_message"]
        assert end.status == "failed"


async def test_a_suite_without_an_executor_reports_no_case(tmp_path: Path) -> None:
    """Its results would poison the platform's connection; it is completed all the same."""
    command = python(tmp_path, 'write(item("100001", "passed"), item("100002", "passed"))')
    async with open_room(tmp_path) as room:
        await room.suite("e1", command, executor_id="")
        end = await room.end("e1")
        assert (end.results, end.status) == ([], "completed")
