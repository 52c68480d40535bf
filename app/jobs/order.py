"""What the platform ordered, as dispatcher, runner and recovery see it; pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.journal.records import JobKind, JobRecord
from app.protocol.messages import BadJob, BadSuite, JobAssigned, SuiteAssigned


@dataclass(frozen=True, slots=True, kw_only=True)
class AtDesk:
    """What is different about a run that a person started without a platform."""

    folder: Path  # where it runs without git, as it is
    patterns: tuple[str, ...] = ()  # of result files; they win over those of .ats.yml
    every_test: str = ""  # not empty: each test found is a case; of none, the command, so named


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A task or one execution of a suite.

    `assigned` is the wire's message; None for one that could not be read, or is remembered
    only by the journal: it is answered, never run.
    """

    job_id: str
    kind: JobKind
    assigned: JobAssigned | SuiteAssigned | None = field(default=None, repr=False)
    group: str = ""  # orders of one group share a folder: never two of them run at once
    details: Mapping[str, Any] = field(default_factory=dict)  # what the journal keeps; no secrets
    at_desk: AtDesk | None = None

    @property
    def timeout(self) -> float | None:
        """Seconds; None: the configured default."""
        return self.assigned.timeout if isinstance(self.assigned, JobAssigned) else None

    @property
    def folder_name(self) -> str:
        """What folder and log are named after; may be hostile."""
        return str(self.details.get("execution_id", self.job_id))


def task_order(task: JobAssigned | BadJob) -> Order:
    """Return the order of a task."""
    assigned = task if isinstance(task, JobAssigned) else None
    return Order(job_id=task.job_id, kind=JobKind.TASK, assigned=assigned)


def suite_order(suite: SuiteAssigned | BadSuite, at_desk: AtDesk | None = None) -> Order:
    """Return the order of one execution of a suite."""
    details: dict[str, Any] = {"suite_id": suite.suite_id, "execution_id": suite.execution_id}
    if isinstance(suite, BadSuite):
        return _suite(details, None)
    details |= {
        "executor_id": suite.executor_id,
        "case_ids": list(suite.case_ids),
        "case_codes": None if suite.case_codes is None else list(suite.case_codes),
    }
    return _suite(details, suite, at_desk)


def task_named(job_id: str) -> Order:
    """Return the order that stands for a task of which only the id is known."""
    return Order(job_id=job_id, kind=JobKind.TASK)


def execution_named(suite_id: str, execution_id: str) -> Order:
    """Return the order that stands for an execution of which only the ids are known."""
    return _suite({"suite_id": suite_id, "execution_id": execution_id}, None)


def _job_id(suite_id: str, execution_id: str) -> str:
    """Return the job id of an execution: what the journal knows it by, one for each."""
    return f"{suite_id.replace('%', '%25').replace('/', '%2F')}/{execution_id}"


def remembered_order(record: JobRecord) -> Order:
    """Return what the journal still knows of an order; it cannot be run any more."""
    if record.kind is not JobKind.SUITE:
        return Order(job_id=record.job_id, kind=record.kind)
    suite_id, _slash, execution_id = record.job_id.partition("/")
    ids = {"suite_id": suite_id, "execution_id": execution_id}  # all that version 1 kept
    return _suite(ids | dict(record.details), None)


def _suite(
    details: Mapping[str, Any], assigned: SuiteAssigned | None, at_desk: AtDesk | None = None
) -> Order:
    suite_id = str(details["suite_id"])
    return Order(
        job_id=_job_id(suite_id, str(details["execution_id"])),
        kind=JobKind.SUITE,
        assigned=assigned,
        group=suite_id,
        details=details,
        at_desk=at_desk,
    )
