"""What the platform does with an agent's frames about suites (4.2 to 4.4, 6 to 8)."""

from collections import deque
from datetime import datetime
from math import inf
from typing import Any

from app.demo.database import MAX_EXECUTION_ID, Database, RejectedError, View, size_of
from app.demo.phrases import duration_of, tells_cancel, tells_end
from app.demo.queue import Queue
from app.demo.record import Frame
from app.demo.rows import Dropped, LogRow, Poisoning, ResultRow
from app.demo.suites import OPEN, Execution, ExecutionState, Suite, SuiteState

LOG, RESULT, COMPLETED = "test_suite_log", "test_suite_result", "test_suite_completed"
KINDS = (LOG, RESULT, COMPLETED)
MAX_KEPT = 10_000  # refused frames
FAILURES = ("failed", "error")
POISONED = "the session was poisoned; this frame was lost to clear it"
VERDICTS = {"failed": ExecutionState.FAILED, "cancelled": ExecutionState.CANCELLED}


class Reports:
    """Takes the frames of all connections, each with its connection's view of the database."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self.dropped: deque[Dropped] = deque(maxlen=MAX_KEPT)
        self.poisonings: deque[Poisoning] = deque(maxlen=MAX_KEPT)
        self._database = database
        self._queue = queue

    async def take(self, frame: Frame, view: View) -> None:
        """Handle one frame of KINDS. Raises RejectedError when the database refuses it."""
        try:
            if frame.type == RESULT:
                await self._take_result(frame, view)
            elif view.poisoned:
                self._note(frame)
                view.roll_back()
                self._drop(frame, POISONED)
            elif frame.type == LOG:
                self._note(frame)
                self._take_log(frame, view)
            else:
                self._note(frame)
                await self._take_completion(frame, view)
        except RejectedError as error:
            view.poisoned = True
            self.poisonings.append(Poisoning(frame, str(error)))
            raise

    # ------------------------------------------------------------------------------- log

    def _take_log(self, frame: Frame, view: View) -> None:
        body, message = frame.body, frame.body.get("message")
        suite = self._database.suite_seen(body.get("suite_id"), view.version)
        execution_id = body.get("execution_id")
        if suite is None:
            self._drop(frame, "no such suite in this session's view")
        elif not isinstance(message, str) or size_of(message) == inf:
            self._drop(frame, "the message is no text")
        elif not _is_id(execution_id):
            self._drop(frame, "the execution_id is too long or no string")
            view.roll_back()
        else:
            row = self._database.log_row(suite.id, execution_id)
            if row.add(message, self._timestamp(body.get("timestamp"))):
                self._stored_log(row, message, suite)
            else:
                self._drop(frame, "the log of the execution is full")
            view.commit()  # a failed write was rolled back: the view is fresh either way

    def _stored_log(self, row: LogRow, message: str, suite: Suite) -> None:
        self._database.keep_log(row)
        if tells_end(message):
            took = duration_of(row.text, row.created_at, row.last_at)
            row.duration = took or row.duration
            if took and tells_cancel(message):
                suite.state = SuiteState.PENDING
        data = {
            "id": str(row.number),
            "message": message,
            "timestamp": row.last_at.isoformat(),
            "execution_id": row.execution_id,
        }
        self._queue.streams.push(suite.id, data)

    def _timestamp(self, text: Any) -> datetime:
        """Return the wall clock of a timestamp: its offset is dropped (4.2)."""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None)
        except (TypeError, ValueError):
            return self._database.now()

    # ---------------------------------------------------------------------------- result

    async def _take_result(self, frame: Frame, view: View) -> None:
        body = frame.body
        if view.poisoned:
            raise RejectedError("the session was poisoned before", body)
        if body.get("case_id") is None:
            self._drop(frame, "no case_id")
            return
        self._database.check_result(body)
        suite = self._database.suites[body["suite_id"]]
        if suite.deleted:
            self._drop(frame, "the suite has been deleted")
            return
        execution = self._queue.belongs_to(suite)
        self._database.add_result(self._row(body, execution))
        if execution is not None:
            execution.frames.append(frame)
        view.commit()
        await self._end_by_results(suite)

    def _row(self, body: dict[str, Any], execution: Execution | None) -> ResultRow:
        duration = body.get("duration")
        return ResultRow(
            suite_id=body["suite_id"],
            case_id=body["case_id"],
            code=self._database.cases[body["case_id"]].code,
            result=body["result"],
            duration=None if duration is None else str(duration),
            log_output=body.get("log_output"),
            error_message=body.get("error_message"),
            executor_id=body["executor_id"],
            at=self._database.now(),
            execution_id=execution.id if execution else "",
        )

    async def _end_by_results(self, suite: Suite) -> None:
        """End what the newest log row names once one second's results cover all cases (7.2)."""
        latest = self._database.latest_second(suite.id)
        covered = len({row.case_id for row in latest}) >= len(suite.cases)
        newest_log = self._database.newest_log(suite.id) if covered else None
        if newest_log is None:
            return
        execution = self._database.execution_of(suite, newest_log.execution_id)
        failed = any(row.result in FAILURES for row in latest)
        if execution is not None and execution.status in OPEN:
            state = ExecutionState.FAILED if failed else ExecutionState.COMPLETED
            self._queue.end(execution, state)
        suite.settle(SuiteState.FAILED if failed else SuiteState.COMPLETED)
        await self._queue.dispatch()

    # ------------------------------------------------------------------------ completion

    async def _take_completion(self, frame: Frame, view: View) -> None:
        body = frame.body
        suite = self._database.suite_seen(body.get("suite_id"), view.version)
        execution = self._database.execution_of(suite, body.get("execution_id"))
        seen = execution.status_at(view.version) if execution else None
        if suite is None or execution is None or seen is None:
            self._drop(frame, "no such execution in this session's view")
            return
        if seen is ExecutionState.PENDING and execution.status is ExecutionState.RUNNING:
            self._drop(frame, "this session has not seen the execution start")
            return
        if seen in OPEN:
            self._queue.end(execution, _verdict(body.get("status")))
        suite.settle(self._suite_state(suite, body.get("status")))
        view.commit()
        await self._queue.dispatch()

    def _suite_state(self, suite: Suite, status: Any) -> SuiteState:
        if status == "cancelled":
            return SuiteState.PENDING
        latest = self._database.latest_second(suite.id)
        if status == "failed" or any(row.result in FAILURES for row in latest):
            return SuiteState.FAILED
        return SuiteState.COMPLETED

    # --------------------------------------------------------------------------- helpers

    def _note(self, frame: Frame) -> None:
        """Write down for the execution what came, whatever becomes of it."""
        execution = self._named(frame)
        if execution is None:
            return
        execution.frames.append(frame)
        message = frame.body.get("message")
        if frame.type == COMPLETED:
            execution.completions.append(frame.body)
        elif isinstance(message, str):
            execution.received_bytes += (1 if execution.log_frames else 0) + len(
                message.encode(errors="surrogatepass")
            )
            execution.log_frames += 1

    def _drop(self, frame: Frame, why: str) -> None:
        dropped = Dropped(frame, why)
        self.dropped.append(dropped)
        execution = self._named(frame)
        if execution is not None:
            execution.dropped_frames.append(dropped)

    def _named(self, frame: Frame) -> Execution | None:
        key = frame.body.get("execution_id")
        return self._database.executions.get(key) if isinstance(key, str) else None


def _verdict(status: Any) -> ExecutionState:
    """Only three words are understood; anything else is "completed" (4.4)."""
    known = VERDICTS.get(status) if isinstance(status, str) else None
    return known or ExecutionState.COMPLETED


def _is_id(execution_id: Any) -> bool:
    if execution_id is None:
        return True
    return isinstance(execution_id, str) and len(execution_id) <= MAX_EXECUTION_ID
