"""Tests of app.jobs.order."""

from dataclasses import replace

from app.jobs.order import (
    execution_named,
    remembered_order,
    suite_order,
    task_named,
    task_order,
)
from app.journal.records import JobKind
from app.protocol.messages import BadJob, BadSuite, JobAssigned, SuiteAssigned
from tests.journal.kit import record_of

SUITE = SuiteAssigned(
    "s1", "p1", "e1", "pytest", ("c2", "c1"), ("000001", "000002"), "u1", git_token="secret!"
)


def test_a_suites_order_says_what_the_journal_keeps() -> None:
    """Everything that its completion and its results need; no command, no token."""
    order = suite_order(SUITE)
    assert (order.job_id, order.kind, order.group) == ("s1/e1", JobKind.SUITE, "s1")
    assert order.folder_name == "e1"
    assert order.details == {
        "suite_id": "s1",
        "execution_id": "e1",
        "executor_id": "u1",
        "case_ids": ["c2", "c1"],
        "case_codes": ["000001", "000002"],
    }
    assert "secret!" not in repr(order)


def test_a_tasks_order_has_its_own_timeout_and_no_group() -> None:
    """Tasks run side by side."""
    order = task_order(JobAssigned("t1", "true", timeout=5.0))
    assert (order.job_id, order.group, order.timeout) == ("t1", "", 5.0)
    assert order.folder_name == "t1"


def test_what_cannot_be_read_is_never_run() -> None:
    """Its order has no message to run."""
    assert task_order(BadJob("t1", "why")).assigned is None
    bad = suite_order(BadSuite("s1", "e1", "why"))
    assert (bad.assigned, bad.job_id) == (None, "s1/e1")
    assert task_named("t1").job_id == "t1"
    assert execution_named("s1", "e1") == bad


def test_the_journals_record_leads_back_to_the_order() -> None:
    """Also one of version 1, which kept nothing but the ids."""
    record = replace(record_of("s1/e1"), kind=JobKind.SUITE)
    assert remembered_order(record).details == {"suite_id": "s1", "execution_id": "e1"}
    kept = replace(record, details=suite_order(SUITE).details)
    assert remembered_order(kept).details == suite_order(SUITE).details
    assert remembered_order(record_of("t1")).kind is JobKind.TASK
