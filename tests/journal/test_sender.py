"""Tests of how suites speak: their results, each with a log frame, and their last words."""

import asyncio
import json
import time

import pytest

from app.journal.backlog import RESULT_GAP
from app.journal.budget import CURE_ABOVE
from app.journal.outbox import LOG_LIMIT
from app.journal.records import Finish, OwedItem, OwedKind
from app.journal.stream import LINE_WAIT
from app.journal.window import MAX_FENCES
from app.state import JobState
from tests.journal.kit import NOON, new_job
from tests.journal.suites import END, SuiteDesk, as_suite

RESULT, LOG, DONE = "test_suite_result", "test_suite_log", "test_suite_completed"


def types(suites: SuiteDesk) -> list[str]:
    """Return what is on its way."""
    return [f if f == "heartbeat" else json.loads(f)["type"] for f in suites.line.on_way]


async def ready(suites: SuiteDesk) -> None:
    """A session that has answered, and whose platform has seen all that is open."""
    suites.connect()
    suites.line.arrives()
    suites.line.beats()
    suites.line.arrives()


async def waited_for_a_line(suites: SuiteDesk) -> None:
    """Nothing was printed that could follow the result."""
    assert await suites.line.sends() == 0
    suites.line.now += LINE_WAIT


async def test_a_result_goes_while_the_log_grows(suites: SuiteDesk) -> None:
    """Result and log frame in one hand-over, then the fence; the log's pace does not matter."""
    suite = await suites.suite()
    await ready(suites)
    for text in ("1\n", "2\n"):  # the burst of the pace is used up
        await suite.prints(text)
        await suites.line.sends()
    suites.line.arrives()
    suites.line.on_way.clear()
    await suite.prints("case passed\n")
    assert await suites.line.sends() == 0
    await suite.reports("case-1")
    assert await suites.line.sends() == 2
    assert types(suites) == [RESULT, LOG, "heartbeat"]
    assert "case passed" in suites.line.on_way[1]


async def test_a_result_without_log_gets_a_frame_that_says_nothing(suites: SuiteDesk) -> None:
    """The platform's session is cleared after every result, whatever the log has."""
    suite = await suites.suite()
    await ready(suites)
    await suite.reports("case-1")
    await suites.line.delivers()
    assert suites.platform.order[-3:] == [RESULT, LOG, "heartbeat"]
    assert suites.platform.logs == {"run-1": " "}
    await suite.ends()
    await suites.line.delivers()
    assert suites.platform.completed == [("run-1", "completed")]


@pytest.mark.parametrize(("left", "expected"), [(CURE_ABOVE, 2), (CURE_ABOVE - 1, 1)])
async def test_the_last_of_the_budget_is_not_for_cures(
    suites: SuiteDesk, left: int, expected: int
) -> None:
    """With under 1 KiB left a result goes alone."""
    suite = await suites.suite()
    await suites.store.spend(suite.record.key, LOG_LIMIT - left)
    await suites.restart()
    await ready(suites)
    await suite.reports("case-1")
    await waited_for_a_line(suites)
    assert await suites.line.sends() == expected


async def test_a_rejected_result_does_not_kill_the_session(suites: SuiteDesk) -> None:
    """The log frame behind it rolls the platform back: what follows is stored."""
    suites.platform.bad_cases = {"bad"}
    suite = await suites.suite()
    await ready(suites)
    await suite.reports("good", "bad", "better")
    await suite.ends()
    await suites.line.delivers()
    assert suites.line.outbox is not None  # still the first session
    assert [case for case, _result in suites.platform.results] == ["good", "better"]
    assert suites.platform.completed == [("run-1", "completed")]


async def test_a_result_that_kills_three_sessions_is_set_aside(suites: SuiteDesk) -> None:
    """On a platform that no log frame cures, everything else arrives."""
    suite = await suites.suite()
    await suite.prints("one\n")
    await suite.reports("good", "bad", "better")
    await suite.ends()
    for _session in range(8):
        suites.connect()
        await deadly(suites, "bad")
    assert suites.outbox.drained
    assert len(suites.problems) == 1
    assert {case for case, _result in suites.platform.results} == {"good", "better"}
    assert suites.platform.completed[-1] == ("run-1", "completed")
    assert suites.platform.logs["run-1"].endswith(END)
    assert await suites.store.undelivered() == []


async def deadly(suites: SuiteDesk, case: str) -> None:
    """Deliver to a platform that dies at the heartbeat behind a result of `case`."""
    line, died = suites.line, False
    while line.outbox is not None:
        sent = await line.sends()
        if not sent and not line.on_way:
            if line.outbox.drained:
                return
            line.beats()
            line.now += 0.2
        while line.on_way and line.outbox is not None:
            frame = line.on_way[0]
            if died and frame == "heartbeat":
                line.cut(blame=True)
                return
            died = died or (RESULT in frame and f'"{case}"' in frame)
            if died:
                line.on_way.popleft()
            else:
                line.arrives(1)


async def test_a_stale_view_loses_nothing(suites: SuiteDesk) -> None:
    """A suite speaks only behind a heartbeat that is younger than its acceptance (8.1)."""
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    await suite.prints("one\n")
    await suite.reports("case-1")
    await suite.ends()
    assert await suites.line.sends() == 0
    assert types(suites) == ["heartbeat"]
    await suites.line.delivers()
    assert suites.platform.unseen == []
    assert suites.platform.results == [("case-1", "passed")]
    assert suites.platform.completed == [("run-1", "completed")]


async def test_a_new_session_answers_before_suites_speak(suites: SuiteDesk) -> None:
    """Before the first answer the platform's time zone is not known."""
    suite = await suites.suite()
    await suite.prints("one\n")
    suites.connect()
    assert await suites.line.sends() == 0
    assert types(suites) == ["heartbeat"]
    suites.line.arrives()
    assert await suites.line.sends() == 1


async def test_a_completion_has_an_answered_heartbeat_before_it(suites: SuiteDesk) -> None:
    """Nothing is on its way when it goes; its own fence follows; a cut repeats it."""
    suite = await suites.suite()
    await suite.prints("one\n")
    await ready(suites)
    await suite.ends()
    while DONE not in types(suites):
        suites.line.arrives()
        await suites.line.sends()
    assert types(suites) == [DONE, "heartbeat"]
    suites.line.arrives(1)
    suites.line.cut()
    suites.connect()
    await suites.line.delivers()
    assert suites.platform.completed == [("run-1", "completed")] * 2
    assert suites.platform.logs["run-1"].count(END) == 1


async def test_results_go_one_per_fence(suites: SuiteDesk) -> None:
    """Several fences may be unanswered; each has one result before it."""
    suite = await suites.suite()
    await suite.reports(*(f"case-{n}" for n in range(20)))
    await ready(suites)
    await waited_for_a_line(suites)
    while await suites.line.sends():
        pass
    assert types(suites) == [RESULT, LOG, "heartbeat"] * MAX_FENCES


async def test_the_log_goes_on_while_a_result_waits_for_its_answer(suites: SuiteDesk) -> None:
    """A platform that is slow to answer still shows the live log."""
    suite = await suites.suite()
    await suite.reports(*(f"case-{n}" for n in range(20)))
    await ready(suites)
    await waited_for_a_line(suites)
    while await suites.line.sends():
        pass
    await suite.prints("still here\n")
    suites.line.now += 1
    assert await suites.line.sends() == 1
    assert "still here" in suites.line.on_way[-1]


async def test_items_of_an_older_agent_still_go(suites: SuiteDesk) -> None:
    """A refusal of version 1: no details, no time in its log item."""
    ids = {"suite_id": "suite", "execution_id": "run-0"}
    suites.platform.known.add("suite")
    new = new_job(suites.folder, "suite/run-0", "run-0")
    record = await suites.store.accept(as_suite(new))
    assert record is not None
    items = [
        OwedItem(OwedKind.SUITE_LOG, {**ids, "text": "no", "level": "warning"}),
        OwedItem(OwedKind.SUITE_COMPLETED, {**ids, "status": "failed", "message": "no"}),
    ]
    await suites.store.finish(record.key, Finish(JobState.ERROR, 0, items, NOON))
    await suites.restart()
    suites.connect()
    await suites.line.delivers()
    assert suites.platform.logs == {"run-0": "no"}
    assert suites.platform.completed == [("run-0", "failed")]


async def test_results_are_quick(suites: SuiteDesk) -> None:
    """A result waits for its line and no timer; hundreds at once arrive one per fence."""
    suite = await suites.suite()
    await ready(suites)
    began = time.monotonic()
    await suite.reports("first")
    assert await suites.line.sends() == 0  # its line is on its way to the file
    async with asyncio.timeout(1):
        await suites.outbox.wake.wait()
    await suite.prints("first passed\n")
    assert await suites.line.sends() == 2
    assert "first passed" in suites.line.on_way[-2]
    assert time.monotonic() - began < 5
    began = time.monotonic()
    for number in range(300):
        await suite.prints(f"case-{number} passed\n")
    await suite.reports(*(f"case-{n}" for n in range(300)))
    await suites.line.delivers()
    assert time.monotonic() - began < 10
    assert len(suites.platform.results) == 301


async def test_each_of_many_results_gets_its_share_of_the_log(suites: SuiteDesk) -> None:
    """Reported together with a line for each, hardly one needs a frame that says nothing."""
    suite = await suites.suite()
    await ready(suites)
    for number in range(100):
        await suite.prints(f"case-{number} passed\n")
    await suite.reports(*(f"case-{n}" for n in range(100)))
    await suite.ends()
    await suites.line.delivers()
    lines = suites.platform.logs["run-1"].split("\n")
    said = [line.split(" ")[2] for line in lines[:-1] if line != " "]
    assert said == [f"case-{n}" for n in range(100)]
    assert lines.count(" ") < 10


async def test_executions_of_a_suite_do_not_mix(suites: SuiteDesk) -> None:
    """Nothing of the second goes before the first is confirmed; its results a while after."""
    first = await suites.suite("suite", "run-1")
    second = await suites.suite("suite", "run-2")
    await ready(suites)
    await second.prints("waiting\n")
    await second.reports("b")
    await first.reports("a")
    await first.ends()
    suites.line.now += 10.0
    while not suites.platform.completed:
        assert await suites.line.sends() > 0
        suites.line.arrives()
    assert "run-2" not in suites.platform.logs
    assert suites.platform.results == [("a", "passed")]
    while await suites.line.sends() or suites.line.on_way:
        suites.line.arrives()
    assert suites.platform.logs["run-2"].endswith("waiting")  # its log follows at once
    assert suites.platform.results == [("a", "passed")]
    suites.line.now += RESULT_GAP
    await second.ends()
    await suites.line.delivers()
    assert suites.platform.results == [("a", "passed"), ("b", "passed")]
    assert [name for name, _status in suites.platform.completed] == ["run-1", "run-2"]


async def test_executions_of_a_dead_agent_do_not_mix_either(suites: SuiteDesk) -> None:
    """What the journal still owes for two of a suite goes in order, at its distance."""
    for number in (1, 2):
        suite = await suites.suite("suite", f"run-{number}")
        await suite.prints(f"{number}\n")
        await suite.ends(END, f"case-{number}")
    await suites.restart()
    await ready(suites)
    began = suites.line.now
    while len(suites.platform.completed) < 2:
        if not await suites.line.sends() and not suites.line.on_way:
            suites.line.now += 0.1
        suites.line.arrives()
        if "run-2" in suites.platform.logs:
            assert suites.platform.completed[0] == ("run-1", "completed")
        if len(suites.platform.results) == 2:
            assert suites.line.now >= began + RESULT_GAP
    assert [case for case, _result in suites.platform.results] == ["case-1", "case-2"]
