"""The last jobs that have ended, as the faces hear of them."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.jobs.ended import KEPT, EndedJobs
from app.jobs.job import Job
from app.jobs.order import task_order
from app.journal.records import JobRecord
from app.protocol.messages import JobAssigned
from app.state import EndedJob, JobState
from tests.jobs.conftest import open_room
from tests.jobs.suites import python
from tests.journal.kit import NOON, record_of


def job(number: int, state: JobState) -> Job:
    record: JobRecord = replace(record_of(f"t{number}", key=number), details={"title": "make"})
    made = Job(task_order(JobAssigned(record.job_id, "make")), record, JobState.RUNNING)
    if state is not JobState.RUNNING:
        made.move(state, NOON + number)
    return made


def test_what_is_told_of_a_job() -> None:
    """Its end, its time and its title."""
    past = EndedJobs()
    past.add(job(3, JobState.FAILED))
    told = EndedJob(
        key=3, job_id="t3", kind="task", title="make", state=JobState.FAILED, at=NOON + 3
    )
    assert past.jobs == (told,)


def test_only_the_last_ones_are_kept() -> None:
    """The oldest first; a job that a bug has left without an end is none of them."""
    past = EndedJobs()
    for number in range(KEPT + 5):
        past.add(job(number, JobState.SUCCEEDED))
    past.add(job(99, JobState.RUNNING))
    assert [one.key for one in past.jobs] == list(range(5, KEPT + 5))


@pytest.mark.integration
async def test_jobs_that_ended(tmp_path: Path) -> None:
    """Tasks and suites, with the number of their failures; the journal keeps their titles."""
    code = 'write(item("100001", "failed"), item("100002", "passed")); sys.exit(1)'
    async with open_room(tmp_path) as room:
        await room.python("t1", "pass")
        await room.suite("e1", python(tmp_path, code))
        await room.suite("e2", "true")
        await room.cancel_suite("s1", "e2")
        await room.idle()
        told = {one.job_id: one for one in room.dispatcher.ended()}
        found = {name: (one.kind, one.state, one.failed) for name, one in told.items()}
        assert found == {
            "t1": ("task", JobState.SUCCEEDED, 0),
            "s1/e1": ("suite", JobState.FAILED, 1),
            "s1/e2": ("suite", JobState.CANCELLED, 0),
        }
        assert told["t1"].title == f"{sys.executable} -c pass"
        for one in told.values():
            record = await room.deps.store.record(one.key)
            assert record is not None
            assert (record.job_id, record.details["title"]) == (one.job_id, one.title)


@pytest.mark.integration
async def test_a_job_that_never_ran_has_ended_too(tmp_path: Path) -> None:
    """Its cases could not run: each counts as one of the failures."""
    async with open_room(tmp_path) as room:
        room.dispatcher.pause()
        await room.suite("e1", "pytest -q")
        await room.dispatcher.close_queue()
        await room.idle()
        [ended] = room.dispatcher.ended()
        assert (ended.state, ended.failed, ended.title) == (JobState.INTERRUPTED, 2, "pytest -q")
