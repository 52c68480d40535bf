"""Tests of app.jobs.job."""

import asyncio
from dataclasses import replace

import pytest

from app.jobs.closing import task_items
from app.jobs.job import (
    FIRST_LINE,
    Job,
    Outcome,
    first_line,
    outcome_of,
    stopped_outcome,
)
from app.jobs.order import task_order
from app.journal.records import OwedKind
from app.protocol.messages import JobAssigned
from app.state import ENDED, JOB_MOVES, JobState
from tests.journal.kit import record_of


def job(state: JobState = JobState.PREPARING) -> Job:
    """A job that nobody runs."""
    record = replace(record_of("t1"), state=state, accepted_at=5.0)
    return Job(task_order(JobAssigned("t1", "true")), record, state)


def test_only_moves_of_the_table_are_legal() -> None:
    """Every move of the table is taken, every other one names both ends."""
    for before in JobState:
        for after in JobState:
            a_job = job(before)
            if after in JOB_MOVES[before]:
                a_job.move(after, 7.0)
                assert (a_job.state, a_job.view.since) == (after, 7.0)
            else:
                with pytest.raises(RuntimeError, match=f"{before.name} -> {after.name}"):
                    a_job.move(after, 7.0)


@pytest.mark.parametrize(
    ("outcome", "status", "exit_code", "error"),
    [
        (outcome_of(0, 1.0), "success", 0, ""),
        (outcome_of(3, 1.0), "failed", 3, "exit code 3"),
        (outcome_of(-11, 1.0), "failed", -11, "SIGSEGV"),
        (outcome_of(-60, 1.0), "failed", -60, "60"),
        (stopped_outcome(JobState.TIMED_OUT, -9, 1.0, "too long"), "timeout", -1, "too long"),
        (stopped_outcome(JobState.CANCELLED, -15, 1.0, "why"), "error", -15, "cancelled"),
        (stopped_outcome(JobState.CANCELLED, 0, 1.0, "why"), "error", -1, "cancelled"),
        (stopped_outcome(JobState.CANCELLED, None, 0.0, "why"), "error", -1, "cancelled"),
        (stopped_outcome(JobState.INTERRUPTED, -9, 1.0, "stopped"), "error", -9, "stopped"),
        (Outcome(JobState.ERROR, error="cannot start"), "error", -1, "cannot start"),
    ],
)
def test_an_end_on_the_wire(outcome: Outcome, status: str, exit_code: int, error: str) -> None:
    """Status, exit code and reason of each kind of end, as protocol.md says."""
    (item,) = task_items("t1", outcome, "out", 9.5)
    assert item.kind is OwedKind.JOB_RESULT
    assert item.body["status"] == status
    assert item.body["exit_code"] == exit_code
    assert error in item.body["error"]
    assert (item.body["output"], item.body["at"]) == ("out", 9.5)


def test_every_end_has_a_word_on_the_wire() -> None:
    """No end state is forgotten."""
    assert {Outcome(state).status for state in ENDED} == {"success", "failed", "timeout", "error"}


async def test_the_first_reason_counts_and_a_shorter_grace_hurries() -> None:
    """Asking again changes neither the reason nor a grace that is shorter already."""
    a_job = job()
    a_job.stop(JobState.CANCELLED, 10.0)
    a_job.stop(JobState.INTERRUPTED, 30.0)
    assert (a_job.stop_wanted, a_job.grace, a_job.quitting) == (JobState.CANCELLED, 10.0, True)
    a_job.stop(JobState.INTERRUPTED, 0.0)
    assert (a_job.stop_wanted, a_job.grace) == (JobState.CANCELLED, 0.0)


async def waits_forever(a_job: Job) -> None:
    """Wait in a way that only a stop of the job ends."""
    async with asyncio.timeout(None) as limit:
        with a_job.interruptible(limit):
            await asyncio.Event().wait()


async def test_a_stop_ends_a_wait_at_once() -> None:
    """A wait that is interruptible ends when the job is asked to stop, also asked twice."""
    a_job = job()
    loop = asyncio.get_running_loop()
    loop.call_soon(a_job.stop, JobState.CANCELLED, 10.0)
    loop.call_soon(a_job.stop, JobState.INTERRUPTED, 0.0)
    with pytest.raises(TimeoutError):
        await waits_forever(a_job)


def test_what_a_log_line_shows_of_a_command() -> None:
    """The first line, marked where something is left out."""
    assert first_line("\necho 1\necho 2\n") == "echo 1…"
    assert first_line("x" * 999) == "x" * FIRST_LINE + "…"


async def test_a_stop_while_the_limit_expires_is_no_bug() -> None:
    """What is waited for may take a while to end: a cancel meanwhile changes nothing."""
    a_job = job()

    async def waits() -> None:
        async with asyncio.timeout(0.01) as limit:
            with a_job.interruptible(limit):
                try:
                    await asyncio.sleep(10)
                finally:
                    a_job.stop(JobState.CANCELLED, 1.0)

    with pytest.raises(TimeoutError):
        await waits()
    assert a_job.stop_wanted is JobState.CANCELLED
