"""The history that the users see."""

from datetime import datetime

import pytest

from app.demo.platform import DemoPlatform
from app.demo.suites import Execution
from tests.demo.agent import Clock, ScriptedAgent, at_work, started

NOON, NOON_UTC = "2026-11-22T12:00:05+08:00", "2026-11-22T04:00:05Z"


async def run(
    platform: DemoPlatform, agent: ScriptedAgent, clock: Clock, timestamp: str
) -> Execution:
    """A suite of three cases: failed, passed, passed, a second apart; then the last log line."""
    suite, execution = await started(platform, agent, "000001", "000002", "000003")
    for case, result in zip(suite.cases, ("failed", "passed", "passed"), strict=True):
        await agent.rates(execution, case, result)
        await agent.fence()
        clock.now += 1
    await agent.reports(execution, "the last line", timestamp=timestamp)
    await agent.completes(execution, "failed")
    await execution.ended()
    return execution


@pytest.mark.parametrize(
    ("timestamp", "result", "count"), [(NOON, "failed", 3), (NOON_UTC, "passed", 1)]
)
async def test_history_depends_on_the_offset(timestamp: str, result: str, count: int) -> None:
    """7.4: in the server's zone the window matches; in UTC only the newest result is seen."""
    clock = Clock()
    async with at_work(clock) as (platform, agent):
        execution = await run(platform, agent, clock, timestamp)
        entry = platform.history()[0]
        assert (entry.execution_id, entry.suite_id) == (execution.id, execution.suite.id)
        assert (entry.result, entry.case_count) == (result, count)
        assert entry.executed_at == datetime.fromisoformat(timestamp).replace(tzinfo=None)


async def test_old_results_do_not_count() -> None:
    """7.4: what is stamped more than 5 minutes before the last log line is not looked at."""
    clock = Clock()
    async with at_work(clock) as (platform, agent):
        suite, execution = await started(platform, agent)
        await agent.rates(execution, suite.cases[0], "failed")
        await agent.fence()
        clock.now += 301
        await agent.rates(execution, suite.cases[1], "skipped")
        await agent.reports(execution, "end", timestamp="2026-11-22T12:05:01+08:00")
        await agent.completes(execution)
        await execution.ended()
        assert platform.history()[0].result == "skipped"


@pytest.mark.parametrize(
    ("line", "status", "result"),
    [
        ("用户取消了订单", "completed", "cancelled"),
        ("测试套执行已取消", "cancelled", "cancelled"),
        ("nothing special", "cancelled", "unknown"),
        (None, "failed", "completed"),
    ],
)
async def test_without_results(line: str | None, status: str, result: str) -> None:
    """6, 7.1: one word anywhere makes it cancelled; a log without results is unknown."""
    async with at_work() as (platform, agent):
        _suite, execution = await started(platform, agent)
        assert platform.history()[0].result == "running"
        if line is not None:
            await agent.reports(execution, line)
        await agent.completes(execution, status)
        await execution.ended()
        assert (platform.history()[0].result, platform.history()[0].case_count) == (result, 0)


async def test_newest_first() -> None:
    """What waits is pending, and every execution has one entry."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        second = await suite.execute()
        shown = [(entry.execution_id, entry.result) for entry in platform.history()]
        assert shown == [(second.id, "pending"), (first.id, "running")]
