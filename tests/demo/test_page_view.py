"""What the page shows of the platform, as data."""

import json
import math
from typing import Any

import pytest

from app.demo.page_view import View
from tests.demo.agent import at_work, started

EPOCH = 1000.0


@pytest.mark.parametrize(
    ("result", "state"),
    [
        ({"status": "success", "exit_code": 0}, "passed"),
        ({"status": "failed", "exit_code": 3}, "failed"),
        ({"status": "timeout"}, "timeout"),
        ({"status": "error", "error": "cancelled by the platform"}, "cancelled"),
        ({"status": "error", "error": "no such program"}, "error"),
        ({"status": 7, "error": {}, "exit_code": "x", "duration": math.nan}, "error"),
    ],
)
async def test_task_states(result: dict[str, Any], state: str) -> None:
    """A task runs until its result has come, and every result is one the page can show."""
    async with at_work() as (platform, agent):
        view = View(platform, EPOCH)
        view.commands["t"] = "make\ntest"
        await platform.send_task("t", "make\ntest")
        assert view.runs()["t"]["state"] == "running"
        await agent.says(type="task_result", task_id="t", **result)
        await agent.fence()
        run = view.runs()["t"]
        assert (run["state"], run["name"]) == (state, "make\ntest")
        assert json.dumps(run, allow_nan=False)


async def test_unchanged_is_the_same_object() -> None:
    """A run that has no news is not built again."""
    async with at_work() as (platform, agent):
        view = View(platform, EPOCH)
        _suite, execution = await started(platform, agent)
        await platform.send_task("t", "true")
        before = view.runs()
        await agent.fence()
        after = view.runs()
        assert all(after[key] is before[key] for key in ("t", execution.id))


async def test_cases_keep_the_newest_result() -> None:
    """A case that is reported again shows its newest result, texts cut to size."""
    async with at_work() as (platform, agent):
        view = View(platform, EPOCH)
        suite, execution = await started(platform, agent)
        for result, message in (("passed", ""), ("failed", "x" * 5000)):
            await agent.says(
                type="test_suite_result",
                suite_id=suite.id,
                case_id=suite.cases[0].id,
                result=result,
                executor_id=platform.user_id,
                error_message=message,
                log_output="y" * 9999 + "end",
            )
        await agent.beats()
        first, second = view.cases(execution.id)
        assert (first["result"], second["result"]) == ("failed", None)
        assert len(first["message"]) < 2100
        assert first["output"].endswith("end")
        assert len(first["output"]) == 4000
        counts = view.runs()[execution.id]["counts"]
        assert counts == {"passed": 0, "failed": 1, "error": 0, "skipped": 0}


async def test_history_survives_strange_heartbeats() -> None:
    """Only finite numbers become points of a curve."""
    async with at_work() as (platform, agent):
        await agent.beats(cpu_info="busy", memory_info={"usage_percent": "high"})
        await agent.beats(cpu_info={"usage_percent": 5}, memory_info=None)
        await agent.says(type="heartbeat", data={"cpu_info": {"usage_percent": math.nan}})
        await platform.wait_for(lambda: len(platform.heartbeats) == 4)
        history = View(platform, EPOCH).history()
    assert [sample["cpu_info"] for sample in history] == [1.0, None, 5, None]
    assert [sample["memory_info"] for sample in history] == [None] * 4
