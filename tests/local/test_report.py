"""Tests of app.local.report."""

from datetime import UTC, datetime

from app.jobs.results.items import Verdict
from app.local.paint import Paint
from app.local.report import Report, Row
from app.state import JobState

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)


def report(*rows: Row, state: JobState = JobState.FAILED, reason: str = "") -> Report:
    """A report of a suite s."""
    return Report(name="s", state=state, reason=reason, began=BEGAN, duration=2.0, rows=rows)


def test_columns() -> None:
    """Chinese takes two columns, times stand right, a message is its telling line, clipped."""
    rows = (
        Row("登录", Verdict.PASSED, 12.5),
        Row("b", Verdict.FAILED, 0.25, "def test():\nE   assert 1 == 2 or more"),
        Row("\x1b[2Jc", None),
    )
    assert report(*rows).table(Paint(columns=45)).splitlines() == [
        "",
        "  CASE      RESULT        TIME  MESSAGE",
        "  登录      passed     12.50 s",
        "  b         failed      0.25 s  assert 1 ==",
        "  \\x1b[2Jc  no result",
        "",
        "3 cases: 1 passed, 1 failed, 0 with errors, 0 skipped, 1 without a result; 2.00 s",
        "s: failed.",
    ]


def test_long_names_do_not_push_the_others() -> None:
    """One long name moves only its own line."""
    lines = report(Row("a", Verdict.PASSED), Row("x" * 90, Verdict.PASSED)).table(Paint())
    first, second = lines.splitlines()[2:4]
    assert first.index("passed") == 64
    assert second == f"  {'x' * 90}  passed"


def test_colours() -> None:
    """Only where there are any, and each one ends."""
    row = Row("a", Verdict.FAILED, message="m")
    painted = report(row).table(Paint(terminal=True, colour=True))
    assert "\x1b[31mfailed\x1b[0m" in painted
    assert painted.count("\x1b[0m\x1b[") == 2
    assert "\x1b" not in report(row).table(Paint(terminal=True))


def test_cases_without_a_result_in_the_file() -> None:
    """They are skipped in a run that went well and an error in any other."""
    well = report(Row("a"), state=JobState.SUCCEEDED).written()
    assert [case.result for case in well.cases] == [Verdict.SKIPPED]
    assert well.problem == ""
    bad = report(Row("a"), reason="exit code 3.").written()
    assert [case.result for case in bad.cases] == [Verdict.ERROR]
    assert bad.problem == "s: failed. exit code 3."
