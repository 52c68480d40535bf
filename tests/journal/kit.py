"""Words that the journal's tests share."""

import dataclasses
import json
from enum import Enum
from pathlib import Path

from app.journal.records import Finish, JobKind, JobRecord, NewJob, OwedItem, OwedKind, Target
from app.protocol.messages import JobLog, JobResult, Outgoing
from app.state import JobState

HERE = Target("ws://one/ws/agent", "env-1")
ELSEWHERE = Target("ws://two/ws/agent", "env-1")
NOON = 1_790_000_000.0  # epoch seconds of a day in 2026


def new_job(work_dir: Path, job_id: str, name: str = "", target: Target = HERE) -> NewJob:
    """Return a job to accept."""
    return NewJob(
        target=target,
        kind=JobKind.TASK,
        job_id=job_id,
        name=name or job_id,
        state=JobState.QUEUED,
        marker=f"marker-of-{job_id}",
        work_dir=work_dir,
        accepted_at=NOON,
    )


def record_of(job_id: str, *, key: int = 1, target: Target = HERE) -> JobRecord:
    """Return a running job as the journal remembers it; `dataclasses.replace` for the rest."""
    return JobRecord(
        key=key,
        target=target,
        kind=JobKind.TASK,
        job_id=job_id,
        name=job_id,
        state=JobState.RUNNING,
        marker="m",
        pid=None,
        pid_started=None,
        work_dir=Path("w"),
        log=Path("w/job.log"),
        log_end=None,
        confirmed=0,
        accepted_at=NOON,
        finished_at=None,
        delivered=False,
    )


def result(job_id: str, output: str = "") -> OwedItem:
    """Return a task's result."""
    body = {"job_id": job_id, "status": "success", "exit_code": 0, "output": output}
    return OwedItem(OwedKind.JOB_RESULT, body | {"error": "", "duration": 0.5, "at": NOON})


def end_of(job_id: str, log_end: int = 0, now: float = NOON) -> Finish:
    """Return a good end with one result."""
    return Finish(JobState.SUCCEEDED, log_end, [result(job_id)], now)


def encode(message: Outgoing) -> str:
    """Stand in for the codec: the message's fields as JSON, its class as `type`."""
    fields = {
        field.name: _plain(getattr(message, field.name)) for field in dataclasses.fields(message)
    }
    return json.dumps({"type": type(message).__name__, **fields}, ensure_ascii=False)


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value if _is_json(value) else str(value)


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


LOG, RESULT = JobLog.__name__, JobResult.__name__


def suite_record(suite_id: str = "suite", execution: str = "run-1", key: int = 1) -> JobRecord:
    """Return a running execution as the journal remembers it."""
    details = {"suite_id": suite_id, "execution_id": execution}
    record = record_of(f"{suite_id}/{execution}", key=key)
    return dataclasses.replace(record, kind=JobKind.SUITE, details=details, group=suite_id)
