"""Which result each case has, and when it may be reported (pure; nothing is read or sent here).

Rules, beside those of docs/protocol.md 0.6 and 7.2:

- A case is reported as soon as its first item appears, except the last one outstanding: the
  platform would end the execution when every case has a result, so it waits for the end.
- A case with several items (parameters, reruns, several files) has the heaviest verdict:
  skipped < passed < failed < error. It is skipped only if all of it was skipped.
- It is reported at most twice. The second time is at once when it turned out to have failed,
  and at the end when skipped became passed, so that a failure in between is not shut out.
- After a second report nothing changes any more: then it is a failure already.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.i18n import _
from app.jobs.case_codes import CaseCodes, pair
from app.jobs.case_ending import Ending, Why, command_verdict, reason_of
from app.jobs.results.items import TestItem, Verdict, clip_message

__all__ = ["CaseBook", "CaseResult", "CasesEnd", "Counts", "Ending", "Why"]

_REPORTS = 2  # of one case, at most
_NAMED = 5  # tests without a case that are named


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One report of one case, as the platform takes it (docs/protocol.md 4.3)."""

    case_id: str
    result: Verdict
    duration: float | None = None  # seconds, of the item that decided
    message: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases there are and what was reported of them."""

    total: int
    reported: int
    passed: int
    failed: int
    error: int
    skipped: int


@dataclass(frozen=True, slots=True)
class CasesEnd:
    """The last reports and the judgement of all cases together."""

    results: tuple[CaseResult, ...]
    remarks: tuple[str, ...]  # for the log, one sentence each
    counts: Counts
    ok: bool  # False: the completion says "failed" (docs/protocol.md 0.4)
    reason: str = ""  # why not ok, when the exit code does not say it


class _Case:
    """One case: the item that decides, and what was reported of it."""

    def __init__(self, case_id: str) -> None:
        self.case_id = case_id
        self.told: Verdict | None = None
        self._reports = 0
        self._item: TestItem | None = None
        self._names: set[str] = set()

    def take(self, item: TestItem) -> None:
        """Let an item decide when it is heavier, or says more than the one before."""
        if self._item is None or _decides(item, self._item):
            self._item = item
        if len(self._names) < _REPORTS:
            self._names.add(item.name)

    def remember(self, told: Verdict) -> None:
        """An earlier process of the agent reported it."""
        self.told, self._reports = told, 1

    @property
    def has_news(self) -> bool:
        """Whether a report would say something new."""
        if self._item is None or self._reports >= _REPORTS:
            return False
        return self.told is None or self._item.result.outweighs(self.told)

    @property
    def has_bad_news(self) -> bool:
        """Whether it was reported and has turned out to have failed."""
        return self.told is not None and self.has_news and self._worst().bad

    def report(self) -> CaseResult:
        """Return the report of what decides now, and count it."""
        item = self._item or TestItem("", Verdict.ERROR)
        message = item.message
        if len(self._names) > 1 and item.result.bad:
            message = clip_message(f"{item.name}\n{message}")  # which of the parameters
        return self.tell(CaseResult(self.case_id, item.result, item.duration, message, item.output))

    def tell(self, result: CaseResult) -> CaseResult:
        """Count a report."""
        self.told = result.result
        self._reports += 1
        return result

    def _worst(self) -> Verdict:
        return self._item.result if self._item else Verdict.SKIPPED


def _decides(item: TestItem, known: TestItem) -> bool:
    if item.result is known.result:
        return not (known.message or known.output)
    return item.result.outweighs(known.result)


class CaseBook:
    """The cases of one execution.

    `remembered` (code → case id, of earlier runs) counts where the platform sent no codes or
    codes that cannot be paired.
    """

    def __init__(
        self,
        case_ids: Sequence[str],
        case_codes: Sequence[str] | None,
        remembered: Mapping[str, str],
    ) -> None:
        self._cases = {case_id: _Case(case_id) for case_id in case_ids}
        paired = pair(case_ids, case_codes)
        known = {code: case for code, case in remembered.items() if case in self._cases}
        self.codes = paired or known  # code → case id, as far as known
        self._code_of = {case_id: code for code, case_id in self.codes.items()}
        self.learned = dict(paired)  # to remember for later runs
        self._finder = CaseCodes(case_ids, self.codes)
        self._items = 0
        self._strangers = 0
        self._stranger_names: dict[str, None] = {}

    def code_of(self, case_id: str) -> str:
        """Return the code of a case for a person, or its id."""
        return self._code_of.get(case_id, case_id)

    def name_of(self, item: TestItem) -> str:
        """Return the code of the case that `item` belongs to, else the test's own name."""
        case_id = self._case_of(item)
        return item.name if case_id is None else self.code_of(case_id)

    def already(self, reported: Mapping[str, str]) -> None:
        """Take over what an earlier process of the agent reported (case id → result)."""
        for case_id, word in reported.items():
            if case_id in self._cases:
                known = word in {verdict.value for verdict in Verdict}
                self._cases[case_id].remember(Verdict(word) if known else Verdict.ERROR)

    def take(self, items: Iterable[TestItem]) -> list[CaseResult]:
        """Take new items and return what may be reported now."""
        touched: dict[str, _Case] = {}
        for item in items:
            self._items += 1
            case_id = self._case_of(item)
            if case_id is None:
                self._note_stranger(item)
                continue
            self._cases[case_id].take(item)
            touched[case_id] = self._cases[case_id]
            if item.case_code and item.case_id == case_id:
                self.learned[item.case_code] = case_id
        outstanding = self._outstanding()
        due = []
        for case in touched.values():
            if case.has_bad_news or (case.told is None and outstanding > 1):
                outstanding -= case.told is None
                due.append(case.report())
        return due

    def end(self, ending: Ending) -> CasesEnd:
        """Return the rest once the command has ended; take `ending.findings.items` before."""
        results = [case.report() for case in self._cases.values() if case.has_news]
        silent = [case for case in self._cases.values() if case.told is None]
        empty = self._empty_text(ending)
        verdict, message = self._end_of_silent(ending, empty) if silent else (None, "")
        if verdict is not None:
            results += [
                case.tell(CaseResult(case.case_id, verdict, message=message)) for case in silent
            ]
        reason = empty or self._bad_text()
        return CasesEnd(
            results=tuple(results),
            remarks=tuple(self._remarks(ending, len(silent), reported=verdict is not None)),
            counts=self.counts,
            ok=not reason and ending.went_well,
            reason=reason,
        )

    @property
    def counts(self) -> Counts:
        """What has been reported so far."""
        told = [case.told for case in self._cases.values() if case.told is not None]
        return Counts(
            total=len(self._cases),
            reported=len(told),
            passed=told.count(Verdict.PASSED),
            failed=told.count(Verdict.FAILED),
            error=told.count(Verdict.ERROR),
            skipped=told.count(Verdict.SKIPPED),
        )

    def _open(self, case_id: str) -> None:
        """Count one more case, unless it is known."""
        self._cases.setdefault(case_id, _Case(case_id))

    def _case_of(self, item: TestItem) -> str | None:
        return self._finder.case_of(item)

    def _outstanding(self) -> int:
        return sum(1 for case in self._cases.values() if case.told is None)

    def _note_stranger(self, item: TestItem) -> None:
        self._strangers += 1
        if len(self._stranger_names) < _NAMED:
            self._stranger_names[item.name[:200]] = None

    def _empty_text(self, ending: Ending) -> str:
        """Return what is wrong if result files were written and not one holds a test."""
        names = ", ".join(ending.findings.files_seen[:_NAMED])
        if not names or self._has_results:
            return ""
        return _("no test is in the result file {names}").format(names=names)

    @property
    def _has_results(self) -> bool:
        return self._items > 0 or self.counts.reported > 0

    def _end_of_silent(self, ending: Ending, empty: str) -> tuple[Verdict | None, str]:
        """Return what is reported of the cases that no item belongs to; None: nothing."""
        if ending.why is Why.CANCELLED:
            return None, ""
        if ending.why is Why.EXITED and not empty and not self._has_results:
            return command_verdict(ending) if len(self._cases) == 1 else (None, "")
        if not ending.went_well:
            return Verdict.ERROR, reason_of(ending)
        if empty:
            return Verdict.ERROR, empty
        return Verdict.SKIPPED, _("not reported by the test tool")

    def _bad_text(self) -> str:
        counts = self.counts
        bad = counts.failed + counts.error
        text = _("{bad} of {total} cases failed")
        return text.format(bad=bad, total=counts.total) if bad else ""

    def _remarks(self, ending: Ending, silent: int, *, reported: bool) -> Iterable[str]:
        yield from ending.findings.problems
        if self._strangers:
            names = ", ".join(self._stranger_names)
            text = _("{count} tests in the result files belong to no case of this run: {names}")
            yield text.format(count=self._strangers, names=names)
        if silent and not reported and ending.why is Why.EXITED:
            text = _(
                "The test tool wrote no result file, so {count} cases have no result;"
                " the exit code {code} decides."
            )
            yield text.format(count=silent, code=ending.exit_code)
        elif silent and reported and self._items:
            yield _("{count} of {total} cases have no result of their own.").format(
                count=silent, total=len(self._cases)
            )
