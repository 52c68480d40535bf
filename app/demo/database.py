"""The platform's MySQL: tables, their constraints, and a stale view per connection; pure."""

import json
import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, tzinfo
from itertools import takewhile
from typing import Any, TypeVar

from app.demo.rows import TEXT_LIMIT, Case, LogRow, ResultRow, new_id
from app.demo.suites import Execution, Suite

Row = TypeVar("Row")

MAX_RESULT = 50  # characters, as is the next
MAX_DURATION = 20
MAX_EXECUTION_ID = 36
MAX_ROWS = 100_000  # results of a suite, and logs of executions: the oldest go first
SYSTEM = "system"  # the executor of a result that names none; no such user (4.3)
DEADLY_WORDS = ("disconnect", "receive")  # in an error's text they end the receive loop (8.5)


class RejectedError(Exception):
    """The database refused a write; the session that sent it is unusable now (8.3)."""

    def __init__(self, why: str, body: dict[str, Any]) -> None:
        super().__init__(why)
        text = json.dumps(body, ensure_ascii=False)  # the error echoes the parameters
        self.deadly = any(word in text for word in DEADLY_WORDS)


class Database:
    """The tables. `version` counts commits that a stale view may miss."""

    def __init__(self, zone: tzinfo, clock: Callable[[], float]) -> None:
        self.version = 0
        self.user_id = new_id()
        self.cases: dict[str, Case] = {}
        self.suites: dict[str, Suite] = {}
        self.executions: dict[str, Execution] = {}
        self.logs: list[LogRow] = []
        self.clock = clock
        self._zone = zone
        self._created: dict[str, int] = {}  # version since which a suite is there
        self._results: dict[str, deque[ResultRow]] = {}
        self._logs: dict[str, LogRow] = {}
        self._stored = 0  # log rows ever

    def commit(self) -> int:
        """Return the number of a new version."""
        self.version += 1
        return self.version

    def now(self) -> datetime:
        """Return the time as a DATETIME column holds it: the zone's wall clock, whole seconds."""
        return datetime.fromtimestamp(self.clock(), self._zone).replace(microsecond=0, tzinfo=None)

    def add_suite(self, suite: Suite) -> None:
        """Store a suite and its cases."""
        self.suites[suite.id] = suite
        self.cases.update({case.id: case for case in suite.cases})
        self._created[suite.id] = self.commit()

    def results_of(self, suite_id: str) -> list[ResultRow]:
        """Return the results of a suite, oldest first."""
        return list(self._results.get(suite_id, ()))

    def add_result(self, row: ResultRow) -> None:
        """Store a result."""
        self._results.setdefault(row.suite_id, deque(maxlen=MAX_ROWS)).append(row)

    def latest_second(self, suite_id: str) -> list[ResultRow]:
        """Return the results stamped in the same second as the suite's newest (7.2)."""
        rows = self._results.get(suite_id, deque())
        return list(takewhile(lambda row: row.at == rows[-1].at, reversed(rows)))

    def log_of(self, execution_id: str) -> LogRow | None:
        """Return the log row of an execution, known or not."""
        return self._logs.get(execution_id)

    def newest_log(self, suite_id: str) -> LogRow | None:
        """Return the log row of the suite that was made last."""
        return next((row for row in reversed(self.logs) if row.suite_id == suite_id), None)

    def log_row(self, suite_id: str, execution_id: str | None) -> LogRow:
        """Return the row that a log frame goes to, a new one if there is none (4.2)."""
        row = self._logs.get(execution_id) if execution_id is not None else None
        return row or LogRow(suite_id, execution_id, self.now())

    def keep_log(self, row: LogRow) -> None:
        """Store a row that `log_row` made."""
        if row.execution_id is not None:
            if row.execution_id in self._logs:
                return
            self._logs[row.execution_id] = row
        self._stored += 1
        row.number = self._stored
        self.logs.append(row)
        if len(self.logs) > MAX_ROWS:
            self._logs.pop(self.logs.pop(0).execution_id or "", None)

    def check_result(self, body: dict[str, Any]) -> None:
        """Raise RejectedError for a result that breaks a constraint (4.3)."""
        why = self._broken_key(body) or _broken_limit(body)
        if why:
            raise RejectedError(why, body)

    def _broken_key(self, body: dict[str, Any]) -> str:
        if _known(self.suites, body.get("suite_id")) is None:
            return "foreign key: no such suite"
        if _known(self.cases, body["case_id"]) is None:
            return "foreign key: no such case"
        if (body.get("executor_id") or SYSTEM) != self.user_id:
            return "foreign key: no such executor"
        return ""

    def suite_seen(self, suite_id: Any, version: int) -> Suite | None:
        """Return a suite as a session sees it whose view is that old (8.1)."""
        suite = _known(self.suites, suite_id)
        if suite is None or suite.deleted or self._created[suite.id] > version:
            return None
        return suite

    def execution_of(self, suite: Suite | None, execution_id: Any) -> Execution | None:
        """Return an execution if it is one of this suite."""
        execution = _known(self.executions, execution_id)
        return execution if execution is not None and execution.suite is suite else None


class View:
    """One connection's session: its view of the database is frozen at its last commit (8.1)."""

    def __init__(self, database: Database) -> None:
        self.poisoned = False
        self._database = database
        self.version = database.version

    def commit(self) -> None:
        """Something was stored: the view is fresh again."""
        self.version = self._database.version

    def roll_back(self) -> None:
        """Clear a poisoned session; the next look is a fresh one."""
        self.poisoned = False
        self.commit()


def _known(table: dict[str, Row], key: Any) -> Row | None:
    return table.get(key) if isinstance(key, str) else None


def _broken_limit(body: dict[str, Any]) -> str:
    result, duration = body.get("result"), body.get("duration")
    if not isinstance(result, str) or not _fits(result, MAX_RESULT):
        return "result: a string of 50 characters at most"
    if not _is_duration(duration):
        return "duration: 20 characters at most"
    for name in ("log_output", "error_message"):
        text = body.get(name)
        if text is not None and not (isinstance(text, str) and size_of(text) <= TEXT_LIMIT):
            return f"{name}: a string of 65535 bytes at most"
    return ""


def _is_duration(value: Any) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return value is None or (
        isinstance(value, str | int | float) and _fits(str(value), MAX_DURATION)
    )


def _fits(text: str, limit: int) -> bool:
    return len(text) <= limit and size_of(text) <= TEXT_LIMIT


def size_of(text: str) -> float:
    """Return the bytes of a text in UTF-8; infinity when it cannot be stored at all."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:  # a lone surrogate
        return math.inf
