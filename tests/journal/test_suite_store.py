"""Tests of what the journal knows of suites, and of the step from version 1 to it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import FatalError
from app.journal.records import CaseReport, Finish, JobKind, JobRecord, OwedItem, OwedKind
from app.journal.schema import TABLES, VERSION
from app.journal.store import Store
from app.state import JobState
from tests.journal.kit import ELSEWHERE, NOON, end_of, new_job
from tests.journal.test_store import opened

# The tables of version 1, word for word.
V1 = """
CREATE TABLE jobs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    server TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    job_id TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    state TEXT NOT NULL,
    marker TEXT NOT NULL,
    pid INTEGER,
    pid_started REAL,
    work_dir TEXT NOT NULL,
    log_end INTEGER,
    confirmed INTEGER NOT NULL DEFAULT 0,
    accepted_at REAL NOT NULL,
    finished_at REAL,
    delivered INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (server, environment, job_id)
);
CREATE UNIQUE INDEX names ON jobs (name) WHERE removed = 0;
CREATE INDEX undelivered ON jobs (key) WHERE delivered = 0;
CREATE INDEX kept ON jobs (finished_at) WHERE removed = 0;
CREATE INDEX forgettable ON jobs (key) WHERE removed = 1;
CREATE TABLE items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX items_of ON items (job, seq);
CREATE TABLE aside (
    job INTEGER NOT NULL,
    kind TEXT,
    body TEXT,
    log_start INTEGER NOT NULL,
    log_end INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO jobs VALUES (7, 'ws://one/ws/agent', 'env-1', 'task', 'old', 'old', 'running', 'm',
    4711, 1.5, '/w', NULL, 12, 1790000000.0, NULL, 0, 0);
INSERT INTO jobs VALUES (8, 'ws://one/ws/agent', 'env-1', 'suite', 's/e', 'e', 'error', '',
    NULL, NULL, '/w', 0, 0, 1790000000.0, 1790000001.0, 0, 0);
INSERT INTO items VALUES (3, 8, 'suite completed', '{"suite_id": "s"}');
INSERT INTO meta VALUES ('wanted', 'yes');
PRAGMA user_version = 1;
"""


def report(case_id: str, result: str) -> CaseReport:
    body = {"case_id": case_id, "result": result}
    return CaseReport(case_id, result, OwedItem(OwedKind.CASE_RESULT, body))


async def suite(store: Store, work_dir: Path, job_id: str, group: str) -> JobRecord:
    new = replace(new_job(work_dir, job_id), kind=JobKind.SUITE, group=group)
    record = await store.accept(replace(new, details={"suite_id": group, "codes": ["é", None]}))
    assert record is not None
    return record


async def test_a_journal_of_version_1_is_taken_over(tmp_path: Path) -> None:
    """Everything in it stays; suites work in it from then on, also after the next start."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(V1)
    for _start in range(2):
        async with opened(path) as store:
            assert store.moved_aside is None
            [(old, none), (refused, [item])] = await store.undelivered()
            assert (old.key, old.pid, old.confirmed, none) == (7, 4711, 12, [])
            assert (old.details, old.group, old.spent) == ({}, "", 0)
            assert (refused.kind, item.seq) == (JobKind.SUITE, 3)
            assert await store.get("wanted") == "yes"
    async with opened(path) as store:
        record = await suite(store, tmp_path, "new", "g")
        await store.spend(record.key, 5)
        await store.report(record.key, [report("c", "passed")])
        assert await store.reported(record.key) == {"c": "passed"}
    with closing(sqlite3.connect(path)) as sql:
        assert sql.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert _shape(sql) == _shape_of_new(tmp_path)


def _shape(sql: sqlite3.Connection) -> list[object]:
    columns = sql.execute("PRAGMA table_info(jobs)").fetchall()
    names = sql.execute("SELECT name FROM sqlite_master WHERE sql NOT NULL ORDER BY name")
    return [[column[1:5] for column in columns], names.fetchall()]


def _shape_of_new(folder: Path) -> list[object]:
    with closing(sqlite3.connect(folder / "new.db")) as sql:
        sql.executescript(TABLES)
        return _shape(sql)


async def test_a_journal_of_version_3_is_left_alone(tmp_path: Path) -> None:
    """What this agent does not know it does not touch."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.executescript(V1 + "PRAGMA user_version = 3;")
    with pytest.raises(FatalError, match="newer"):
        async with opened(path):
            pass


async def test_details_and_group_are_remembered(store: Store, tmp_path: Path) -> None:
    """What the next agent needs to end an execution is in its record."""
    record = await suite(store, tmp_path, "s/e", "s")
    await store.spend(record.key, 100)
    await store.spend(record.key, 1)
    [again] = await store.unfinished()
    assert again == replace(record, spent=101)
    assert again.details == {"suite_id": "s", "codes": ["é", None]}
    assert again.group == "s"


async def test_damaged_details_stop_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The job is there to be ended; its ids are in its job_id."""
    async with opened(tmp_path / "j.db") as store:
        await suite(store, tmp_path, "s/e", "s")
    with closing(sqlite3.connect(tmp_path / "j.db")) as sql, sql:
        sql.execute("UPDATE jobs SET details = '[1'")
    async with opened(tmp_path / "j.db") as store:
        [again] = await store.unfinished()
    assert again.details == {}
    assert "details cannot be read" in caplog.text


async def test_reports_are_owed_and_remembered(store: Store, tmp_path: Path) -> None:
    """One transaction: the item to send, and which case was reported as what."""
    record = await suite(store, tmp_path, "s/e", "s")
    first = await store.report(record.key, [report("a", "passed"), report("b", "skipped")])
    second = await store.report(record.key, [report("a", "failed")])
    assert await store.reported(record.key) == {"a": "failed", "b": "skipped"}
    [(_job, owed)] = await store.undelivered()
    assert [item.seq for item in owed] == [item.seq for item in first + second]
    assert await store.item(second[0].seq) == second[0]


async def test_the_last_reports_come_before_the_end(store: Store, tmp_path: Path) -> None:
    """Results, then the other items; after the end nothing is reported any more."""
    record = await suite(store, tmp_path, "s/e", "s")
    end = replace(end_of("s/e"), reports=[report("a", "passed"), report("b", "error")])
    stored = await store.finish(record.key, end)
    kinds = [item.kind for item in stored]
    assert kinds == [OwedKind.CASE_RESULT, OwedKind.CASE_RESULT, OwedKind.JOB_RESULT]
    assert await store.report(record.key, [report("c", "passed")]) == []
    assert await store.reported(record.key) == {"a": "passed", "b": "error"}


async def test_cases_are_forgotten_with_their_job(store: Store, tmp_path: Path) -> None:
    """A removed job leaves its id behind and nothing else."""
    records = [await suite(store, tmp_path, f"s/{n}", "s") for n in range(2)]
    for record in records:
        end = Finish(JobState.FAILED, 0, [], NOON, [report("a", "passed")])
        await store.finish(record.key, end)
    await store.removed([records[0].key])
    assert await store.reported(records[0].key) == {}
    assert await store.reported(records[1].key) == {"a": "passed"}


def done() -> None:
    """What is done with a folder that nobody has."""


async def test_a_group_is_kept_while_another_job_of_it_is(store: Store, tmp_path: Path) -> None:
    """The suite's folder goes with its last execution; other folders and jobs do not count."""
    first = await suite(store, tmp_path, "s/1", "s")
    assert await store.when_group_free(first, done)
    await suite(store, tmp_path, "t/1", "t")
    await suite(store, tmp_path / "elsewhere", "s/2", "s")
    assert await store.when_group_free(first, done)
    other = await store.accept(
        replace(new_job(tmp_path, "s/3", target=ELSEWHERE), kind=JobKind.SUITE, group="s")
    )
    assert other is not None
    assert not await store.when_group_free(first, done)
    await store.removed([other.key])
    assert await store.when_group_free(first, done)


async def test_tasks_share_nothing(store: Store, tmp_path: Path) -> None:
    """No group is not a group."""
    first = await store.accept(new_job(tmp_path, "a"))
    await store.accept(new_job(tmp_path, "b"))
    assert first is not None
    assert await store.when_group_free(first, done)
