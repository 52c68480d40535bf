"""A frozen type per wire message, both directions (docs/protocol.md, sections 2 to 4).

The wire says `task`; everything behind the codec says *job*. Fields keep the wire's
meaning and units. Nothing here is logged as it is: a git token is inside.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

# ---------------------------------------------------------------- platform -> agent


@dataclass(frozen=True, slots=True)
class Welcome:
    """First frame after the handshake (2.1), also made from `auth_success` (2.2).

    Its `reconnect_delay` is always 30 and not read: app.protocol.backoff decides.
    """

    environment_id: str
    environment_name: str = ""
    work_dir: str = ""  # free text of a user: may be "", relative or start with "~"


@dataclass(frozen=True, slots=True)
class HeartbeatAck:
    """In-order answer to one heartbeat (3.1)."""

    at: datetime | None  # the server's time with its offset; None when unreadable


@dataclass(frozen=True, slots=True)
class Ping:
    """The platform has heard nothing for 30 s (3.2)."""


@dataclass(frozen=True, slots=True)
class TokenInvalid:
    """The token is dead for good (3.3)."""

    reason: str


@dataclass(frozen=True, slots=True)
class JobAssigned:
    """`task` (3.7): run a command."""

    job_id: str
    command: str | tuple[str, ...]  # str: shell text, maybe many lines; tuple: argv
    work_dir: str | None = None
    env_vars: tuple[tuple[str, str], ...] = ()
    timeout: float | None = None  # seconds; None: the configured default


@dataclass(frozen=True, slots=True)
class BadJob:
    """A `task` whose id can be read but that cannot be run as it is."""

    job_id: str
    why: str


@dataclass(frozen=True, slots=True)
class CancelJob:
    """`cancel_task` (3.7)."""

    job_id: str


@dataclass(frozen=True, slots=True)
class SuiteAssigned:
    """`execute_test_suite` (3.4)."""

    suite_id: str
    plan_id: str
    execution_id: str
    command: str
    case_ids: tuple[str, ...]
    case_codes: tuple[str, ...] | None  # None: absent (dispatched from the server's queue)
    executor_id: str
    git_repo_url: str | None = None
    git_branch: str | None = None
    git_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BadSuite:
    """An `execute_test_suite` that cannot be read whole but still holds the node's slot (0.3)."""

    suite_id: str
    execution_id: str
    why: str


@dataclass(frozen=True, slots=True)
class CancelSuite:
    """`cancel_test_suite` (3.5); None cancels every execution of the suite."""

    suite_id: str
    execution_id: str | None


class WorkspaceVerb(Enum):
    """The five remote file operations (3.6)."""

    LIST = "workspace_list"
    READ = "workspace_read"
    WRITE = "workspace_write"
    DELETE = "workspace_delete"
    MKDIR = "workspace_mkdir"


@dataclass(frozen=True, slots=True)
class WorkspaceRequest:
    """A remote file operation (3.6); the platform waits 10 s for the answer."""

    verb: WorkspaceVerb
    request_id: str
    path: str = ""
    encoding: str = "utf-8"
    content: str = field(default="", repr=False)
    is_base64: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A frame of a type that we do not know."""

    type: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that cannot be read: not JSON, too large, wrong types."""

    why: str
    excerpt: str  # the first characters of the frame, without secrets


Incoming = (
    Welcome
    | HeartbeatAck
    | Ping
    | TokenInvalid
    | JobAssigned
    | BadJob
    | CancelJob
    | SuiteAssigned
    | BadSuite
    | CancelSuite
    | WorkspaceRequest
    | Unknown
    | Malformed
)

# ---------------------------------------------------------------- agent -> platform


@dataclass(frozen=True, slots=True)
class Facts:
    """One sample of this computer, in the units of 4.1; every field is always sent."""

    node_ip: str = "unknown"
    os_type: str = "unknown"
    os_version: str = "unknown"
    cpu_info: dict[str, Any] = field(default_factory=dict)
    memory_info: dict[str, Any] = field(default_factory=dict)
    disk_info: dict[str, Any] = field(default_factory=dict)
    network_info: dict[str, Any] = field(default_factory=dict)  # an extra key: ignored there


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Facts, and a fence: its ack proves that all sent before it was handled (0.1)."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to Ping."""


class Level(Enum):
    """Level of a log line; the values are the wire's words."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class JobLog:
    """`task_log` (4.6): a piece of a job's output, maybe many lines joined by newlines.

    `offset` is where the piece starts in the job's log file: an extra key by which a
    receiver may drop repeats (docs/protocol.md, "Our additions"); None for a remark
    that is not in the log.
    """

    job_id: str
    level: Level
    text: str
    at: datetime
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class JobResult:
    """`task_result` (4.6)."""

    job_id: str
    status: str  # success | failed | error | timeout
    exit_code: int
    output: str
    error: str
    duration: float  # seconds
    at: datetime


@dataclass(frozen=True, slots=True)
class SuiteLog:
    """`test_suite_log` (4.2); `at` is the sending time, whatever the age of the lines (0.7).

    With an execution_id of over 36 characters the platform drops it, unharmed.
    """

    suite_id: str
    execution_id: str
    text: str
    at: datetime
    level: Level = Level.INFO


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """`test_suite_result` (4.3): one case's result.

    It is clipped on the wire, in bytes: of `log_output` the end stays, of the rest the start.
    """

    suite_id: str
    case_id: str
    result: str  # passed | failed | error | skipped; any other is sent as error
    executor_id: str
    duration: str = ""  # such as "0.12s"
    log_output: str = field(default="", repr=False)
    error_message: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SuiteCompleted:
    """`test_suite_completed` (4.4); the platform reads the ids and the status only."""

    suite_id: str
    execution_id: str
    status: str  # completed | failed | cancelled; any other is sent as failed
    message: str = ""
    reported_case_count: int | None = None
    total_case_count: int | None = None
    duration: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class WorkspaceAnswer:
    """`workspace_*_response` (4.5)."""

    verb: WorkspaceVerb
    request_id: str
    success: bool
    data: Any = None
    error: str = ""


Outgoing = (
    Heartbeat
    | Pong
    | JobLog
    | JobResult
    | SuiteLog
    | SuiteResult
    | SuiteCompleted
    | WorkspaceAnswer
)
