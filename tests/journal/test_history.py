"""Tests of the journal's look back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.journal import history
from app.journal.history import Wanted
from app.journal.records import CaseReport, Finish, JobKind, JobRecord, OwedItem, OwedKind
from app.journal.store import Store
from app.state import JobState
from tests.journal.kit import NOON, new_job


async def accepted(store: Store, work_dir: Path, job_id: str, **more: Any) -> JobRecord:
    """A job in the journal; `title` is one of its details."""
    title = more.pop("title", "")
    details = {"title": title, "suite_id": "s"} if title else {}
    record = await store.accept(replace(new_job(work_dir, job_id), details=details, **more))
    assert record is not None
    return record


async def found(store: Store, limit: int = 100, **wanted: str) -> list[str]:
    page = await store.history(Wanted(**wanted), limit=limit)
    return [job.job_id for job in page.jobs]


async def test_the_newest_come_first_in_pages(store: Store, tmp_path: Path) -> None:
    """Each page says where the next one begins; the last one says that it is the last."""
    for number in range(5):
        await accepted(store, tmp_path, f"t{number}")
    first = await store.history(Wanted(), limit=2)
    assert [job.job_id for job in first.jobs] == ["t4", "t3"]
    second = await store.history(Wanted(), first.before, 2)
    assert [job.job_id for job in second.jobs] == ["t2", "t1"]
    last = await store.history(Wanted(), second.before, 2)
    assert ([job.job_id for job in last.jobs], last.before) == (["t0"], None)


async def test_an_empty_history(store: Store) -> None:
    """A new computer has none."""
    page = await store.history(Wanted())
    assert (page.jobs, page.before) == ((), None)


async def test_filters(store: Store, tmp_path: Path) -> None:
    """Kind, state and text narrow it down; letters count alike, large or small, in any language."""
    task = await accepted(store, tmp_path, "task-1", title='make "Ünit" 测试')
    await accepted(store, tmp_path, "s/e1", kind=JobKind.SUITE, title="pytest -q")
    await store.finish(task.key, Finish(JobState.FAILED, 7, [], NOON))
    assert await found(store, kind="task") == ["task-1"]
    assert await found(store, kind="suite") == ["s/e1"]
    assert await found(store, state="failed") == ["task-1"]
    assert await found(store, kind="suite", state="failed") == []
    assert await found(store, text='"ünIT" 测') == ["task-1"]
    assert await found(store, text="S/E") == ["s/e1"]
    assert await found(store, text="%") == []


async def test_all_is_looked_through_for_a_rare_one(store: Store, tmp_path: Path) -> None:
    """More jobs than one look takes lie between it and now; a page goes over several looks."""
    await accepted(store, tmp_path, "needle")
    for number in range(history.SCAN):
        await accepted(store, tmp_path, f"t{number}")
    assert await found(store, text="needle") == ["needle"]
    assert len(await found(store, limit=history.SCAN + 1)) == history.SCAN + 1


async def test_what_a_job_says_of_itself(store: Store, tmp_path: Path) -> None:
    """Title, times, size of the log, and whether it is delivered and removed."""
    record = await accepted(store, tmp_path, "t1", title="make all")
    [open_one] = (await store.history(Wanted())).jobs
    assert (open_one.title, open_one.state, open_one.kind) == ("make all", "queued", "task")
    assert (open_one.log_size, open_one.finished_at, open_one.delivered) == (None, None, False)
    await store.finish(record.key, Finish(JobState.SUCCEEDED, 12, [], NOON + 3))
    store.confirm(record.key, 12, ())
    [ended] = (await store.history(Wanted())).jobs
    assert (ended.log_size, ended.finished_at) == (12, NOON + 3)
    assert (ended.delivered, ended.removed, ended.accepted_at) == (True, False, NOON)
    await store.removed([record.key])
    [gone] = (await store.history(Wanted())).jobs
    assert (gone.log_size, gone.removed, gone.title) == (None, True, "make all")


async def _set(store: Store, sql: str, values: tuple[object, ...]) -> None:
    await store._worker.transact(store._sql.execute, sql, values)


@pytest.mark.parametrize("details", ['{"title": ', '{"title": 5}', '{"x": 1}', "[", ""])
async def test_details_that_cannot_be_read(store: Store, tmp_path: Path, details: str) -> None:
    """A job whose details are damaged has no title and is still listed."""
    record = await accepted(store, tmp_path, "t1", title="make")
    await _set(store, "UPDATE jobs SET details = ? WHERE key = ?", (details, record.key))
    [job] = (await store.history(Wanted())).jobs
    assert (job.job_id, job.title) == ("t1", "")


async def test_words_of_a_newer_agent(store: Store, tmp_path: Path) -> None:
    """They are shown as words that the page knows."""
    record = await accepted(store, tmp_path, "t1")
    await _set(store, "UPDATE jobs SET kind = 'x', state = 'y' WHERE key = ?", (record.key,))
    [job] = (await store.history(Wanted())).jobs
    assert (job.kind, job.state) == ("task", "interrupted")


async def test_a_job_by_its_key(store: Store, tmp_path: Path) -> None:
    """The whole record, with its log; None when there is no such job."""
    record = await accepted(store, tmp_path, "t1", title="make")
    again = await store.record(record.key)
    assert again is not None
    assert (again.job_id, again.log, again.details["title"]) == ("t1", record.log, "make")
    assert await store.record(record.key + 1) is None


async def test_cases_are_counted(store: Store, tmp_path: Path) -> None:
    """Per job and result, the last word for each case; jobs without cases are left out."""
    suite = await accepted(store, tmp_path, "s/e1", kind=JobKind.SUITE)
    other = await accepted(store, tmp_path, "t1")
    said = [("a", "skipped"), ("b", "passed"), ("c", "failed"), ("a", "passed")]
    item = OwedItem(OwedKind.CASE_RESULT, {})
    await store.report(suite.key, [CaseReport(case, result, item) for case, result in said])
    assert await store.case_counts([suite.key, other.key]) == {
        suite.key: {"passed": 2, "failed": 1}
    }
    assert await store.case_counts([]) == {}
    assert await store.case_counts(range(10_000)) != {}
