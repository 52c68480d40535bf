"""Tests of app.jobs.results: what holds for every reader."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.results.items import (
    MESSAGE_LIMIT,
    OUTPUT_LIMIT,
    Gathered,
    Verdict,
    clip_message,
    clip_output,
    seconds,
)
from app.jobs.results.readers import READERS, read_results
from tests.jobs.results.samples import NAMES, reading_of, sample

PIECES = [
    *(b"<testsuite>", b"</testsuite>", b"<testcase name='a' time='1,2,3.4.5'>", b"</testcase>"),
    *(b"<failure", b" message='", b"'>", b"<![CDATA[", b"]]>", b"&#0;", b"&#x110000;", b"&a;"),
    *(b"<!DOCTYPE a [<!ENTITY a 'b'>]>", b"<?xml version='1.0' encoding='gbk'?>", b"\xff\xfe"),
    *(b"[", b"{", b'"status"', b":", b'"passed"', b"}", b",", b"]", b"\n", b"1e999", b"null"),
    *(b'{"$report_type": "TestReport", "when": "call", "outcome": "failed", "longrepr": ',),
    *(b'{"$report_type": "SessionStart"}\n', b"[" * 5000, b"9" * 5000, b"\0", b"\xed\xa0\x80"),
]
FRAGMENTS = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read(name: str) -> None:
    """Each sample is claimed by exactly one reader and holds tests."""
    readings = [reading for read in READERS if (reading := read(sample(name))) is not None]
    assert len(readings) == 1
    assert readings[0].items
    assert readings[0].whole == (name != "crash-reportlog.jsonl")


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_sample_gives_a_prefix(name: str) -> None:
    """Cut at any byte, a file gives the first of its tests, never others, never an error."""
    data = sample(name)
    whole = reading_of(data).items
    step = max(1, len(data) // 700)
    for end in (*range(1, len(data), step), *range(max(1, len(data) - 40), len(data))):
        reading = read_results(data[:end])
        if reading is not None:
            assert reading.items == whole[: len(reading.items)]
            assert not reading.whole or data[end:].strip() == b""


@given(st.binary(max_size=400) | FRAGMENTS)
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    """Whatever a file holds, reading it raises nothing."""
    read_results(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["status", "error", "duration", "case_id", "test_name", "sections"])
                | st.sampled_from(
                    ["$report_type", "when", "outcome", "longrepr", "reprcrash", "data"]
                )
                | st.sampled_from(["reprtraceback", "reprentries", "lines", "user_properties"]),
                inner | st.sampled_from(["TestReport", "call", "failed", "CollectReport"]),
                max_size=5,
            )
        ),
    )
)
@settings(max_examples=150, deadline=None)
def test_no_types_raise(value: object) -> None:
    """JSON of the right words and wrong types raises nothing."""
    read_results(json.dumps([value]).encode())
    line = json.dumps({"$report_type": "TestReport", "when": "call", "longrepr": value})
    read_results(f"{line}\n{json.dumps(value)}\n".encode())


@given(st.text(max_size=3000), st.sampled_from(["a", "测", "😀", "\ud800"]))
@settings(deadline=None)
def test_texts_are_bounded(text: str, filler: str) -> None:
    """A long message keeps head and tail, a long output its tail; all of it is UTF-8."""
    long = text + filler * 9000 + text
    message, output = clip_message(long), clip_output(long)
    assert len(message.encode()) <= MESSAGE_LIMIT
    assert len(output.encode()) <= OUTPUT_LIMIT
    plain = text.encode("utf-8", "replace").decode()
    assert message.startswith(plain.lstrip()[:400])
    assert output.endswith(plain.rstrip()[-400:])


def test_gathering_is_bounded() -> None:
    """Of a text in many pieces no more than a buffer is held, and its end is kept."""
    gathered = Gathered(clip_output)
    for number in range(100_000):
        gathered.add(f"line {number}\n")
    assert len(gathered.text()) < 200_000
    assert gathered.text().endswith("line 99999\n")


@pytest.mark.parametrize("value", [True, "1", None, -1, float("nan"), float("inf"), 10**400])
def test_no_duration(value: object) -> None:
    """What is no finite number of seconds is no duration."""
    assert seconds(value) is None


def test_verdicts_have_weights() -> None:
    """A failure outweighs a pass, a pass a skip; the platform's failures are bad."""
    order = [Verdict.SKIPPED, Verdict.PASSED, Verdict.FAILED, Verdict.ERROR]
    assert [v.outweighs(w) for v in order for w in order] == [
        a > b for a in range(4) for b in range(4)
    ]
    assert [v.bad for v in order] == [False, False, True, True]
