"""The history that the platform shows its users: guessed from logs and result stamps (7.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.database import Database
from app.demo.phrases import MAKES_HISTORY_CANCELLED
from app.demo.rows import LogRow, ResultRow
from app.demo.suites import OPEN, Execution

WINDOW = timedelta(minutes=5)
FAILURES = ("failed", "error")


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the history."""

    execution_id: str | None
    suite_id: str
    executed_at: datetime | None  # naive: the wall clock of the last log frame; None: no log
    result: str
    case_count: int
    duration: str | None


def history(database: Database) -> list[HistoryEntry]:
    """Return the history, newest first: every execution, and every log row besides."""
    executions = list(database.executions.values())
    known = [_of_execution(database, execution) for execution in executions]
    others = [row for row in database.logs if row.execution_id not in database.executions]
    return [*(_of_log(database, row) for row in reversed(others)), *reversed(known)]


def _of_execution(database: Database, execution: Execution) -> HistoryEntry:
    row = database.log_of(execution.id)
    if execution.status in OPEN or row is None:
        result = execution.status.value if execution.status in OPEN else "completed"
        at, duration = (row.last_at, row.duration) if row else (None, None)
        return HistoryEntry(execution.id, execution.suite.id, at, result, 0, duration)
    return _of_log(database, row)


def _of_log(database: Database, row: LogRow) -> HistoryEntry:
    results = _in_window(database.results_of(row.suite_id), row.last_at)
    count = len({result.case_id for result in results})
    cancelled = MAKES_HISTORY_CANCELLED in row.text
    verdict = "cancelled" if cancelled else _verdict(results)
    return HistoryEntry(row.execution_id, row.suite_id, row.last_at, verdict, count, row.duration)


def _in_window(results: Sequence[ResultRow], at: datetime) -> Sequence[ResultRow]:
    """Return what is stamped around that time, zones mixed or not; else the newest one."""
    return [row for row in results if abs(row.at - at) <= WINDOW] or results[-1:]


def _verdict(results: Sequence[ResultRow]) -> str:
    words = {row.result for row in results}
    if not words:
        return "unknown"
    if words & set(FAILURES):
        return "failed"
    return "skipped" if words == {"skipped"} else "passed"
