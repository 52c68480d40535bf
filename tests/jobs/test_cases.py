"""Tests of app.jobs.cases and app.jobs.case_ending."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.cases import CaseBook, CaseResult, CasesEnd, Ending, Why
from app.jobs.results.findings import Findings
from app.jobs.results.items import TestItem, Verdict

PASSED, FAILED, ERROR, SKIPPED = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED
SEEN = Findings(files_seen=("junit.xml",))
GOOD = Ending(Why.EXITED, 0, findings=SEEN)


def book(count: int = 3, codes: bool = True) -> CaseBook:
    """A book of the cases id-0, id-1 … with the codes TC0, TC1 …"""
    ids = [f"id-{number}" for number in range(count)]
    return CaseBook(ids, [f"TC{number}" for number in range(count)] if codes else None, {})


def item(number: int, result: Verdict = PASSED, name: str = "", **more: Any) -> TestItem:
    """A test of one case."""
    return TestItem(name or f"test_TC{number}", result, **more)


def told(results: list[CaseResult] | tuple[CaseResult, ...]) -> list[tuple[str, Verdict]]:
    """Reports without their texts."""
    return [(result.case_id, result.result) for result in results]


def ended(cases: CaseBook, why: Why = Why.EXITED, code: int | None = 0, files: int = 1) -> CasesEnd:
    """The end, with a number of result files seen."""
    names = tuple(f"junit-{number}.xml" for number in range(files))
    return cases.end(Ending(why, code, findings=Findings(files_seen=names)))


# -------------------------------------------------------------------------- while it runs


def test_at_once_but_for_the_last() -> None:
    """Each case is reported with its item; the last outstanding one waits for the end."""
    cases = book()
    assert told(cases.take([item(1)])) == [("id-1", PASSED)]
    assert told(cases.take([item(0, FAILED), item(2)])) == [("id-0", FAILED)]
    assert cases.take([item(2, FAILED)]) == []
    end = ended(cases)
    assert told(end.results) == [("id-2", FAILED)]
    assert end.counts.reported == 3


def test_a_single_case_waits() -> None:
    """The only case of a suite is the last one outstanding from the beginning."""
    cases = book(1)
    assert cases.take([item(0, FAILED, message="m", output="o", duration=1.5)]) == []
    assert ended(cases, code=1).results == (CaseResult("id-0", FAILED, 1.5, "m", "o"),)


def test_once_more_if_worse() -> None:
    """A parameter that failed later is reported at once, and nothing after it."""
    cases = book()
    assert told(cases.take([item(0, PASSED, "test_TC0[a]")])) == [("id-0", PASSED)]
    assert cases.take([item(0, PASSED, "test_TC0[b]")]) == []
    worse = cases.take([item(0, FAILED, "test_TC0[c]", message="assert 1 == 2")])
    assert told(worse) == [("id-0", FAILED)]
    assert worse[0].message == "test_TC0[c]\nassert 1 == 2"
    assert cases.take([item(0, ERROR, "test_TC0[d]"), item(0, PASSED, "test_TC0[e]")]) == []


def test_skipped_becomes_passed_at_the_end() -> None:
    """That is no bad news: it waits, so that a failure in between still gets its report."""
    for later, verdict in ((PASSED, PASSED), (FAILED, FAILED)):
        cases = book()
        assert told(cases.take([item(0, SKIPPED)])) == [("id-0", SKIPPED)]
        assert cases.take([item(0, PASSED)]) == []
        reports = [*cases.take([item(0, later)]), *ended(cases).results]
        assert [report.result for report in reports if report.case_id == "id-0"] == [verdict]


def test_one_batch_makes_one_report() -> None:
    """Items of one case that are read together are one report, with the heaviest verdict."""
    cases = book()
    assert told(cases.take([item(0), item(0, FAILED), item(0, SKIPPED)])) == [("id-0", FAILED)]


def test_a_waiting_case_takes_what_says_more() -> None:
    """The same verdict from another file adds message and output to a case not yet reported."""
    cases = book(1)
    cases.take([item(0, FAILED, duration=1.0)])
    cases.take([item(0, FAILED, duration=1.0, message="why", output="log")])
    assert ended(cases, code=1).results == (CaseResult("id-0", FAILED, 1.0, "why", "log"),)


def test_after_a_crash_of_the_agent() -> None:
    """What was reported before is not repeated; worse news may come once more."""
    cases = book()
    cases.already({"id-0": "passed", "id-1": "failed", "foreign": "passed"})
    assert told(cases.take([item(0), item(1)])) == []
    assert told(cases.take([item(0, FAILED)])) == [("id-0", FAILED)]
    end = ended(cases, Why.INTERRUPTED, None)
    assert told(end.results) == [("id-2", ERROR)]
    assert "interrupted" in end.results[0].message
    assert end.counts.failed == 2


# ----------------------------------------------------------------------------- which case


def test_remembered_codes() -> None:
    """Without codes, or with codes that cannot be paired, those of earlier runs count."""
    for codes in (None, ["TC1"]):
        cases = CaseBook(["a", "b"], codes, {"TC1": "b", "TC2": "elsewhere"})
        assert cases.codes == {"TC1": "b"}
        assert told(cases.take([item(1)])) == [("b", PASSED)]


def test_what_the_platform_says_comes_before_memory() -> None:
    """Codes that can be paired replace what was remembered."""
    assert CaseBook(["a", "b"], ["1", "2"], {"1": "b", "3": "a"}).codes == {"1": "a", "2": "b"}


def test_learning() -> None:
    """Pairs of the platform and those inside result items are to be remembered."""
    assert book(2).learned == {"TC0": "id-0", "TC1": "id-1"}
    cases = book(2, codes=False)
    cases.take([item(7, case_id="id-0", case_code="K"), item(7, case_id="x", case_code="L")])
    assert cases.learned == {"K": "id-0"}


def test_code_of() -> None:
    """A case is named by its code, or by its id."""
    assert book().code_of("id-1") == "TC1"
    assert book(codes=False).code_of("id-1") == "id-1"


def test_strangers_are_counted_and_named() -> None:
    """Tests of no case are never reported; a remark names some."""
    cases = book()
    assert cases.take([TestItem(f"other-{number}", FAILED) for number in range(9)]) == []
    (remark,) = (text for text in ended(cases).remarks if "belong" in text)
    assert remark.startswith("9 tests")
    assert "other-4" in remark
    assert "other-5" not in remark


# ------------------------------------------------------------------------------- the end


@pytest.mark.parametrize(
    ("why", "code", "text"),
    [
        (Why.EXITED, 139, "process exited 139 before this case ran"),
        (Why.EXITED, -11, "process exited -11 before this case ran"),
        (Why.TIMED_OUT, None, "timed out"),
        (Why.INTERRUPTED, None, "interrupted"),
        (Why.NOT_STARTED, None, "could not be started"),
    ],
)
def test_silent_cases_are_errors(why: Why, code: int | None, text: str) -> None:
    """Cases without a result after a bad end are errors that say why."""
    cases = book()
    cases.take([item(0)])
    end = ended(cases, why, code)
    assert told(end.results) == [("id-1", ERROR), ("id-2", ERROR)]
    assert {text in result.message for result in end.results} == {True}
    assert not end.ok
    assert end.counts.error == 2


def test_the_reason_is_told() -> None:
    """What the caller knows of the end is in the message of each case."""
    end = book().end(Ending(Why.NOT_STARTED, reason="git is not installed"))
    assert end.results[0].message.endswith("could not be started: git is not installed")


def test_silent_cases_are_skipped_after_a_good_end() -> None:
    """Exit code 0 and others reported: not reported by the test tool."""
    cases = book()
    cases.take([item(0), item(1)])
    end = ended(cases)
    assert told(end.results) == [("id-1", PASSED), ("id-2", SKIPPED)][1:]
    assert end.results[0].message == "not reported by the test tool"
    assert end.ok
    assert "1 of 3 cases" in end.remarks[-1]


def test_a_cancelled_run_invents_nothing() -> None:
    """What ran has its result; the rest gets none."""
    cases = book(2)
    cases.take([item(0)])
    cases.take([item(1)])
    assert told(ended(cases, Why.CANCELLED, None).results) == [("id-1", PASSED)]
    assert ended(book(), Why.CANCELLED, None).results == ()


def test_a_result_file_without_tests_is_a_failure() -> None:
    """Even with exit code 0; all cases say so."""
    end = ended(book(2))
    assert told(end.results) == [("id-0", ERROR), ("id-1", ERROR)]
    assert "no test is in the result file junit-0.xml" in end.results[0].message
    assert not end.ok
    assert "junit-0.xml" in end.reason


@pytest.mark.parametrize(("code", "verdict"), [(0, PASSED), (3, FAILED)])
def test_one_case_without_a_file_takes_the_exit_code(code: int, verdict: Verdict) -> None:
    """A plain script is judged by its exit code."""
    end = ended(book(1), code=code, files=0)
    assert told(end.results) == [("id-0", verdict)]
    assert ("exited 3" in end.results[0].message) == (code == 3)
    assert end.ok == (code == 0)


@pytest.mark.parametrize("code", [0, 3])
def test_several_cases_without_a_file_get_nothing(code: int) -> None:
    """The log says why, and the exit code decides."""
    end = ended(book(2), code=code, files=0)
    assert end.results == ()
    assert f"2 cases have no result; the exit code {code} decides" in end.remarks[-1]
    assert end.ok == (code == 0)


def test_without_a_file_a_timeout_is_still_an_error() -> None:
    """There is no exit code to judge by."""
    end = ended(book(2), Why.TIMED_OUT, None, files=0)
    assert told(end.results) == [("id-0", ERROR), ("id-1", ERROR)]


def test_a_failed_case_fails_the_whole() -> None:
    """Whatever the exit code says, and even if the case failed earlier."""
    cases = book(2)
    cases.take([item(0, FAILED), item(1)])
    end = ended(cases)
    assert not end.ok
    assert end.reason == "1 of 2 cases failed"


def test_problems_are_remarks() -> None:
    """What the collector found wrong is said, first."""
    cases = book(2)
    cases.take([item(0), item(1)])
    end = cases.end(Ending(Why.EXITED, 0, findings=Findings(problems=("cut off",))))
    assert end.remarks == ("cut off",)


# ----------------------------------------------------------------------------- invariants

ITEMS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(list(Verdict))), max_size=12)
ENDS = st.sampled_from(
    [(Why.EXITED, 0), (Why.EXITED, 1), (Why.TIMED_OUT, None), (Why.CANCELLED, None)]
)


@pytest.mark.slow
@given(st.integers(1, 4), st.lists(ITEMS, max_size=6), ENDS)
@settings(max_examples=600, deadline=None)
def test_invariants(
    count: int, batches: list[list[tuple[int, Verdict]]], how: tuple[Why, int | None]
) -> None:
    """At most two reports of a case, the last outstanding never before the end, true at the end."""
    cases, reports = book(count), defaultdict[str, list[Verdict]](list)
    worst: dict[str, Verdict] = {}
    for batch in batches:
        for number, verdict in batch:
            known = worst.get(f"id-{number}", verdict)
            worst[f"id-{number}"] = verdict if verdict.outweighs(known) else known
        for result in cases.take([item(number, verdict) for number, verdict in batch]):
            reports[result.case_id].append(result.result)
        assert len(reports) < count
    end = ended(cases, *how)
    for result in end.results:
        reports[result.case_id].append(result.result)
    for case_id, verdicts in reports.items():
        assert len(verdicts) <= 2
        assert verdicts[0] == verdicts[-1] or verdicts[-1].outweighs(verdicts[0])
        truth = worst.get(case_id, verdicts[-1])
        assert verdicts[-1] == truth or (verdicts[-1].bad and truth.bad)
    assert set(worst) & {f"id-{number}" for number in range(count)} <= set(reports)
    if any(batches) or how[0] is not Why.CANCELLED:
        assert end.counts.reported == len(reports)
    counts = end.counts
    assert counts.passed + counts.failed + counts.error + counts.skipped == counts.reported
    assert end.ok == (how == (Why.EXITED, 0) and not counts.failed + counts.error)
