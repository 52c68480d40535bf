"""What can be seen at the platform, and waited for."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from app.demo.environment import Environment
from app.demo.joblog import ReceivedLog
from app.demo.record import Closing, Frame, Record
from app.demo.session import Session
from app.i18n import _

T = TypeVar("T")

WAIT = 10.0  # seconds that a wait takes at most unless it says its own limit


@dataclass(frozen=True, slots=True)
class AgentView:
    """The agent as its last heartbeat shows it."""

    connection: int
    heartbeats: int  # on this connection
    facts: dict[str, Any]


class Watching:
    """The platform's side as its users and the tests see it; all waits raise TimeoutError."""

    def __init__(self, environment: Environment, record: Record) -> None:
        self.environment = environment
        self.record = record
        self._sessions: dict[int, Session] = {}

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float = WAIT,  # noqa: ASYNC109 (the caller's limit, with a telling error)
        what: str = "awaited",
    ) -> T:
        """Return the first truthy value of `condition`, asked after every frame and change.

        Raises TimeoutError after `timeout` seconds.
        """
        return await self.record.wait_for(condition, timeout, what)

    async def agent_online(self, timeout: float = WAIT, connections: int = 1) -> AgentView:  # noqa: ASYNC109 (see wait_for)
        """Wait for a heartbeat of the registered agent, on the `connections`-th or later."""

        def online() -> AgentView | None:
            session = self.environment.registered
            if not isinstance(session, Session) or session.number < connections:
                return None
            if not session.heartbeats:
                return None
            return AgentView(session.number, session.heartbeats, session.facts)

        view = await self.wait_for(online, timeout, _("the agent online"))
        assert view is not None  # noqa: S101 (wait_for returns truthy values only)
        return view

    async def agent_gone(self, timeout: float = WAIT) -> None:  # noqa: ASYNC109 (see wait_for)
        """Wait until no agent is connected."""
        await self.wait_for(lambda: not self._sessions, timeout, _("the agent gone"))

    @property
    def frames(self) -> deque[Frame]:
        """Frames in the order of arrival; bounded, the oldest go first."""
        return self.record.frames

    @property
    def heartbeats(self) -> list[Frame]:
        """The last heartbeats; kept apart, so that no flood of logs pushes them out."""
        return list(self.record.heartbeats)

    @property
    def closings(self) -> deque[Closing]:
        """How each connection ended, as the platform saw it; bounded."""
        return self.record.closings

    def frames_of(self, kind: str) -> list[Frame]:
        """Return the kept frames of one type."""
        return [frame for frame in self.record.frames if frame.type == kind]

    @property
    def open_connections(self) -> int:
        """Connections open now; the quirks of 8.4 need two."""
        return len(self._sessions)

    @property
    def online(self) -> bool:
        """What the users of the platform see."""
        return self.environment.online

    @property
    def facts(self) -> dict[str, Any]:
        """The six facts as the platform has them; None what is wiped or was left out."""
        return self.environment.facts

    @property
    def reachable(self) -> bool:
        """True when frames for the agent go anywhere (8.4)."""
        return self.environment.registered is not None

    async def result(self, task_id: str, timeout: float = WAIT) -> dict[str, Any]:  # noqa: ASYNC109 (see wait_for)
        """Wait for the first `task_result` of a task and return it."""
        frames = await self.wait_for(
            lambda: self.result_frames(task_id), timeout, _("the result of {id}").format(id=task_id)
        )
        return frames[0].body

    def results(self, task_id: str) -> list[dict[str, Any]]:
        """Return every `task_result` of a task, repeats included."""
        return [frame.body for frame in self.result_frames(task_id)]

    def result_frames(self, task_id: str) -> list[Frame]:
        """Return the frames of `results`, with their times."""
        job = self.record.jobs.get(task_id)
        return list(job.results) if job else []

    def log(self, task_id: str) -> ReceivedLog:
        """Return a task's log as far as it has arrived: text, counts, gaps."""
        job = self.record.jobs.get(task_id)
        return job.log if job else ReceivedLog(0)

    def log_text(self, task_id: str) -> str:
        """Return a task's log as text, repeats dropped by their offset."""
        return self.log(task_id).text

    def logs(self, task_id: str) -> list[Frame]:
        """Return the kept `task_log` frames of a task as they came, repeats included."""
        return [f for f in self.frames_of("task_log") if f.body.get("task_id") == task_id]
