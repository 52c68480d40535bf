"""The journal's words: what a job, an owed item and a target are. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from app.state import JobState

TITLE = "title"  # of a job, in its details: first line of its command, without secrets


@dataclass(frozen=True, slots=True)
class Target:
    """Where things are owed; they are never sent anywhere else."""

    server: str  # address without the token
    environment_id: str


class JobKind(Enum):
    """What the platform ordered."""

    TASK = "task"
    SUITE = "suite"
    UNKNOWN = "unknown"  # a newer agent's, or damaged: delivered, but not ended by this agent


class OwedKind(Enum):
    """Small things that the platform must get."""

    JOB_RESULT = "job result"
    CASE_RESULT = "case result"  # may go while its job's log still grows
    SUITE_LOG = "suite log"
    SUITE_COMPLETED = "suite completed"


@dataclass(frozen=True, slots=True)
class OwedItem:
    """A small thing to send; `body` holds JSON values: the fields of its wire message.

    JOB_RESULT: those of `JobResult`, `at` in epoch seconds. CASE_RESULT: those of
    `SuiteResult`. SUITE_LOG: suite_id, execution_id, text, level, and maybe `at` (epoch
    seconds), the true time that is written before the text; it is the agent's own word, so
    the phrases that the platform looks for stay in it. SUITE_COMPLETED: those of
    `SuiteCompleted`.
    """

    kind: OwedKind
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An owed item in the journal; `seq` grows in the order of storing."""

    seq: int
    kind: OwedKind
    body: dict[str, Any] | None  # None: only in the journal, not in memory


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A case of a suite is reported as `result` by `item` (a CASE_RESULT)."""

    case_id: str
    result: str
    item: OwedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job as it is accepted; `name` is the wished name of its folder and log."""

    target: Target
    kind: JobKind
    job_id: str
    name: str
    state: JobState
    marker: str
    work_dir: Path
    accepted_at: float  # epoch seconds
    details: Mapping[str, Any] = field(default_factory=dict)  # a JSON object, no secrets in it
    group: str = ""  # jobs of one group (a suite's executions) share a folder


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as the journal remembers it; times in epoch seconds, offsets in log bytes."""

    key: int
    target: Target
    kind: JobKind
    job_id: str
    name: str  # unique among the jobs not removed, also where case is ignored
    state: JobState
    marker: str
    pid: int | None
    pid_started: float | None
    work_dir: Path
    log: Path
    log_end: int | None  # None: not finished
    confirmed: int  # the platform has handled the log up to here
    accepted_at: float
    finished_at: float | None
    delivered: bool  # log and items are confirmed or set aside
    details: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    spent: int = 0  # bytes of log that the platform may have got: never too few


@dataclass(frozen=True, slots=True)
class Finish:
    """How a job ended and what is owed for it; stored in one transaction."""

    state: JobState
    log_end: int | None  # final length of the log; None: as long as its file is by then
    items: Sequence[OwedItem]
    now: float  # epoch seconds
    reports: Sequence[CaseReport] = ()  # the last results of a suite, before the items


@dataclass(frozen=True, slots=True)
class Aside:
    """What will never be sent again: an item (`seq`), or the log range up to `end`."""

    key: int
    seq: int | None
    start: int
    end: int


def log_path(work_dir: Path, name: str) -> Path:
    """Return where the log of the job with this name is."""
    return work_dir / "logs" / "tasks" / f"{name}.log"
