"""One `<testcase>` of a JUnit file with what stands inside it."""

import math
import re
from collections.abc import Iterable

from app.i18n import _
from app.jobs.results.fields import named_case
from app.jobs.results.items import (
    NAME_LIMIT,
    Gathered,
    TestItem,
    Verdict,
    clip_message,
    clip_output,
)

_VERDICT_TAGS = {
    "error": Verdict.ERROR,
    "failure": Verdict.FAILED,
    "fail": Verdict.FAILED,
    "skipped": Verdict.SKIPPED,
    "skip": Verdict.SKIPPED,
    "disabled": Verdict.SKIPPED,
}
_OUTPUT_TAGS = frozenset({"system-out", "system-err"})
_RETRY_TAGS = frozenset({"flakyfailure", "flakyerror", "rerunfailure", "rerunerror"})  # Surefire
_WORDS = {  # of the attributes `status` and `result` (CTest, GoogleTest and others)
    "fail": Verdict.FAILED,
    "failed": Verdict.FAILED,
    "failure": Verdict.FAILED,
    "error": Verdict.ERROR,
    "broken": Verdict.ERROR,
    "notrun": Verdict.SKIPPED,
    "disabled": Verdict.SKIPPED,
    "skipped": Verdict.SKIPPED,
    "suppressed": Verdict.SKIPPED,
    "ignored": Verdict.SKIPPED,
    "pending": Verdict.SKIPPED,
}
_TEXTS = 64  # failures and properties kept of one case
_EMPTY_CAPTURE = re.compile(r"^-+ Captured \w+ -+\n\s*(?=^-+ Captured|\Z)", re.MULTILINE)
_NUMBER = re.compile(r"([0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?) ?(ms|s|sec|seconds)?")


class Case:
    """A test case while it is being read; `depth` counts from the case, its children have 1."""

    def __init__(self, attributes: dict[str, str], suite: str) -> None:
        self._attributes = attributes
        self._suite = suite
        self._verdicts: list[Verdict] = []
        self._messages: list[str] = []
        self._properties: list[tuple[str, object]] = list(attributes.items())
        self._output = Gathered(clip_output)
        self._retries = 0
        self._is_todo = False
        self._sink: Gathered | None = None
        self._outcome: tuple[Verdict, dict[str, str]] | None = None

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        """An element begins inside the case."""
        if name == "property":
            self._add_property(attributes)
        if depth != 1:
            return
        verdict = _VERDICT_TAGS.get(name)
        if verdict is not None:
            self._outcome = verdict, attributes
            self._sink = Gathered(clip_message)
            self._verdicts.append(verdict)
            self._is_todo = self._is_todo or attributes.get("type") == "todo"  # Node, TAP
        elif name in _OUTPUT_TAGS:
            self._sink = self._output
        elif name in _RETRY_TAGS:
            self._retries += 1

    def data(self, text: str) -> None:
        """A piece of text inside the case."""
        if self._sink is not None:
            self._sink.add(text)

    def end(self, depth: int) -> None:
        """An element of the case, or the case itself, ends."""
        if depth != 1:
            return
        self._close_outcome()
        if self._sink is self._output:
            self._output.add("\n")
        self._sink = None

    def item(self) -> TestItem:
        """Return the case as far as it has been read."""
        self._close_outcome()
        verdict = self._verdict()
        message = "" if verdict is Verdict.PASSED else clip_message("\n".join(self._messages))
        output = _EMPTY_CAPTURE.sub("", self._output.text())
        if self._retries and verdict is Verdict.PASSED:
            output += "\n" + _("failed attempts before it passed: {count}").format(
                count=self._retries
            )
        named = named_case(self._properties)
        return TestItem(
            name=self._name()[:NAME_LIMIT],
            result=verdict,
            case_id=named["case_id"],
            case_code=named["case_code"],
            duration=seconds_in(self._attributes.get("time", "")),
            message=message,
            output=clip_output(output.strip("\n")),
        )

    def _verdict(self) -> Verdict:
        if self._is_todo:
            return Verdict.SKIPPED  # a test known to fail; its failure is written as well
        if self._verdicts:
            return heaviest(self._verdicts)
        words = (self._attributes.get(key, "").lower() for key in ("status", "result"))
        return heaviest(_WORDS[word] for word in words if word in _WORDS)

    def _name(self) -> str:
        name = self._attributes.get("name", "").strip()
        prefix = self._attributes.get("classname", "").strip() or self._suite.strip()
        if prefix in {"", name}:  # Jest writes the whole name in both
            return name or _("(a test without a name)")
        return f"{prefix}.{name}" if name else prefix

    def _add_property(self, attributes: dict[str, str]) -> None:
        if len(self._properties) < _TEXTS:
            self._properties.append((attributes.get("name", ""), attributes.get("value")))

    def _close_outcome(self) -> None:
        if self._outcome is None:
            return
        (verdict, attributes), self._outcome = self._outcome, None
        text = self._sink.text().strip() if self._sink else ""
        message = attributes.get("message", "").strip()
        kind = attributes.get("type", "").strip()
        if verdict is Verdict.SKIPPED:
            text = message or text
        elif not text or _first_line(message) not in _first_line(text):
            text = f"{message or kind}\n{text}"
        if len(self._messages) < _TEXTS:
            self._messages.append(clip_message(text))


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip()


def heaviest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that decides; PASSED when there is none."""
    order = list(Verdict)
    return max(verdicts, key=order.index, default=Verdict.PASSED)


def seconds_in(text: str) -> float | None:
    """Return the seconds that a `time` attribute means; None when nobody can say.

    Surefire groups thousands ("1,234.5"), others write their locale's comma ("0,012"). One
    comma alone is taken for the decimal mark.
    """
    text = re.sub(r"[\s'\u00a0\u202f\u2019_]", "", text)  # groups of thousands elsewhere
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, unit = match[1], match[2]
    if "," in digits and ("." in digits or digits.count(",") > 1):
        group = "," if digits.rfind(",") < digits.rfind(".") or "." not in digits else "."
        digits = digits.replace(group, "")
    digits = digits.replace(",", ".")
    try:
        number = float(digits)
    except ValueError:  # two decimal points
        return None
    return (number / 1000 if unit == "ms" else number) if math.isfinite(number) else None
