"""What the platform's users do: send tasks, make and run suites, look into the workspace."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from typing import Any, TypedDict, Unpack

from app.demo.database import Database
from app.demo.environment import Environment
from app.demo.files import Files
from app.demo.history import HistoryEntry, history
from app.demo.misbehaving import Misbehaving
from app.demo.queue import Queue
from app.demo.record import MAX_JOBS, Record
from app.demo.refusals import UnreachableError
from app.demo.reports import Reports
from app.demo.rows import Case, Dropped, Git, Poisoning
from app.demo.session import Session
from app.demo.suites import Execution, Suite
from app.i18n import _
from app.webpage.server import PeerGoneError


class TaskOptions(TypedDict, total=False):
    """The optional fields of a `task` (3.7)."""

    work_dir: str
    env_vars: dict[str, str]
    timeout: float


class Users(Misbehaving):
    """The REST side of the platform; what it answers with an HTTP error raises RefusedError."""

    def __init__(
        self, environment: Environment, record: Record, database: Database, answer_limit: float
    ) -> None:
        super().__init__(environment, record)
        self.sent_at: dict[str, float] = {}  # the loop's clock; per task, the newest ones
        self._database = database
        self._queue = Queue(environment, database, record, self.send)
        self._reports = Reports(database, self._queue)
        self._files = Files(self.send, answer_limit)

    # ------------------------------------------------------------------------- tasks

    async def send_task(
        self, task_id: str, command: str | list[str], **options: Unpack[TaskOptions]
    ) -> None:
        """Give the agent a task (3.7). Raises UnreachableError."""
        message = {"type": "task", "task_id": task_id, "command": command, **options}
        while len(self.sent_at) >= MAX_JOBS:
            del self.sent_at[next(iter(self.sent_at))]
        self.sent_at[task_id] = asyncio.get_running_loop().time()
        await self.send(message)

    async def cancel_task(self, task_id: str) -> None:
        """Cancel a task (3.7). Raises UnreachableError."""
        await self.send({"type": "cancel_task", "task_id": task_id})

    async def send(self, message: dict[str, Any]) -> None:
        """Send any message to the registered agent. Raises UnreachableError."""
        await self.send_raw(json.dumps(message, ensure_ascii=False))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send one frame as it is, str as text, bytes as binary. Raises UnreachableError."""
        session = self.environment.registered
        if not isinstance(session, Session):
            raise UnreachableError(_("no agent is registered (the platform would answer HTTP 503)"))
        try:
            await session.send_raw(frame)
        except PeerGoneError as gone:
            raise UnreachableError(str(gone)) from gone

    # ------------------------------------------------------------------------ suites

    def create_suite(
        self, command: str, cases: Sequence[str | Case], git: Git | None = None, name: str = ""
    ) -> Suite:
        """Make a suite; a case is given by its code or whole, in the user's order.

        Raises ValueError when there is no case, or one twice.
        """
        whole = [Case(case) if isinstance(case, str) else case for case in cases]
        return self._queue.create(command, whole, git, name)

    def delete_suite(self, suite_id: str) -> None:
        """Delete a suite; frames about it are ignored (8.5). Raises KeyError."""
        self._queue.delete(self._database.suites[suite_id])

    def delete_case(self, case_id: str) -> None:
        """Delete a case: its suites send fewer codes, its results are rejected. Raises KeyError."""
        del self._database.cases[case_id]
        self.record.changed()

    @property
    def suites(self) -> list[Suite]:
        """The suites in the order of their creation."""
        return [suite for suite in self._database.suites.values() if not suite.deleted]

    def suite(self, suite_id: str) -> Suite:
        """Return a suite, a deleted one too. Raises KeyError."""
        return self._database.suites[suite_id]

    @property
    def executions(self) -> list[Execution]:
        """All executions in the order of their creation."""
        return list(self._database.executions.values())

    def execution(self, execution_id: str) -> Execution:
        """Return an execution. Raises KeyError."""
        return self._database.executions[execution_id]

    def history(self) -> list[HistoryEntry]:
        """Return the history as the users see it, newest first (7.4)."""
        return history(self._database)

    @property
    def user_id(self) -> str:
        """Who presses the buttons: the executor_id of everything."""
        return self._database.user_id

    @property
    def max_concurrent_tasks(self) -> int:
        """The node's slots (7.1)."""
        return self._queue.max_concurrent_tasks

    @max_concurrent_tasks.setter
    def max_concurrent_tasks(self, slots: int) -> None:
        self._queue.max_concurrent_tasks = slots

    @property
    def dropped(self) -> deque[Dropped]:
        """Frames about suites that had no effect, and why; bounded."""
        return self._reports.dropped

    @property
    def poisonings(self) -> deque[Poisoning]:
        """Writes that the database rejected (8.3); bounded. A good agent causes none."""
        return self._reports.poisonings

    # --------------------------------------------------------------------- workspace

    async def workspace_list(self, path: str = "") -> Any:
        """Return the entries of a folder as the agent tells them (4.5). Raises RefusedError."""
        return await self._files.ask("list", {"path": path})

    async def workspace_read(self, path: str, encoding: str = "utf-8") -> Any:
        """Return a file: content, encoding, size. Raises RefusedError."""
        return await self._files.ask("read", {"path": path, "encoding": encoding})

    async def workspace_delete(self, path: str) -> Any:
        """Delete a file or folder. Raises RefusedError."""
        return await self._files.ask("delete", {"path": path})

    async def workspace_mkdir(self, path: str) -> Any:
        """Make a folder. Raises RefusedError."""
        return await self._files.ask("mkdir", {"path": path})

    async def workspace_write(
        self, path: str, content: str, encoding: str = "utf-8", *, is_base64: bool = False
    ) -> Any:
        """Write a file; the real platform has no such button. Raises RefusedError."""
        fields = {"path": path, "content": content, "encoding": encoding, "is_base64": is_base64}
        return await self._files.ask("write", fields)

    @property
    def stray_answers(self) -> int:
        """Answers about the workspace that came too late, or that nobody asked for."""
        return self._files.strays
