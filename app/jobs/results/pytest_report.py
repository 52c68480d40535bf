"""One attempt at one test out of pytest's reports of its phases."""

from collections.abc import Iterator
from typing import Any

from app.i18n import _
from app.jobs.results.fields import named_case, text_of
from app.jobs.results.items import (
    NAME_LIMIT,
    TestItem,
    Verdict,
    clip_message,
    clip_output,
    seconds,
)

_TEXTS = 64  # messages and sections kept of one test (subtests may give any number)


def collection_item(report: dict[str, Any]) -> Iterator[TestItem]:
    """Return the item of a file that could not be collected, or skipped itself as a whole."""
    outcome = text_of(report.get("outcome"))
    if outcome not in {"failed", "skipped"}:
        return
    verdict = Verdict.ERROR if outcome == "failed" else Verdict.SKIPPED
    name = text_of(report.get("nodeid"))[:NAME_LIMIT]
    yield TestItem(name, verdict, message=clip_message(_reason(report.get("longrepr"))))


class Attempt:
    """Setup, call and teardown of one test; a rerun (pytest-rerunfailures) is a new attempt."""

    def __init__(self, nodeid: str) -> None:
        self._name = nodeid[:NAME_LIMIT]
        self._verdict: Verdict | None = None
        self._messages: list[str] = []
        self._sections: dict[str, str] = {}  # later reports repeat the earlier ones' sections
        self._duration: float | None = None
        self._case = named_case(())
        self.is_rerun = False

    def add(self, report: dict[str, Any]) -> None:
        """Take the report of one phase or of one subtest."""
        self.is_rerun = self.is_rerun or report.get("outcome") == "rerun"
        verdict = _verdict(report)
        if verdict is not None and (self._verdict is None or verdict.outweighs(self._verdict)):
            self._verdict = verdict
        if text_of(report.get("outcome")) in {"failed", "skipped"} and len(self._messages) < _TEXTS:
            self._messages.append(clip_message(_message(report)))
        self._add_sections(report.get("sections"))
        if report.get("$report_type") == "TestReport":
            self._add_duration(seconds(report.get("duration")))
        self._add_properties(report.get("user_properties"))

    def item(self) -> TestItem:
        """Return the test as it ended."""
        return self._as(self._verdict or Verdict.PASSED, self._messages)

    def cut_item(self) -> TestItem:
        """Return the test as it stands when its end never came."""
        if self._verdict is not None and self._verdict.bad:
            return self.item()
        return self._as(Verdict.ERROR, [_("the run ended while this test was under way")])

    def _as(self, verdict: Verdict, messages: list[str]) -> TestItem:
        printed = (f"--- {title} ---\n{text.rstrip()}" for title, text in self._sections.items())
        return TestItem(
            name=self._name,
            result=verdict,
            duration=self._duration,
            message="" if verdict is Verdict.PASSED else clip_message("\n".join(messages)),
            output=clip_output("\n".join(printed)),
            case_id=self._case["case_id"],
            case_code=self._case["case_code"],
        )

    def _add_sections(self, sections: object) -> None:
        for section in sections if isinstance(sections, list) else ():
            if isinstance(section, list) and len(section) == 2:  # noqa: PLR2004 (title, text)
                title, text = text_of(section[0])[:200], text_of(section[1])
                if title in self._sections or len(self._sections) < _TEXTS:
                    self._sections[title] = clip_output(text)

    def _add_duration(self, duration: float | None) -> None:
        if duration is not None:
            self._duration = (self._duration or 0.0) + duration

    def _add_properties(self, properties: object) -> None:
        pairs = properties if isinstance(properties, list) else []
        found = named_case(
            (text_of(pair[0]), pair[1])
            for pair in pairs
            if isinstance(pair, list) and len(pair) == 2  # noqa: PLR2004 (name, value)
        )
        self._case.update({key: value for key, value in found.items() if value})


def _verdict(report: dict[str, Any]) -> Verdict | None:
    """Return what one report says; a setup that passed says nothing of the test."""
    outcome, when = report.get("outcome"), report.get("when")
    if outcome == "failed":
        return Verdict.FAILED if when == "call" else Verdict.ERROR
    if outcome == "skipped":
        return Verdict.SKIPPED
    if outcome == "passed" and when == "call" and report.get("$report_type") == "TestReport":
        return Verdict.PASSED
    return None


def _message(report: dict[str, Any]) -> str:
    if "wasxfail" in report:
        return f"xfail: {text_of(report['wasxfail'])}"
    return _reason(report.get("longrepr"))


def _reason(longrepr: object) -> str:
    """Return the text of pytest's `longrepr`: a text, a skip's triple, or a traceback's parts."""
    if isinstance(longrepr, str):
        return longrepr
    if isinstance(longrepr, list) and longrepr:
        return text_of(longrepr[-1]).removeprefix("Skipped: ")
    if not isinstance(longrepr, dict):
        return ""
    crash = longrepr.get("reprcrash")
    crash = crash if isinstance(crash, dict) else {}
    return "\n".join([text_of(crash.get("message")), *_traceback(longrepr.get("reprtraceback"))])


def _traceback(traceback: object) -> Iterator[str]:
    entries = traceback.get("reprentries") if isinstance(traceback, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        data = entry.get("data") if isinstance(entry, dict) else None
        if not isinstance(data, dict):
            continue
        lines = data.get("lines")
        yield from (text_of(line) for line in (lines if isinstance(lines, list) else ()))
        place = data.get("reprfileloc")
        if isinstance(place, dict):
            yield f"{place.get('path')}:{place.get('lineno')}: {text_of(place.get('message'))}"
