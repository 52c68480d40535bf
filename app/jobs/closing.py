"""What the platform is owed for a job that has ended: results first, then the job's own end."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.i18n import _, ngettext
from app.jobs.cases import CaseBook, CaseResult, CasesEnd, Ending, Why
from app.jobs.job import Outcome
from app.jobs.results.findings import Findings
from app.journal.records import CaseReport, OwedItem, OwedKind
from app.journal.suite_text import neutral
from app.protocol.messages import Level
from app.state import JobState

COMPLETED_PHRASE = "测试套执行完成"  # words of the wire: protocol.md 6
CANCELLED_PHRASE = "测试套执行已取消"
_WHY = {
    JobState.TIMED_OUT: Why.TIMED_OUT,
    JobState.CANCELLED: Why.CANCELLED,
    JobState.INTERRUPTED: Why.INTERRUPTED,
}
SUITE_STATUS = {JobState.SUCCEEDED: "completed", JobState.CANCELLED: "cancelled"}  # else failed


def task_items(job_id: str, outcome: Outcome, output: str, now: float) -> list[OwedItem]:
    """Return a task's `task_result` (protocol.md 4.6) as the journal keeps it."""
    body = {
        "job_id": job_id,
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "output": output.removesuffix("\n"),  # lines joined by newlines (protocol.md 10)
        "error": outcome.error,
        "duration": round(outcome.duration, 3),
        "at": now,
    }
    return [OwedItem(OwedKind.JOB_RESULT, body)]


def suite_items(
    details: Mapping[str, Any], outcome: Outcome, cases: CasesEnd, now: float
) -> list[OwedItem]:
    """Return the line with the end phrase and the completion."""
    return [_phrase(details, outcome, cases, now), _completion(details, outcome, cases)]


def case_reports(details: Mapping[str, Any], results: Iterable[CaseResult]) -> list[CaseReport]:
    """Return a `test_suite_result` (protocol.md 4.3) for each.

    None at all without an executor: the platform would fall into a broken state (8.3).
    """
    if not details.get("executor_id"):
        return []
    return [_report(details, result) for result in results]


def _report(details: Mapping[str, Any], result: CaseResult) -> CaseReport:
    body = {
        "suite_id": details["suite_id"],
        "case_id": result.case_id,
        "result": result.result.value,
        "executor_id": details["executor_id"],
        "duration": "" if result.duration is None else f"{result.duration:.2f}s",
        "log_output": result.output,
        "error_message": result.message,
    }
    return CaseReport(result.case_id, result.result.value, OwedItem(OwedKind.CASE_RESULT, body))


def ending_of(outcome: Outcome, findings: Findings | None = None) -> Ending:
    """Return what the end of a command says of cases without a result."""
    why = _WHY.get(outcome.state, Why.EXITED)
    if outcome.state is JobState.ERROR:
        why = Why.INTERRUPTED if outcome.started else Why.NOT_STARTED
    reason = "" if why is Why.EXITED else outcome.error
    return Ending(why, outcome.exit_code, reason, findings or Findings())


def cases_unrun(
    details: Mapping[str, Any], outcome: Outcome, reported: Mapping[str, str]
) -> CasesEnd:
    """Return what becomes of the cases of an execution that will not run (any more).

    `reported`: the results that the platform has been told already.
    """
    book = CaseBook(details.get("case_ids", ()), details.get("case_codes"), {})
    book.already(reported)
    return book.end(ending_of(outcome))


def case_line(name: str, result: CaseResult) -> str:
    """Return the line of the log that names a case and its result."""
    took = "" if result.duration is None else f" ({result.duration:.2f} s)"
    return _("Case {name}: {result}").format(name=name, result=result.result.value) + took


def suite_status(outcome: Outcome) -> str:
    """Return the wire's word for how a suite ended (protocol.md 4.4)."""
    return SUITE_STATUS.get(outcome.state, "failed")


def counted(cases: CasesEnd) -> str:
    """Say how many cases ended how."""
    counts = cases.counts
    text = ngettext(
        "{total} case: {passed} passed, {failed} failed, {error} with errors, {skipped} skipped",
        "{total} cases: {passed} passed, {failed} failed, {error} with errors, {skipped} skipped",
        counts.total,
    )
    return text.format(
        total=counts.total,
        passed=counts.passed,
        failed=counts.failed,
        error=counts.error,
        skipped=counts.skipped,
    )


def suite_words(outcome: Outcome, cases: CasesEnd) -> str:
    """Return the last line of a suite's log on this computer."""
    text = _("Suite ended: {status}, exit code {code}, {seconds:.3f} s; {counts}. {reason}")
    return text.format(
        status=suite_status(outcome),
        code=outcome.exit_code,
        seconds=outcome.duration,
        counts=counted(cases),
        reason=outcome.error,
    ).rstrip()


def _phrase(details: Mapping[str, Any], outcome: Outcome, cases: CasesEnd, now: float) -> OwedItem:
    """Return the line that the platform looks for; what never ran has no duration to compute."""
    if outcome.state is JobState.CANCELLED:
        text, level = CANCELLED_PHRASE, Level.WARNING
    elif not outcome.started:
        text, level = neutral(outcome.error), Level.WARNING
    else:
        text = _("{phrase}: {status}; {counts}; {seconds:.3f} s").format(
            phrase=COMPLETED_PHRASE,
            status=suite_status(outcome),
            counts=counted(cases),
            seconds=outcome.duration,
        )
        level = Level.INFO
    ids = {key: details[key] for key in ("suite_id", "execution_id")}
    return OwedItem(OwedKind.SUITE_LOG, {**ids, "text": text, "level": level.value, "at": now})


def _completion(details: Mapping[str, Any], outcome: Outcome, cases: CasesEnd) -> OwedItem:
    body = {
        "suite_id": details["suite_id"],
        "execution_id": details["execution_id"],
        "status": suite_status(outcome),
        "message": outcome.error,
        "reported_case_count": cases.counts.reported,
        "total_case_count": cases.counts.total,
        "duration": round(outcome.duration, 3),
    }
    return OwedItem(OwedKind.SUITE_COMPLETED, body)
