"""Suites and their executions, as the platform's users see them (7.1)."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from app.demo.record import Frame
from app.demo.rows import Case, Dropped, Git, LogRow, ResultRow, new_id
from app.demo.stream import ClientStream, Streams
from app.i18n import _

T = TypeVar("T")

WAIT = 10.0  # seconds that a wait takes at most unless it says its own limit
MAX_FRAMES = 10_000  # kept of one execution, the newest


class SuiteState(StrEnum):
    """What the suite's button shows."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class ExecutionState(StrEnum):
    """One execution in the platform's queue."""

    PENDING = "pending"  # waits for a free slot of the node
    RUNNING = "running"  # handed over; holds a slot until somebody says that it has ended
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (ExecutionState.PENDING, ExecutionState.RUNNING)


class Shelf(Protocol):
    """Where a suite finds what belongs to it and asks for what it cannot do alone."""

    streams: Streams

    def results_of(self, suite_id: str) -> list[ResultRow]:
        """Return the stored results of a suite, oldest first."""
        ...

    def log_of(self, execution_id: str) -> LogRow | None:
        """Return the stored log of an execution."""
        ...

    async def execute(self, suite: "Suite") -> "Execution":
        """Start an execution or queue it."""
        ...

    async def cancel(self, executions: "list[Execution]") -> None:
        """Cancel what of it is open."""
        ...

    async def wait_for(self, condition: Callable[[], T], timeout: float, what: str) -> T:  # noqa: ASYNC109 (the caller's limit, with a telling error)
        """Return the first truthy value of `condition`."""
        ...


class Suite:
    """A test suite; made by DemoPlatform.create_suite."""

    def __init__(
        self, shelf: Shelf, command: str, cases: tuple[Case, ...], git: Git | None, name: str
    ) -> None:
        self.id = new_id()
        self.plan_id = new_id()
        self.name = name or f"suite {self.id[:8]}"
        self.command = command
        self.cases = cases  # in the user's order; one deleted later stays in it
        self.git = git
        self.state = SuiteState.PENDING
        self.executions: list[Execution] = []
        self.deleted = False
        self._shelf = shelf

    @property
    def results(self) -> list[ResultRow]:
        """Every stored result, oldest first, repeats included."""
        return self._shelf.results_of(self.id)

    async def execute(self) -> "Execution":
        """Press the button: hand an execution over, or queue it. Raises UnreachableError."""
        return await self._shelf.execute(self)

    async def cancel(self) -> None:
        """Cancel all executions that run or wait. Raises UnreachableError."""
        await self._shelf.cancel(list(self.executions))

    def watch(self) -> ClientStream:
        """Open the stream that a browser looks at (5); use it with `with`."""
        return self._shelf.streams.open(self.id)

    def settle(self, state: SuiteState) -> None:
        """Take `state`, unless an execution still runs or waits: then that shows."""
        states = {execution.status for execution in self.executions}
        if ExecutionState.RUNNING in states:
            state = SuiteState.RUNNING
        elif ExecutionState.PENDING in states:
            state = SuiteState.PENDING
        self.state = state


class Execution:
    """One run of a suite, from the button to the platform's verdict."""

    def __init__(self, shelf: Shelf, suite: Suite, created_at: float) -> None:
        self.id = new_id()
        self.suite = suite
        self.created_at = created_at  # epoch seconds, like the two below
        self.started_at: float | None = None
        self.ended_at: float | None = None  # when the platform decided, whatever still runs
        self.sent: dict[str, Any] | None = None  # the execute_test_suite frame
        self.frames: deque[Frame] = deque(maxlen=MAX_FRAMES)  # its logs, results, completions
        self.dropped_frames: deque[Dropped] = deque(maxlen=MAX_FRAMES)
        self.completions: list[dict[str, Any]] = []  # every test_suite_completed, effect or not
        self.log_frames = 0  # ever received
        self.received_bytes = 0  # of all messages ever sent, the joining newlines included
        self._history: list[tuple[int, ExecutionState]] = []
        self._shelf = shelf

    @property
    def status(self) -> ExecutionState:
        """The state in the platform's queue."""
        return self._history[-1][1]

    def status_at(self, version: int) -> ExecutionState | None:
        """Return the state that a session of the database sees whose view is that old (8.1)."""
        seen = [state for since, state in self._history if since <= version]
        return seen[-1] if seen else None

    def move(self, state: ExecutionState, version: int, now: float) -> None:
        """Take a state from this version of the database on."""
        self._history.append((version, state))
        if state is ExecutionState.RUNNING:
            self.started_at = now
        elif state not in OPEN:
            self.ended_at = now

    @property
    def log_text(self) -> str:
        """What the platform has stored of its log; only ever grows."""
        row = self._shelf.log_of(self.id)
        return row.text if row else ""

    @property
    def log_bytes(self) -> int:
        """Bytes of `log_text` in UTF-8."""
        row = self._shelf.log_of(self.id)
        return row.size if row else 0

    @property
    def duration(self) -> str | None:
        """What the platform made of the stamps in the log (6): `H:MM:SS.ss`."""
        row = self._shelf.log_of(self.id)
        return row.duration if row else None

    @property
    def results(self) -> list[ResultRow]:
        """The stored results that belong to it by the order of arrival, repeats included."""
        return [row for row in self.suite.results if row.execution_id == self.id]

    async def completed(self, timeout: float = WAIT) -> dict[str, Any]:  # noqa: ASYNC109 (the caller's limit, with a telling error)
        """Wait for the first `test_suite_completed` and return it. Raises TimeoutError."""
        found = await self._shelf.wait_for(
            lambda: self.completions, timeout, _("the completion of {id}").format(id=self.id)
        )
        return found[0]

    async def ended(self, timeout: float = WAIT) -> ExecutionState:  # noqa: ASYNC109 (the same)
        """Wait until the platform takes it for ended, by whatever. Raises TimeoutError."""
        await self._shelf.wait_for(
            lambda: self.status not in OPEN, timeout, _("the end of {id}").format(id=self.id)
        )
        return self.status

    async def cancel(self) -> None:
        """Cancel it; the platform decides at once (3.5). Raises UnreachableError."""
        await self._shelf.cancel([self])
