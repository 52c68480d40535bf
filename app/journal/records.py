"""The journal's words: what a job, an owed item and a target are. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from app.state import JobState


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
    SUITE_LOG = "suite log"
    SUITE_COMPLETED = "suite completed"


@dataclass(frozen=True, slots=True)
class OwedItem:
    """A small thing to send; `body` holds JSON values: the fields of its wire message.

    JOB_RESULT: those of `JobResult`, `at` in epoch seconds. SUITE_LOG: suite_id,
    execution_id, text, level. SUITE_COMPLETED: those of `SuiteCompleted`.
    """

    kind: OwedKind
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An owed item in the journal; `seq` grows in the order of storing."""

    seq: int
    kind: OwedKind
    body: dict[str, Any] | None  # None: only in the journal, not in memory


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


@dataclass(frozen=True, slots=True)
class Finish:
    """How a job ended and what is owed for it; stored in one transaction."""

    state: JobState
    log_end: int | None  # final length of the log; None: as long as its file is by then
    items: Sequence[OwedItem]
    now: float  # epoch seconds


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
