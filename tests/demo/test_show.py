"""The demo's story, with a scripted agent in the leading part."""

import asyncio

import pytest

from app.demo.platform import DemoPlatform
from app.demo.show import JOB, Show
from app.demo.stage import Stage
from tests.demo.agent import ScriptedAgent, connected


async def does_the_job(agent: ScriptedAgent, status: str) -> None:
    """Take the job, say two lines (one of them twice) and report."""
    task = await agent.hears()
    assert task["task_id"] == JOB
    stderr_at = await agent.logs(JOB, "step 1 (第一步)", 0)
    await agent.logs(JOB, "slow", stderr_at, "error")
    await agent.logs(JOB, "slow", stderr_at, "error")
    await agent.says(
        type="task_result", task_id=JOB, status=status, exit_code=0, duration=0.01, error=""
    )


@pytest.mark.parametrize(("status", "good"), [("success", True), ("failed", False)])
async def test_connection_job_and_result(
    status: str, good: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The story tells of the computer, each line of the log once, and the outcome."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        show = Show(platform, Stage())
        await asyncio.gather(show.connection(pid=7), agent.beats())
        outcome, _nothing = await asyncio.gather(show.job(), does_the_job(agent, status))
    told = capsys.readouterr().out
    assert outcome is good
    assert "process 7" in told
    assert "127.0.0.1" in told
    assert "step 1 (第一步)" in told
    assert told.count("slow") == 1
    assert f"{status}, exit code 0" in told
    assert "2 lines" in told
    assert "complete" in told
    assert "\x1b" not in told


async def test_lost_connection_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards, a lost connection and the next one are told."""
    async with DemoPlatform() as platform, asyncio.TaskGroup() as group:
        show = Show(platform, Stage())
        async with connected(platform) as agent:
            await agent.beats()
            staying = group.create_task(show.stay(), name="stay")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await platform.cut()
        async with connected(platform) as agent:
            await agent.beats()
            told = capsys.readouterr().out
            while "Online again" not in told:
                await agent.beats()
                told += capsys.readouterr().out
        staying.cancel()
    assert "is lost" in told
