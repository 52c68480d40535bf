"""What the page shows of the platform, as plain data; nothing here changes anything."""

import math
from collections.abc import Callable
from itertools import islice
from typing import Any

from app.demo.platform import DemoPlatform
from app.demo.record import JobRecord
from app.demo.rows import ResultRow
from app.demo.suites import Execution, Suite

MAX_RUNS = 100  # the newest
MAX_SAMPLES = 60  # points of a curve
MAX_MESSAGE = 2000  # characters of a case's message; its beginning tells most
MAX_OUTPUT = 4000  # characters of a case's output, its end
STATES = {"pending": "waiting", "completed": "passed"}  # the other ones keep their name
TASK_STATES = {"success": "passed", "failed": "failed", "timeout": "timeout"}
RESULTS = ("passed", "failed", "error", "skipped")

Plain = dict[str, Any]


class View:
    """Looks at a platform; what has not changed comes back as the same object."""

    def __init__(self, platform: DemoPlatform, epoch: float) -> None:
        self._platform = platform
        self._epoch = epoch  # epoch seconds at zero of the loop's clock
        self._kept: dict[str, tuple[object, Plain]] = {}
        self.commands: dict[str, str] = {}  # of tasks that were sent from the page

    def agent(self) -> Plain:
        """Return the agent's vital signs."""
        platform = self._platform
        last = next(reversed(platform.record.heartbeats), None)
        return {
            "online": platform.online,
            "reachable": platform.reachable,
            "connections": platform.connections,
            "facts": platform.facts,
            "beat": self._epoch + last.at if last else None,
        }

    def history(self) -> list[Plain]:
        """Return the usage in percent as the last heartbeats told it, oldest first."""
        beats = list(islice(reversed(self._platform.record.heartbeats), MAX_SAMPLES))
        return [
            {name: _usage(beat.body.get("data"), name) for name in ("cpu_info", "memory_info")}
            for beat in reversed(beats)
        ]

    def suites(self) -> list[Plain]:
        """Return what can be started."""
        return [_suite(suite) for suite in self._platform.suites[-MAX_RUNS:]]

    def runs(self) -> dict[str, Plain]:
        """Return tasks and executions by id, oldest first."""
        tasks = list(self._platform.sent_at)[-MAX_RUNS:]
        runs = [self._task(task_id) for task_id in tasks]
        runs += [self._execution(one) for one in self._platform.executions[-MAX_RUNS:]]
        runs.sort(key=lambda run: run["created"])
        shown = {run["id"]: run for run in runs[-MAX_RUNS:]}
        self._kept = {key: kept for key, kept in self._kept.items() if key in shown}
        sent = self._platform.sent_at
        self.commands = {key: text for key, text in self.commands.items() if key in sent}
        return shown

    def cases(self, run: str) -> list[Plain]:
        """Return the cases of an execution in the user's order; [] for anything else."""
        execution = self.execution(run)
        if execution is None:
            return []
        newest = {row.case_id: row for row in execution.results}
        cases = execution.suite.cases
        return [{"code": case.code, **_result(newest.get(case.id))} for case in cases]

    def execution(self, run: str) -> Execution | None:
        """Return an execution; None when there is none of this id."""
        try:
            return self._platform.execution(run)
        except KeyError:
            return None

    def _task(self, task_id: str) -> Plain:
        job = self._platform.record.jobs.get(task_id)
        mark = (job is not None and bool(job.results), task_id in self.commands)
        return self._once(task_id, mark, lambda: self._new_task(task_id, job))

    def _new_task(self, task_id: str, job: JobRecord | None) -> Plain:
        frame = job.results[0] if job and job.results else None
        body = frame.body if frame else {}
        created = self._epoch + self._platform.sent_at[task_id]
        return {
            "kind": "task",
            "name": self.commands.get(task_id, task_id),
            "command": self.commands.get(task_id, ""),
            "state": _task_state(body) if frame else "running",
            "created": created,
            "started": created,
            "ended": self._epoch + frame.at if frame else None,
            "seconds": _number(body.get("duration")),
            "exit_code": _number(body.get("exit_code")),
            "message": _clipped(body.get("error"), MAX_MESSAGE),
        }

    def _execution(self, execution: Execution) -> Plain:
        frames = (execution.frames[-1].at, len(execution.frames)) if execution.frames else None
        mark = (execution.status, execution.received_bytes, frames)
        return self._once(execution.id, mark, lambda: _new_execution(execution))

    def _once(self, key: str, mark: object, build: Callable[[], Plain]) -> Plain:
        """Return what was built for the same `mark`, or build it."""
        known, plain = self._kept.get(key, (None, {}))
        if known != mark:
            plain = {"id": key, **build()}
            self._kept[key] = (mark, plain)
        return plain


def _new_execution(execution: Execution) -> Plain:
    said = execution.completions[0] if execution.completions else {}
    newest = {row.case_id: row.result for row in execution.results}
    return {
        "kind": "suite",
        "name": execution.suite.name,
        "command": execution.suite.command,
        "state": STATES.get(execution.status, str(execution.status)),
        "created": execution.created_at,
        "started": execution.started_at,
        "ended": execution.ended_at,
        "seconds": None,
        "counts": {name: list(newest.values()).count(name) for name in RESULTS},
        "total": len(execution.suite.cases),
        "message": _clipped(said.get("message"), MAX_MESSAGE),
    }


def _suite(suite: Suite) -> Plain:
    git = suite.git
    return {
        "id": suite.id,
        "name": suite.name,
        "command": suite.command,
        "cases": [case.code for case in suite.cases],
        "git_url": git.url if git else "",
        "git_branch": (git.branch or "") if git else "",
    }


def _result(row: ResultRow | None) -> Plain:
    if row is None:
        return {"result": None}
    return {
        "result": row.result if row.result in RESULTS else "error",
        "duration": row.duration,
        "message": _clipped(row.error_message, MAX_MESSAGE),
        "output": (row.log_output or "")[-MAX_OUTPUT:],
    }


def _task_state(body: Plain) -> str:
    if body.get("status") == "error" and "cancel" in str(body.get("error")):
        return "cancelled"
    return TASK_STATES.get(str(body.get("status")), "error")


def _clipped(text: object, limit: int) -> str:
    text = text if isinstance(text, str) else ""
    return text if len(text) <= limit else f"{text[:limit]} […]"


def _usage(data: object, name: str) -> float | None:
    info = data.get(name) if isinstance(data, dict) else None
    return _number(info.get("usage_percent")) if isinstance(info, dict) else None


def _number(value: object) -> float | None:
    """Return a number that a browser can read; JSON for it has no NaN."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None
