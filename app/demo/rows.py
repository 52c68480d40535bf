"""What the platform stores about suites: cases, logs, results; and what it refused to store."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from app.demo.record import Frame

TEXT_LIMIT = 65_535  # bytes of a TEXT column: the whole log of one execution (4.2)


def new_id() -> str:
    """Return an id as the platform makes them."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Case:
    """A test case of the platform; its code is free text, xat knows six digits only."""

    code: str
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Git:
    """The repository of a suite; an empty branch is sent as null (3.4)."""

    url: str
    branch: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One `test_suite_result` as stored; the same one sent again is another row (4.3)."""

    suite_id: str
    case_id: str
    code: str
    result: str
    duration: str | None
    log_output: str | None
    error_message: str | None
    executor_id: str
    at: datetime  # naive, in the database's zone, whole seconds
    execution_id: str  # the demo's guess by the order of arrival; the platform knows none


class LogRow:
    """The accumulated log of one execution: one TEXT column."""

    def __init__(self, suite_id: str, execution_id: str | None, created_at: datetime) -> None:
        self.suite_id = suite_id
        self.execution_id = execution_id
        self.created_at = created_at  # naive, in the database's zone, whole seconds
        self.last_at = created_at  # naive: the wall clock of the last frame's timestamp
        self.duration: str | None = None  # "H:MM:SS.ss", once a phrase asked for it (6)
        self.size = 0  # bytes
        self.number = 0  # from 1 on, once stored
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """All accepted messages, joined by newlines."""
        if len(self._parts) > 1:
            self._parts = ["\n".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def add(self, message: str, at: datetime) -> bool:
        """Append a message; False, and nothing stored, when the column cannot hold it."""
        size = self.size + len(message.encode()) + (1 if self._parts else 0)
        if size > TEXT_LIMIT:
            return False
        self.size = size
        self.last_at = at
        self._parts.append(message)
        return True


@dataclass(frozen=True, slots=True)
class Dropped:
    """A frame about a suite that had no effect, and why."""

    frame: Frame
    why: str


@dataclass(frozen=True, slots=True)
class Poisoning:
    """A write that the database rejected; the connection's session was unusable after it (8.3)."""

    frame: Frame
    why: str

    @property
    def connection(self) -> int:
        """The number of the connection it came on."""
        return self.frame.connection
