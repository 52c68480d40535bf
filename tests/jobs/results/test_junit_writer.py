"""Tests of app.jobs.results.junit_writer."""

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]  # has no types
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.results import junit
from app.jobs.results.items import Verdict
from app.jobs.results.junit_writer import WrittenCase, WrittenSuite, gist, junit_xml

BEGAN = datetime(2026, 11, 22, 9, 8, 7, 654321, tzinfo=UTC)
FIGURES = {"name", "tests", "failures", "errors", "time"}
# What Jenkins' junit-10.xsd allows of that which we write: attributes and children.
SCHEMA = {
    "testsuites": (FIGURES, {"testsuite"}),
    "testsuite": ({*FIGURES, "skipped", "timestamp"}, {"testcase", "system-err"}),
    "testcase": (
        {"name", "classname", "time"},
        {"failure", "error", "skipped", "system-out"},
    ),
    "failure": ({"message"}, set()),
    "error": ({"message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
CASES = [
    WrittenCase("TC001", Verdict.PASSED, 0.25, output="中文 <&>\n\ttab"),
    WrittenCase("TC002", Verdict.FAILED, 1.0, "assert 1 == 2\nt.py:3", "out"),
    WrittenCase("TC003", Verdict.ERROR, None, "no result"),
    WrittenCase("TC004", Verdict.SKIPPED, 0.0, "not now"),
]


def written(*cases: WrittenCase, name: str = "login", problem: str = "") -> bytes:
    """The file of these cases."""
    suite = WrittenSuite(name=name, began=BEGAN, duration=2.5, cases=cases, problem=problem)
    return junit_xml(suite)


def check(element: Element) -> None:
    """Hold an element and all in it against the schema."""
    attributes, children = SCHEMA[element.tag]
    assert set(element.attrib) <= attributes
    assert {child.tag for child in element} <= children
    for child in element:
        check(child)


def test_figures() -> None:
    """Counts and times stand where the readers of such files look for them."""
    root = fromstring(written(*CASES, problem="exit code 1"))
    check(root)
    suite = root.find("testsuite")
    assert suite.attrib == {
        "name": "login",
        "tests": "4",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "2.500",
        "timestamp": "2026-11-22T09:08:07",
    }
    assert [case.get("classname") for case in suite.findall("testcase")] == ["login"] * 4
    assert suite.findtext("system-err") == "exit code 1"


def test_our_reader_takes_it_back() -> None:
    """What was written is read again: names, verdicts, times, messages, output."""
    reading = junit.read(written(*CASES))
    assert reading is not None
    assert reading.whole
    taken = [
        WrittenCase(
            item.name.removeprefix("login."),
            item.result,
            item.duration,
            item.message,
            item.output,
        )
        for item in reading.items
    ]
    assert taken == CASES


def test_hostile_characters() -> None:
    """Colours are left out, what XML forbids is replaced, markup is escaped."""
    case = WrittenCase(
        'a"<\x00\ud800', Verdict.FAILED, 1.0, "\x1b[31;1mred\x1b[0m \x1b]0;title\x07]]>", "\x08\r\n"
    )
    root = fromstring(written(case, name="<s>"))
    check(root)
    found = root.find("testsuite/testcase")
    assert found.get("name") == 'a"<\ufffd\ufffd'
    assert found.find("failure").get("message") == "red ]]>"
    assert found.findtext("system-out").strip() == "\ufffd"


@given(st.text(), st.text(), st.text(), st.sampled_from(Verdict))
def test_any_text(name: str, message: str, output: str, result: Verdict) -> None:
    """Whatever the texts are, the file is whole and holds one case with this verdict."""
    data = written(WrittenCase(name, result, 0.1, message, output), problem=message)
    check(fromstring(data))
    reading = junit.read(data)
    assert reading is not None
    assert reading.whole
    assert [item.result for item in reading.items] == [result]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("", ""),
        ("first\nsecond", "first"),
        ("\n\x1b[31mred\x1b[0m\nsecond", "red"),
        ("def test():\n>   assert a\nE   assert 1 == 2\nE    +  where", "assert 1 == 2"),
    ],
)
def test_gist(message: str, line: str) -> None:
    """One line stands for the message: the one that pytest marks, else the first."""
    assert gist(message) == line
