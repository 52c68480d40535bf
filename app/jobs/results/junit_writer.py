"""Results → JUnit XML that Jenkins, GitLab and their like read, and app.jobs.results.junit.

The elements and attributes are those of Jenkins' schema (xunit-plugin, junit-10.xsd).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import (
    Element,
    SubElement,
    indent,
    tostring,
)

from app.jobs.results.items import Verdict

_TAGS = {Verdict.FAILED: "failure", Verdict.ERROR: "error", Verdict.SKIPPED: "skipped"}
# Sequences that drive a terminal: ESC [ … letter, ESC ] … BEL, and short ones.
_ANSI = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-~])")
_PYTEST_MARK = "E   "
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """One test of the file; any text is allowed."""

    name: str
    result: Verdict
    duration: float | None = None  # seconds
    message: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSuite:
    """One run as the file tells it; `problem`: what is wrong beyond the cases."""

    name: str
    began: datetime
    duration: float  # seconds
    cases: Sequence[WrittenCase]
    problem: str = ""


def junit_xml(suite: WrittenSuite) -> bytes:
    """Return the whole file in UTF-8; escape sequences are left out, forbidden characters �."""
    root = Element("testsuites", _figures(suite))
    inside = SubElement(root, "testsuite", _figures(suite))
    inside.set("skipped", str(_count(suite, Verdict.SKIPPED)))
    inside.set("timestamp", suite.began.isoformat(timespec="seconds")[:19])
    for case in suite.cases:
        _add_case(inside, suite.name, case)
    if suite.problem:
        SubElement(inside, "system-err").text = _clean(suite.problem)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def gist(message: str) -> str:
    """Return the line of a failure that says most: pytest marks it, else it is the first."""
    lines = without_ansi(message).strip().split("\n")
    marked = (line[1:].strip() for line in lines if line.startswith(_PYTEST_MARK))
    return next(marked, lines[0].strip())


def without_ansi(text: str) -> str:
    """Return `text` without the sequences that drive a terminal."""
    return _ANSI.sub("", text)


def _figures(suite: WrittenSuite) -> dict[str, str]:
    return {
        "name": _clean(suite.name),
        "tests": str(len(suite.cases)),
        "failures": str(_count(suite, Verdict.FAILED)),
        "errors": str(_count(suite, Verdict.ERROR)),
        "time": f"{suite.duration:.3f}",
    }


def _count(suite: WrittenSuite, verdict: Verdict) -> int:
    return sum(1 for case in suite.cases if case.result is verdict)


def _add_case(parent: Element, suite_name: str, case: WrittenCase) -> None:
    element = SubElement(
        parent, "testcase", {"name": _clean(case.name), "classname": _clean(suite_name)}
    )
    if case.duration is not None:
        element.set("time", f"{case.duration:.3f}")
    tag = _TAGS.get(case.result)
    if tag is not None:
        message = _clean(case.message)
        outcome = SubElement(element, tag, {"message": gist(message)})
        outcome.text = message if "\n" in message else None
    if case.output:
        SubElement(element, "system-out").text = _clean(case.output)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", without_ansi(text))
