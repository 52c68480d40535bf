"""Tests of app.demo.show_suite: the suite's story, its table and its verdict."""

import asyncio

import pytest

from app.demo.platform import DemoPlatform
from app.demo.sample_suite import CODES, EXPECTED, Sample
from app.demo.show_suite import SuiteShow
from app.demo.stage import Stage
from tests.demo.agent import ScriptedAgent, connected

STAMP = "[2026-11-22 12:00:00.250]"


async def does_the_suite(
    agent: ScriptedAgent, platform: DemoPlatform, results: dict[str, str], status: str
) -> None:
    """Take the suite, print two lines, report these results and complete."""
    await agent.hears_of("execute_test_suite")
    await agent.fence()
    (execution,) = platform.executions
    await agent.reports(execution, f"{STAMP} first line (第一行)")
    for case in execution.suite.cases:
        result = results[case.code]
        why = f"why {case.code}\nand more" if result == "failed" else ""
        await agent.rates(execution, case, result, duration="0.25s", error_message=why)
    await agent.reports(execution, f"{STAMP} last\x1b[2J line")
    await agent.completes(execution, status)
    await agent.fence()


async def told(
    results: dict[str, str], status: str, capsys: pytest.CaptureFixture[str]
) -> tuple[bool, list[str]]:
    """Whether the suite ended well, and the lines of the story."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats()
        show = SuiteShow(platform, Stage())
        good, _nothing = await asyncio.gather(
            show.run(Sample(None, "run")), does_the_suite(agent, platform, results, status)
        )
    return good, capsys.readouterr().out.splitlines()


async def test_the_story_ends_with_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the log once, then one row per case in the order of the codes, then how."""
    good, lines = await told(EXPECTED, "failed", capsys)
    assert good
    text = "\n".join(lines)
    assert text.count("first line (第一行)") == text.count("line") - 1 == 1
    assert "12:00:00.250" in text
    assert "\x1b" not in text
    table = lines[lines.index("Results:") + 1 :]
    assert [row.split()[:3] for row in table[: len(CODES)]] == [
        [code, EXPECTED[code], "0.25s"] for code in sorted(CODES)
    ]
    assert table[2].endswith("why 100003")
    assert table[len(CODES)] == ""
    assert "failed, as it should be: one case fails by design" in table[len(CODES) + 1]
    assert lines.index("Results:") > next(at for at, line in enumerate(lines) if "last" in line)


async def test_other_results_are_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """A case that passes though it should fail: the demo has failed, and says so."""
    good, lines = await told(EXPECTED | {"100003": "passed"}, "completed", capsys)
    assert not good
    assert any("completed; these are not the results that it should have" in x for x in lines)
