"""An agent's logs, results and completions, and what the platform makes of them."""

import math
from datetime import datetime
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from app.demo.rows import TEXT_LIMIT, Case
from tests.demo.agent import Clock, at_work, connected, started

FULL = TEXT_LIMIT
END = "测试套执行完成"
CANCEL = "测试套执行已取消"


def at(time: str) -> datetime:
    """A time of that day, without a zone as the database has it."""
    return datetime.fromisoformat(f"2026-11-22T{time}")


# ------------------------------------------------------------------------------------ logs


async def test_log_accumulates() -> None:
    """4.2: all messages of an execution, many lines or one, joined by newlines, as they are."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        for message in ("one\ntwo", "", "二\x00\x1b[31m😀"):
            await agent.reports(execution, message)
        await agent.fence()
        assert execution.log_text == "one\ntwo\n\n二\x00\x1b[31m😀"
        assert execution.log_bytes == len(execution.log_text.encode()) == execution.received_bytes
        assert execution.log_frames == len(execution.frames) == 3
        assert not platform.dropped


@pytest.mark.parametrize(
    "fields",
    [
        {"suite_id": "unknown"},
        {"suite_id": None},
        {"suite_id": ["a"]},
        {"message": None},
        {"message": 7},
        {"message": "\ud800"},
        {"execution_id": "x" * 37},
        {"execution_id": 5},
    ],
)
async def test_log_that_is_dropped(fields: dict[str, Any]) -> None:
    """4.2: an unknown suite, no text, an id that is too long: no effect, the connection lives."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        await agent.reports(execution, **{"message": "text", **fields})
        await agent.fence()
        assert execution.log_text == ""
        assert len(platform.dropped) == 1
        assert platform.history()[-1].execution_id == execution.id
        assert len(platform.history()) == 1


async def test_log_with_another_execution_id() -> None:
    """4.2: an unknown id makes a row of its own, and so does every frame without an id."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        for key in ("stranger", "stranger", None, None):
            await agent.reports(execution, "text", execution_id=key)
        await agent.says(type="test_suite_log", suite_id=suite.id, message="no id")
        await agent.fence()
        assert execution.log_text == ""
        others = [entry.execution_id for entry in platform.history()]
        assert others == [None, None, None, "stranger", execution.id]


async def test_one_execution_holds_65535_bytes() -> None:
    """4.2: what would exceed it is dropped whole, what still fits is taken, in bytes."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        with execution.suite.watch() as stream:
            await agent.reports(execution, "字" * ((FULL - 3) // 3))
            await agent.reports(execution, "xyz")
            await agent.reports(execution, "xy")
            await agent.reports(execution, "")
            await agent.fence()
            pushed = [message["data"]["message"] for message in list(stream.unread)[1:]]
        assert [len(message) for message in pushed] == [(FULL - 3) // 3, 2]
        assert execution.log_bytes == FULL
        assert execution.received_bytes == FULL - 3 + 4 + 3 + 1
        assert [drop.frame.body["message"] for drop in execution.dropped_frames] == ["xyz", ""]
        assert platform.dropped[0].why == "the log of the execution is full"


@pytest.mark.parametrize(
    ("timestamp", "stored"),
    [
        ("2026-11-22T04:00:00Z", at("04:00")),
        ("2026-11-22T12:00:01.5+08:00", at("12:00:01.500")),
        ("2026-11-22T11:00:00", at("11:00")),
        ("yesterday", at("12:00")),
        (17, at("12:00")),
        (None, at("12:00")),
    ],
)
async def test_the_offset_is_dropped(timestamp: Any, stored: datetime) -> None:
    """4.2: the wall clock's digits are kept; the server's time where there is no time."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        with execution.suite.watch() as stream:
            await agent.reports(execution, "text", timestamp=timestamp)
            await agent.fence()
            assert stream.unread[-1]["data"]["timestamp"] == stored.isoformat()
        await agent.completes(execution)
        await execution.ended()
        assert platform.history()[0].executed_at == stored


async def test_duration_comes_from_the_stamps() -> None:
    """6: from the first to the last stamp in the whole text, once a phrase is said."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.reports(execution, "[2026-11-22 12:00:00.000] begin")
        await agent.reports(execution, "[2026-11-22 13:01:05.250] more")
        await agent.fence()
        assert (execution.duration, execution.log_frames) == (None, 2)
        await agent.reports(execution, f"{END} without a stamp")
        await agent.fence()
        assert execution.duration == "1:01:05.25"
        assert suite.state == "running"


async def test_cancel_phrase_sets_the_suite_back() -> None:
    """6: with a duration the suite is "pending", without one it stays as it is."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.reports(execution, CANCEL, timestamp="2026-11-22T04:00:00Z")
        await agent.fence()
        assert (execution.duration, suite.state) == (None, "running")
        await agent.reports(execution, "[2026-11-22 12:00:00.000] a\n[2026-11-22 12:00:02.000] b")
        await agent.reports(execution, f"{CANCEL} again")
        await agent.fence()
        assert (execution.duration, suite.state) == ("0:00:02.00", "pending")


# --------------------------------------------------------------------------------- results


async def test_results_are_rows() -> None:
    """4.3: stored verbatim with the server's whole second, and again when sent again."""
    clock = Clock()
    async with at_work(clock) as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], "passed", duration="0.12s", log_output="out")
        await agent.fence()
        clock.now += 1.9
        await agent.rates(execution, suite.cases[0], "PASSED", duration=3, error_message="why")
        await agent.rates(execution, suite.cases[0], "PASSED", duration=3, error_message="why")
        await agent.fence()
        first, second, third = execution.results
        assert (first.code, first.case_id) == ("000001", suite.cases[0].id)
        assert (first.result, first.duration, first.log_output) == ("passed", "0.12s", "out")
        assert (second.result, second.duration, second.error_message) == ("PASSED", "3", "why")
        assert second == third
        assert first.at == at("12:00:00")
        assert second.at == at("12:00:01")
        assert suite.results == execution.results
        assert first.executor_id == platform.user_id
        assert not platform.poisonings


async def test_result_without_a_case_is_ignored() -> None:
    """4.3: null is a warning, not an error."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], "passed", case_id=None)
        await agent.fence()
        assert not execution.results
        assert not platform.poisonings


REJECTED: list[dict[str, Any]] = [
    {"suite_id": "unknown"},
    {"case_id": "unknown"},
    {"executor_id": None},
    {"executor_id": "somebody"},
    {"result": None},
    {"result": "x" * 51},
    {"duration": "x" * 21},
    {"duration": math.nan},
    {"duration": ["0.1s"]},
    {"log_output": "字" * 21_846},
    {"error_message": "x" * 65_536},
    {"error_message": {"an": "object"}},
    {"error_message": "\ud800"},
]


@pytest.mark.parametrize("fields", REJECTED)
async def test_rejected_result_kills_at_the_next_heartbeat(fields: dict[str, Any]) -> None:
    """8.3: no ack, no close frame, and the environment stays "online"."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], **{"result": "passed", **fields})
        with pytest.raises(ConnectionClosedError) as error:
            await agent.fence()
        assert error.value.rcvd is None
        await platform.agent_gone()
        assert platform.online
        assert not execution.results
        assert [poisoning.connection for poisoning in platform.poisonings] == [1]


async def test_limits_are_met_exactly() -> None:
    """4.3: what is as long as allowed is stored."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(
            execution,
            suite.cases[0],
            "x" * 50,
            duration="x" * 20,
            log_output="字" * 21_845,
            error_message="x" * 65_535,
        )
        await agent.rates(execution, suite.cases[1], "passed", duration=None, log_output=None)
        await agent.fence()
        assert len(execution.results) == 2


async def test_result_of_a_deleted_case_is_rejected() -> None:
    """4.3: a case must exist, one of the suite that has been deleted does not."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        platform.delete_case(suite.cases[0].id)
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.settle(platform)
        assert platform.poisonings[0].why == "foreign key: no such case"


async def test_poison_costs_the_next_log() -> None:
    """8.3: the next log is lost and clears the session; what is behind it is stored."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], None)
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.reports(execution, "lost")
        await agent.reports(execution, "stored")
        await agent.rates(execution, suite.cases[1], "passed")
        await agent.fence()
        assert execution.log_text == "stored"
        assert [row.code for row in execution.results] == ["000002"]
        assert execution.dropped_frames[0].frame.body["message"] == "lost"
        assert len(platform.poisonings) == 2


async def test_poison_costs_the_next_completion() -> None:
    """8.3: a completion is lost in the same way; sent again it counts."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], None)
        await agent.completes(execution)
        await agent.fence()
        assert (execution.status, len(execution.completions)) == ("running", 1)
        await agent.completes(execution)
        await agent.fence()
        assert (execution.status, len(execution.completions)) == ("completed", 2)


@pytest.mark.parametrize("word", ["disconnect", "receive"])
async def test_deadly_words(word: str) -> None:
    """8.5: an error that echoes one of two words ends the receive loop at once."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], None, log_output=f"the {word} button")
        with pytest.raises(ConnectionClosedError):
            await agent.hears()
        await platform.agent_gone()
        assert platform.online


async def test_results_of_one_second_end_the_execution() -> None:
    """7.2: all cases in one second: it is over, and the next starts on top of it."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        following = await suite.execute()
        await agent.reports(execution, "a line")
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.fence()
        assert execution.status == "running"
        await agent.rates(execution, suite.cases[1], "error")
        assert (await agent.hears())["execution_id"] == following.id
        assert (execution.status, following.status) == ("failed", "running")
        assert not execution.completions
        await agent.rates(execution, suite.cases[1], "error")
        await agent.fence()
        assert len(execution.results) == 4
        assert not following.results


async def test_results_without_a_log_row_end_nothing() -> None:
    """7.2: it is the newest log row that names the execution."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent, "000001")
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.fence()
        assert (execution.status, suite.state) == ("running", "running")
        await agent.reports(execution, "a line")
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.fence()
        assert (execution.status, suite.state) == ("completed", "completed")


async def test_results_of_several_seconds_end_nothing() -> None:
    """7.2: spread over seconds they never trigger it, and older failures are forgotten."""
    clock = Clock()
    async with at_work(clock) as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.reports(execution, "a line")
        await agent.rates(execution, suite.cases[0], "failed")
        await agent.fence()
        clock.now += 2
        await agent.rates(execution, suite.cases[1], "passed")
        await agent.fence()
        assert execution.status == "running"
        await agent.completes(execution)
        assert await execution.ended() == "completed"
        assert suite.state == "completed"


# ----------------------------------------------------------------------------- completions


@pytest.mark.parametrize(
    ("status", "task", "suite_state"),
    [
        ("completed", "completed", "completed"),
        ("failed", "failed", "failed"),
        ("cancelled", "cancelled", "pending"),
        *((word, "completed", "completed") for word in ("timeout", "error", "success", None, 5)),
    ],
)
async def test_status(status: Any, task: str, suite_state: str) -> None:
    """4.4: three words are understood, everything else is "completed"."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.completes(execution, status)
        await agent.fence()
        assert (execution.status, suite.state) == (task, suite_state)


@pytest.mark.parametrize(("result", "state"), [("failed", "failed"), ("PASSED", "completed")])
async def test_completed_with_a_failure_in_the_latest_second(result: str, state: str) -> None:
    """4.4: the task is completed, the suite failed."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], result)
        await agent.completes(execution)
        await agent.fence()
        assert (execution.status, suite.state) == ("completed", state)


async def test_completed_again() -> None:
    """4.4: the task keeps its first state, the suite takes the newest."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.completes(execution, "failed")
        await agent.completes(execution, "completed")
        await agent.fence()
        assert (execution.status, suite.state) == ("failed", "completed")
        assert [body["status"] for body in execution.completions] == ["failed", "completed"]


async def test_completion_of_something_else() -> None:
    """4.4: an unknown execution, or a missing id, changes nothing in the queue."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        waiting = await suite.execute()
        for ids in (
            {"suite_id": suite.id, "execution_id": "unknown"},
            {"suite_id": suite.id},
            {"execution_id": execution.id},
            {"suite_id": "unknown", "execution_id": execution.id},
        ):
            await agent.says(type="test_suite_completed", status="failed", **ids)
        await agent.fence()
        assert (execution.status, waiting.status, suite.state) == ("running", "pending", "running")
        assert len(platform.dropped) == 4


async def test_any_connection_may_complete() -> None:
    """4.4: there is no check of ownership, an older connection counts too."""
    async with at_work() as (platform, older), connected(platform) as newer:
        _suite, execution = await started(platform, newer)
        await older.fence()
        await older.completes(execution, "failed")
        assert await execution.ended() == "failed"


async def test_frames_about_a_deleted_suite() -> None:
    """8.5: they are ignored, the connection lives."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        platform.delete_suite(suite.id)
        await agent.reports(execution, "text")
        await agent.rates(execution, suite.cases[0], "passed")
        await agent.completes(execution)
        await agent.fence()
        assert (execution.status, execution.log_text, execution.results) == ("running", "", [])
        assert len(platform.dropped) == 3
        assert platform.suites == []


# ------------------------------------------------------------------------------ stale view


async def test_new_suite_is_unknown_to_an_old_view() -> None:
    """8.1: logs are dropped and the completion ends nothing, until a heartbeat commits."""
    async with at_work() as (platform, agent):
        suite = platform.create_suite("true", ["000001"])
        execution = await suite.execute()
        await agent.reports(execution, "lost")
        await agent.completes(execution)
        await agent.settle(platform)
        assert (execution.log_text, execution.status) == ("", "running")
        await agent.fence()
        await agent.reports(execution, "stored")
        await agent.completes(execution)
        await agent.fence()
        assert (execution.log_text, execution.status) == ("stored", "completed")


async def test_old_view_does_not_see_a_start() -> None:
    """8.1: a known suite, no log or heartbeat since the start: the task stays running."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        await agent.completes(first)
        await first.ended()
        second = await suite.execute()
        await agent.completes(second)
        await agent.settle(platform)
        assert second.status == "running"
        await agent.fence()
        await agent.completes(second)
        assert await second.ended() == "completed"


async def test_dispatch_is_a_start_as_well() -> None:
    """8.1: one that waited when the view was taken has not started in it."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        second = await suite.execute()
        await agent.fence()
        await agent.completes(first)
        await agent.hears_of("execute_test_suite")
        await agent.completes(second)
        await agent.settle(platform)
        assert second.status == "running"


@pytest.mark.parametrize("by", ["log", "result"])
async def test_what_is_stored_freshens_the_view(by: str) -> None:
    """8.1: a stored log or result of a known suite commits, like a heartbeat."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        await agent.completes(first)
        await first.ended()
        second = await suite.execute()
        if by == "log":
            await agent.reports(second, "a line")
        else:
            await agent.rates(second, suite.cases[0], "passed")
        await agent.completes(second)
        await agent.settle(platform)
        assert second.status == "completed"


async def test_late_completion_overwrites_a_cancel() -> None:
    """8.1: a view older than the cancel still sees the task running."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        await execution.cancel()
        await agent.completes(execution, "completed")
        await agent.settle(platform)
        assert execution.status == "completed"


async def test_each_connection_has_its_own_view() -> None:
    """8.1: a heartbeat on one connection does nothing for another."""
    async with at_work() as (platform, older), connected(platform) as newer:
        suite = platform.create_suite("true", [Case("000001")])
        execution = await suite.execute()
        await newer.fence()
        await older.reports(execution, "lost")
        await older.settle(platform)
        assert execution.log_text == ""
        await newer.reports(execution, "stored")
        await newer.fence()
        assert execution.log_text == "stored"
