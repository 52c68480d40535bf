"""The platform's queue: who gets one of the node's slots, who waits, who is cancelled (7.1)."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from app.demo.database import Database
from app.demo.environment import Environment
from app.demo.record import Record
from app.demo.refusals import UnreachableError
from app.demo.rows import Case, Git, LogRow, ResultRow
from app.demo.stream import Streams
from app.demo.suites import OPEN, Execution, ExecutionState, Suite, SuiteState
from app.i18n import _

T = TypeVar("T")


class Queue:
    """Hands executions over as slots are free; the slots are counted here only, never asked for."""

    def __init__(
        self,
        environment: Environment,
        database: Database,
        record: Record,
        send: Callable[[dict[str, Any]], Awaitable[None]],  # raises UnreachableError
    ) -> None:
        self.max_concurrent_tasks = 1
        self.streams = Streams(record)
        self._environment = environment
        self._database = database
        self._record = record
        self._send = send

    # ----------------------------------------------------------------------- what users do

    def create(self, command: str, cases: Sequence[Case], git: Git | None, name: str) -> Suite:
        """Make a suite. Raises ValueError when it has no case, or one twice."""
        if not cases or len({case.id for case in cases}) < len(cases):
            raise ValueError("a suite has at least one case, and none of them twice")
        suite = Suite(self, command, tuple(cases), git, name)
        self._database.add_suite(suite)
        self._record.changed()
        return suite

    async def execute(self, suite: Suite) -> Execution:
        """Start an execution if a slot is free, else let it wait. Raises UnreachableError."""
        self._demand_agent()
        execution = Execution(self, suite, self._database.clock())
        self._database.executions[execution.id] = execution
        suite.executions.append(execution)
        self._move(execution, ExecutionState.PENDING)
        suite.settle(SuiteState.PENDING)
        if self._slot_is_free():
            await self._hand_over(execution, with_codes=True)
        return execution

    async def cancel(self, executions: list[Execution]) -> None:
        """Decide at once that they are cancelled, tell the agent of those that run (3.5).

        The next one in the queue does not start; only the agent's completion starts it.
        Raises UnreachableError.
        """
        self._demand_agent()
        still_open = [execution for execution in executions if execution.status in OPEN]
        running = [one for one in still_open if one.status is ExecutionState.RUNNING]
        for execution in still_open:
            self._move(execution, ExecutionState.CANCELLED)
        for execution in still_open:
            execution.suite.settle(SuiteState.COMPLETED)
        self._record.changed()
        for execution in running:
            await self._send(
                {
                    "type": "cancel_test_suite",
                    "suite_id": execution.suite.id,
                    "execution_id": execution.id,
                }
            )

    def delete(self, suite: Suite) -> None:
        """Delete a suite: its frames are ignored from now on (8.5)."""
        suite.deleted = True
        self._record.changed()

    # ----------------------------------------------------------------- what the server does

    def end(self, execution: Execution, state: ExecutionState) -> None:
        """Take an execution for ended, whatever still runs."""
        self._move(execution, state)

    async def dispatch(self) -> None:
        """Start the next one that waits if a slot is free; it gets no codes (3.4)."""
        waiting = (
            execution
            for execution in self._database.executions.values()
            if execution.status is ExecutionState.PENDING
        )
        execution = next(waiting, None)
        if execution is not None and self._slot_is_free():
            with suppress(UnreachableError):  # it is failed now, and nobody asked
                await self._hand_over(execution, with_codes=False)

    def belongs_to(self, suite: Suite) -> Execution | None:
        """Return the execution that a result of the suite is from, if the agent runs in order."""
        sent = [execution for execution in suite.executions if execution.sent is not None]
        unended = (execution for execution in sent if not execution.completions)
        return next(unended, sent[-1] if sent else None)

    def results_of(self, suite_id: str) -> list[ResultRow]:
        """Return the stored results of a suite, oldest first."""
        return self._database.results_of(suite_id)

    def log_of(self, execution_id: str) -> LogRow | None:
        """Return the stored log of an execution."""
        return self._database.log_of(execution_id)

    async def wait_for(self, condition: Callable[[], T], timeout: float, what: str) -> T:  # noqa: ASYNC109 (the caller's limit, with a telling error)
        """Return the first truthy value of `condition`. Raises TimeoutError."""
        return await self._record.wait_for(condition, timeout, what)

    # --------------------------------------------------------------------------- helpers

    def _demand_agent(self) -> None:
        if not self._environment.online:
            raise UnreachableError(_("the environment is offline (the platform answers HTTP 503)"))

    def _slot_is_free(self) -> bool:
        states = [execution.status for execution in self._database.executions.values()]
        return states.count(ExecutionState.RUNNING) < self.max_concurrent_tasks

    def _move(self, execution: Execution, state: ExecutionState) -> None:
        execution.move(state, self._database.commit(), self._database.clock())

    async def _hand_over(self, execution: Execution, *, with_codes: bool) -> None:
        """Send an execution to the agent; it is failed when that is impossible (7.1)."""
        suite = execution.suite
        execution.sent = self._message(execution, with_codes=with_codes)
        self._move(execution, ExecutionState.RUNNING)
        suite.settle(SuiteState.RUNNING)
        self._record.changed()
        try:
            await self._send(execution.sent)
        except UnreachableError:
            execution.sent = None
            self._move(execution, ExecutionState.FAILED)
            suite.settle(SuiteState.FAILED)
            self._record.changed()
            raise

    def _message(self, execution: Execution, *, with_codes: bool) -> dict[str, Any]:
        suite, git = execution.suite, execution.suite.git
        ids = [case.id for case in suite.cases]
        message = {
            "type": "execute_test_suite",
            "suite_id": suite.id,
            "plan_id": suite.plan_id,
            "execution_id": execution.id,
            "git_repo_url": git.url if git else None,
            "git_branch": (git.branch or None) if git else None,
            "git_token": git.token if git else None,
            "execution_command": suite.command,
            "case_ids": ids,
            "executor_id": self._database.user_id,
        }
        if with_codes:  # in the order of the ids, without the deleted ones: two traps of 3.4
            cases = self._database.cases
            message["case_codes"] = [cases[key].code for key in sorted(ids) if key in cases]
        return message
