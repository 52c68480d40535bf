"""Tests of app.jobs.every_test."""

from app.jobs.case_ending import Ending, Why
from app.jobs.every_test import EveryTestBook
from app.jobs.results.findings import Findings
from app.jobs.results.items import TestItem, Verdict

EXITED = Ending(Why.EXITED, 0)


def test_each_test_is_a_case() -> None:
    """Each is reported at once, the only one too; a worse result is reported again."""
    book = EveryTestBook("smoke")
    assert [r.case_id for r in book.take([TestItem("a", Verdict.PASSED)])] == ["a"]
    items = [TestItem("b", Verdict.PASSED), TestItem("a", Verdict.FAILED, message="no")]
    assert [(r.case_id, r.result) for r in book.take(items)] == [
        ("b", Verdict.PASSED),
        ("a", Verdict.FAILED),
    ]
    end = book.end(EXITED)
    assert end.results == ()
    assert end.remarks == ()
    assert (end.counts.total, end.counts.failed, end.ok) == (2, 1, False)


def test_a_code_names_the_case() -> None:
    """What two formats say of one case is put together where both know its code."""
    book = EveryTestBook("smoke")
    book.take([TestItem("x", Verdict.PASSED, case_code="100001")])
    assert book.take([TestItem("y", Verdict.PASSED, case_code="100001")]) == []
    assert book.end(EXITED).counts.total == 1


def test_without_tests_the_command_is_the_case() -> None:
    """Its exit code decides."""
    end = EveryTestBook("smoke").end(EXITED)
    assert [(r.case_id, r.result) for r in end.results] == [("smoke", Verdict.PASSED)]
    assert end.ok
    failed = EveryTestBook("smoke").end(Ending(Why.EXITED, 3))
    assert [r.result for r in failed.results] == [Verdict.FAILED]
    assert not failed.ok


def test_an_empty_result_file_is_a_failure() -> None:
    """Tests were expected, and there are none."""
    findings = Findings(files_seen=("report.xml",))
    end = EveryTestBook("smoke").end(Ending(Why.EXITED, 0, findings=findings))
    assert [r.result for r in end.results] == [Verdict.ERROR]
    assert not end.ok
    assert "report.xml" in end.reason


def test_a_run_that_never_began() -> None:
    """The reason is the result of the command."""
    end = EveryTestBook("smoke").end(Ending(Why.NOT_STARTED, reason="no git"))
    assert [(r.result, "no git" in r.message) for r in end.results] == [(Verdict.ERROR, True)]
