"""The platform on MySQL as a suite's frames find it, and a line to it that can be cut."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from app.journal.outbox import Outbox
from app.journal.records import Target

HEARTBEAT = "heartbeat"
COLUMN = 65_535  # bytes that one execution's log can have (docs/protocol.md, 4.2)


class DeadSessionError(Exception):
    """The platform's handler crashed: the socket dies without a goodbye (8.3)."""


@dataclass
class SuitePlatform:
    """What is stored, by the rules of docs/protocol.md 4.2 to 4.4, 8.1 and 8.3."""

    column: int = COLUMN
    known: set[str] = field(default_factory=set)  # suites in the database
    bad_cases: set[str] = field(default_factory=set)  # their results violate a limit
    logs: dict[str, str] = field(default_factory=dict)  # by execution
    dropped: list[dict[str, Any]] = field(default_factory=list)  # frames that did not fit
    unseen: list[dict[str, Any]] = field(default_factory=list)  # lost to a stale view
    rolled_back: list[dict[str, Any]] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    completed: list[tuple[str, str]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)  # types as they came, heartbeats included
    _view: set[str] = field(default_factory=set)
    _poisoned: bool = False

    def connects(self) -> None:
        """A new session: its view is as old as can be until its first heartbeat."""
        self._view, self._poisoned = set(), False

    def takes(self, frame: str) -> None:
        """Handle one frame."""
        body = {"type": HEARTBEAT} if frame == HEARTBEAT else json.loads(frame)
        self.order.append(body["type"])
        match body["type"]:
            case "heartbeat":
                self._heartbeat()
            case "test_suite_result":
                self._result(body)
            case "test_suite_log":
                self._log(body)
            case "test_suite_completed":
                self._completion(body)

    def stored(self, execution: str) -> int:
        """Return the bytes in an execution's column."""
        return len(self.logs.get(execution, "").encode())

    def _heartbeat(self) -> None:
        if self._poisoned:
            raise DeadSessionError
        self._view = set(self.known)

    def _result(self, body: dict[str, Any]) -> None:
        if body["case_id"] in self.bad_cases or body["suite_id"] not in self._view:
            self._poisoned = True
            return
        self.results.append((body["case_id"], body["result"]))

    def _log(self, body: dict[str, Any]) -> None:
        if self._poisoned:
            self._poisoned = False
            self.rolled_back.append(body)
        elif body["suite_id"] not in self._view:
            self.unseen.append(body)
        else:
            self._store(body)

    def _store(self, body: dict[str, Any]) -> None:
        execution, text = body["execution_id"], body["message"]
        if execution in self.logs:
            text = f"{self.logs[execution]}\n{text}"
        if len(text.encode()) > self.column:
            self.dropped.append(body)
        else:
            self.logs[execution] = text

    def _completion(self, body: dict[str, Any]) -> None:
        self._poisoned = False
        if body["suite_id"] in self._view:
            self.completed.append((body["execution_id"], body["status"]))


class Line:
    """A session between an outbox and the platform; what is on its way can be lost."""

    def __init__(self, platform: SuitePlatform, target: Target) -> None:
        self.platform = platform
        self.target = target
        self.now = 1000.0
        self.on_way: deque[str] = deque()
        self.outbox: Outbox | None = None

    def opens(self, outbox: Outbox) -> None:
        """A session begins with its heartbeat."""
        self.cut()
        self.outbox = outbox
        self.platform.connects()
        outbox.session_opened(self.target, self.now)
        self.beats()

    def beats(self) -> None:
        """A heartbeat goes."""
        if self.outbox is not None:
            self.outbox.seal(self.now)
            self.on_way.append(HEARTBEAT)

    async def sends(self) -> int:
        """One hand-over, and a heartbeat where it is wanted; return the frames."""
        if self.outbox is None:
            return 0
        frames = await self.outbox.next_frames(self.now)
        self.on_way.extend(frames)
        if self.outbox.fence_wanted:
            self.beats()
        return len(frames)

    def arrives(self, count: int = 10**9) -> None:
        """The platform handles what is on its way, or the first of it; it answers heartbeats."""
        while self.on_way and count and self.outbox is not None:
            count -= 1
            frame = self.on_way.popleft()
            try:
                self.platform.takes(frame)
            except DeadSessionError:
                self.cut(blame=True)
                return
            if frame == HEARTBEAT:
                self.outbox.confirm(self.now)

    def cut(self, *, blame: bool = False) -> None:
        """The line breaks: what is on its way is lost."""
        self.on_way.clear()
        if self.outbox is not None:
            self.outbox.session_closed(blame, self.now)
        self.outbox = None

    async def delivers(self) -> None:
        """Go on until nothing is owed, or the session has died."""
        while self.outbox is not None:
            sent = await self.sends()
            if not sent and not self.on_way:
                if self.outbox.drained:
                    return
                self.beats()
                self.now += 0.2
            self.arrives()
