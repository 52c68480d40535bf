"""Tests of app.jobs.results.xat."""

import pytest

from app.jobs.results.items import Verdict
from app.jobs.results.xat import read
from tests.jobs.results.samples import reading_of, sample


def test_fields() -> None:
    """Ids, codes, seconds and messages arrive; an unknown status is an error, a number a code."""
    first, second, third, odd = reading_of(sample("xat.json")).items
    assert (first.case_id, first.case_code, first.duration) == ("id-1", "100001", 0.0123)
    assert (second.result, second.message) == (Verdict.FAILED, "assert 1 == 2")
    assert (third.result, third.case_code) == (Verdict.SKIPPED, None)
    assert (odd.result, odd.case_code, odd.case_id) == (Verdict.ERROR, "100004", None)
    assert (odd.duration, odd.message) == (None, "")


def test_a_fresh_file_is_empty_and_whole() -> None:
    """`[]` is what xat writes when it is loaded."""
    reading = read(b"[]\n")
    assert reading is not None
    assert (reading.items, reading.whole) == ((), True)


def test_other_json_is_not_ours() -> None:
    """Arrays of something else, objects and other formats are left to others."""
    for data in (
        b"",
        b"{}",
        b"[1, 2]",
        b'[{"name": "a"}]',
        b"<a/>",
        b"[nonsense]",
        b'[["status"]]',
    ):
        assert read(data) is None


def test_other_encodings() -> None:
    """A mark of UTF-8 or UTF-16 at the beginning does no harm."""
    text = sample("xat.json").decode()
    for encoding in ("utf-8-sig", "utf-16"):
        assert len(reading_of(text.encode(encoding)).items) == 4


@pytest.mark.slow
def test_too_many() -> None:
    """More tests than are kept are left out, and the reading says so."""
    reading = read(b"[" + b'{"status": "passed"},' * 100_001 + b"]")
    assert reading is not None
    assert len(reading.items) == 100_000
    assert "100000" in reading.problem
