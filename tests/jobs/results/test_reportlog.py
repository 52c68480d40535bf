"""Tests of app.jobs.results.reportlog, on files that pytest-reportlog wrote."""

import json

from app.jobs.results.items import Verdict
from app.jobs.results.reportlog import read
from tests.jobs.results.samples import items_of, reading_of, sample, verdicts_of

PASSED, FAILED, ERROR, SKIPPED = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.SKIPPED


def test_verdicts() -> None:
    """Setup, call and teardown make one verdict; xfail is a skip; a broken file is an error."""
    expected = {
        "py": ERROR,
        "test_passes_TC001": PASSED,
        "test_fails_TC002": FAILED,
        "test_setup_error_TC003": ERROR,
        "test_skipped_TC004": SKIPPED,
        "test_xfail_TC005": SKIPPED,
        "test_xpass_TC006": PASSED,
        "test_xpass_strict_TC007": FAILED,
        "test_param_TC008[one]": PASSED,
        "test_param_TC008[two/\\u6d4b]": FAILED,
        "test_param_TC008[[three]]": PASSED,
        "test_teardown_error_TC009": ERROR,
        "test_by_property": PASSED,
        "test_caseid_100001_login": PASSED,
        "test_skip_inside_TC011": SKIPPED,
        "test_sub_TC012": FAILED,
        "test_subtests_TC013": FAILED,
    }
    assert verdicts_of("pytest-reportlog.jsonl") == expected
    xdist = verdicts_of("xdist-reportlog.jsonl")
    assert xdist == {test: expected[test] for test in xdist}
    assert len(xdist) == 16


def test_texts() -> None:
    """Messages begin with the reason, output has its headings, a property names the case."""
    items = items_of("pytest-reportlog.jsonl")
    failed = items["test_fails_TC002"].message
    assert failed.startswith("AssertionError: wrong <sum> & more\n")
    assert "test_sample.py:8: AssertionError" in failed
    assert items["test_setup_error_TC003"].message.startswith("RuntimeError: no device\n")
    assert items["test_skipped_TC004"].message == "not today"
    assert items["test_xfail_TC005"].message == "xfail: known bug 77"
    assert items["test_passes_TC001"].output.startswith("--- Captured stdout call ---\nhello 测试")
    assert items["test_passes_TC001"].output.endswith("--- Captured stderr call ---\nto stderr")
    assert items["test_by_property"].case_code == "TC010"
    assert (items["test_passes_TC001"].duration or 0) > 0


def test_a_crash_names_its_test() -> None:
    """What was under way when the interpreter died is an error, but only at the end."""
    reading = reading_of(sample("crash-reportlog.jsonl"))
    assert [item.result for item in reading.items] == [PASSED]
    (cut,) = reading.unfinished
    assert cut.name.endswith("test_crash_TC002")
    assert cut.result is ERROR
    assert "under way" in cut.message


def test_a_failed_call_stays_failed_without_teardown() -> None:
    """A test that failed before the crash keeps its own message."""
    lines = sample("pytest-reportlog.jsonl").splitlines()
    upto = next(i for i, line in enumerate(lines) if b"TC002" in line and b'"failed"' in line) + 1
    (cut,) = reading_of(b"\n".join(lines[:upto])).unfinished
    assert cut.result is FAILED
    assert cut.message.startswith("AssertionError")


def test_reruns_count_once() -> None:
    """pytest-rerunfailures: the last attempt is the test's result."""
    assert verdicts_of("rerun-reportlog.jsonl") == {
        "test_flaky_TC001": PASSED,
        "test_never_TC002": FAILED,
    }


def test_a_crashed_worker() -> None:
    """xdist's report for a worker that died ends the test as an error."""
    report = {
        "$report_type": "TestReport",
        "nodeid": "a.py::test_a",
        "when": "???",
        "outcome": "failed",
        "longrepr": "worker 'gw0' crashed while running 'a.py::test_a'",
    }
    reading = read(json.dumps(report).encode())
    assert reading is not None
    assert [item.result for item in reading.items] == [ERROR]
    assert "gw0" in reading.items[0].message


def test_damaged_lines_are_passed_over() -> None:
    """A line that is no JSON costs that line only."""
    data = sample("crash-reportlog.jsonl")
    broken = data.replace(b'\n{"outcome"', b'\n{{{"outcome"', 1) + b'\n\xff\n[1]\n"x"\n'
    assert reading_of(broken).items == reading_of(data).items


def test_other_formats_are_not_ours() -> None:
    """JSON lines of something else are left alone."""
    assert read(b'{"a": 1}\n{"$report_type": "TestReport"}\n') is None
    assert read(b"") is None
    assert read(b"plain text") is None
