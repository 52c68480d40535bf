"""Tests of the journal's database."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from app.errors import FatalError, JournalError
from app.journal import queries
from app.journal.joblog import JobLog
from app.journal.records import Aside, Finish, JobKind, JobRecord
from app.journal.schema import VERSION
from app.journal.store import Store
from app.journal.worker import Worker
from app.state import JobState
from tests.journal.kit import ELSEWHERE, HERE, NOON, end_of, new_job, result

DAY = 86400


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    """A journal with its own thread, as a newly started agent has it."""
    worker = Worker()
    worker.start()
    try:
        store = await Store.open(path, worker)
        yield store
        await store.close()
    finally:
        await worker.stop()


async def accepted(store: Store, work_dir: Path, job_id: str, name: str = "") -> JobRecord:
    record = await store.accept(new_job(work_dir, job_id, name))
    assert record is not None
    return record


async def delivered(store: Store, work_dir: Path, job_id: str, ended: float) -> JobRecord:
    record = await accepted(store, work_dir, job_id)
    await store.finish(record.key, Finish(JobState.SUCCEEDED, 0, [], ended))
    return record


async def test_a_job_is_remembered_across_a_restart(tmp_path: Path) -> None:
    """Everything that was accepted is known to the next agent, word for word."""
    async with opened(tmp_path / "j.db") as store:
        record = await accepted(store, tmp_path, "job-1")
        await store.starting(record.key)
        store.started(record.key, 4711, NOON + 1)
    async with opened(tmp_path / "j.db") as store:
        [again] = await store.unfinished()
    assert (again.state, again.pid, again.pid_started) == (JobState.RUNNING, 4711, NOON + 1)
    assert (again.target, again.job_id, again.marker) == (HERE, "job-1", "marker-of-job-1")
    assert (again.work_dir, again.log) == (tmp_path, tmp_path / "logs" / "tasks" / "job-1.log")


async def test_an_id_is_accepted_once_per_target(store: Store, tmp_path: Path) -> None:
    """A repeated id never runs twice, even after its job was removed; elsewhere it is new."""
    record = await delivered(store, tmp_path, "job-1", NOON)
    await store.removed([record.key])
    assert await store.accept(new_job(tmp_path, "job-1")) is None
    assert await store.accept(new_job(tmp_path, "job-1", target=ELSEWHERE)) is not None
    assert await store.find(HERE, "job-1") is not None
    assert await store.find(HERE, "job-2") is None


async def test_names_are_unique_where_case_is_ignored(store: Store, tmp_path: Path) -> None:
    """Two ids never share a folder or a log, also not one of an earlier journal."""
    first = await accepted(store, tmp_path, "Build")
    second = await accepted(store, tmp_path, "build")
    assert (first.name, second.name) == ("Build", f"build~{second.key}")
    for taken in ("old", f"old~{second.key + 1}"):
        log = tmp_path / "logs" / "tasks" / f"{taken}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("from an earlier journal")
    third = await accepted(store, tmp_path, "old")
    assert third.name == f"old~{third.key}~2"


async def test_a_removed_name_is_free_again(store: Store, tmp_path: Path) -> None:
    """Retention gives the plain name back."""
    first = await delivered(store, tmp_path, "a", NOON)
    await store.removed([first.key])
    assert (await accepted(store, tmp_path, "A", "a")).name == "a"


async def test_only_the_first_end_counts(store: Store, tmp_path: Path) -> None:
    """A job has one result, however often its end is reported."""
    record = await accepted(store, tmp_path, "job-1")
    first = await store.finish(record.key, end_of("job-1", 100))
    again = await store.finish(record.key, Finish(JobState.FAILED, 5, [result("x")], NOON))
    assert first == again
    found = await store.find(HERE, "job-1")
    assert found is not None
    assert (found.state, found.log_end) == (JobState.SUCCEEDED, 100)


async def test_a_job_is_delivered_when_log_and_items_are(store: Store, tmp_path: Path) -> None:
    """Confirmations arrive in parts; a smaller offset never takes one back."""
    record = await accepted(store, tmp_path, "job-1")
    [item] = await store.finish(record.key, end_of("job-1", 100))
    for offset, known in ((60, 60), (100, 100), (40, 100)):
        store.confirm(record.key, offset, ())
        [(owing, items)] = await store.undelivered()
        assert ([one.seq for one in items], owing.confirmed) == ([item.seq], known)
    assert await store.item(item.seq) == item
    store.confirm(record.key, 100, [item.seq])
    assert await store.undelivered() == []
    assert await store.item(item.seq) is None


async def test_what_is_set_aside_is_kept_but_not_owed(store: Store, tmp_path: Path) -> None:
    """An undeliverable result does not keep its job for ever; a person can still find it."""
    record = await accepted(store, tmp_path, "job-1")
    [item] = await store.finish(record.key, end_of("job-1", 100))
    store.set_aside(Aside(record.key, None, 0, 100), NOON)
    store.set_aside(Aside(record.key, item.seq, 0, 0), NOON)
    assert await store.undelivered() == []
    await store.put("all before it", "is committed")
    with closing(sqlite3.connect(tmp_path / "journal.db")) as sql:
        rows = sql.execute("SELECT job, log_end, body IS NOT NULL FROM aside").fetchall()
    assert rows == [(record.key, 100, 0), (record.key, 0, 1)]


@pytest.mark.parametrize(
    ("keep_tasks", "keep_days", "gone"),
    [
        (0, 0, []),
        (1, 0, ["old", "mid"]),
        (0, 2.5, ["old"]),
        (1, 2, ["old", "mid"]),
        (3, 1, []),
        (2, 0.5, ["old"]),
    ],
)
async def test_retention_rules(
    store: Store, tmp_path: Path, keep_tasks: int, keep_days: float, gone: list[str]
) -> None:
    """What is among the newest or young stays; 0 switches a rule off; unsent jobs stay."""
    for number, job_id in enumerate(["old", "mid", "new"]):
        await delivered(store, tmp_path, job_id, NOON - (3 - number) * DAY)
    await accepted(store, tmp_path, "running")
    records = await store.removable(keep_tasks, keep_days, NOON)
    assert [record.job_id for record in records] == gone


async def test_an_undelivered_job_is_never_removable(store: Store, tmp_path: Path) -> None:
    """What the platform has not got is not deleted, however old."""
    record = await accepted(store, tmp_path, "job-1")
    await store.finish(record.key, end_of("job-1", 0, now=NOON - 99 * DAY))
    assert await store.removable(0, 1, NOON) == []


async def test_the_oldest_removed_ids_are_forgotten(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of ids is bounded; jobs that are still here are never forgotten."""
    monkeypatch.setattr(queries, "REMEMBERED", 2)
    records = [await delivered(store, tmp_path, f"job-{n}", NOON) for n in range(4)]
    await store.removed([records[1].key, records[2].key])
    known = [await store.find(HERE, f"job-{n}") is not None for n in range(4)]
    assert known == [True, False, False, True]


async def test_values_are_remembered(tmp_path: Path) -> None:
    """Small settings survive a restart."""
    async with opened(tmp_path / "j.db") as store:
        assert await store.get("wanted") is None
        await store.put("wanted", "yes")
        await store.put("wanted", "no")
    async with opened(tmp_path / "j.db") as store:
        assert await store.get("wanted") == "no"


@pytest.mark.skipif(sys.platform == "win32", reason="other system: Windows has no file modes")
async def test_the_file_is_for_its_user_only(store: Store, tmp_path: Path) -> None:
    """Results may hold secrets."""
    await store.put("a", "b")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("journal.db*")}
    assert modes == {0o600}


async def test_a_full_sync_precedes_the_answer(store: Store, tmp_path: Path) -> None:
    """An end waits for its log's bytes: both are on disk when it returns."""
    del store
    async with opened(tmp_path / "j.db") as other:
        record = await accepted(other, tmp_path, "job-1")
        worker = other._worker
        log = await worker.submit(JobLog.create_here, worker, record.log)
        await log.append(b"line\n")
        dirty = list(worker._dirty)
        await other.finish(record.key, end_of("job-1", 5))
        assert (dirty, list(worker._dirty)) == ([log], [])
        await log.close()


@pytest.mark.parametrize("damage", ["garbage", "middle"])
async def test_a_damaged_file_is_moved_aside(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The agent works on with a new journal, loudly, and deletes nothing."""
    path = tmp_path / "journal.db"
    (tmp_path / "journal.db.corrupt-1").write_text("an older one")
    async with opened(path) as store:
        for number in range(50):
            await accepted(store, tmp_path, f"job-{number}")
    data = bytearray(path.read_bytes())
    broken = slice(0, 4096) if damage == "garbage" else slice(4096 * 2, len(data))
    data[broken] = b"\x55" * len(data[broken])
    path.write_bytes(data)
    async with opened(path) as store:
        assert store.moved_aside == tmp_path / "journal.db.corrupt-2"
        assert store.moved_aside.read_bytes() == data
        assert await store.unfinished() == []
    assert "damaged" in caplog.text


async def test_a_newer_journal_is_left_alone(tmp_path: Path) -> None:
    """An older agent does not touch what it does not understand."""
    path = tmp_path / "journal.db"
    with closing(sqlite3.connect(path)) as sql:
        sql.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(FatalError, match="newer"):
        async with opened(path):
            pass


async def test_a_place_that_cannot_be_used_is_fatal(tmp_path: Path) -> None:
    """No journal, no agent: the user is told."""
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(FatalError, match="home"):
        async with opened(tmp_path / "home" / "journal.db"):
            pass


def change(path: Path, sql: str) -> None:
    """Do to the journal what another version, or damage, may have done."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)


async def test_a_job_in_an_unknown_state_counts_as_interrupted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer agent's state stops no start: the job is there to be ended, and is named."""
    async with opened(tmp_path / "j.db") as store:
        await accepted(store, tmp_path, "job-1")
    change(tmp_path / "j.db", "UPDATE jobs SET state = 'dreaming'")
    async with opened(tmp_path / "j.db") as store:
        [job] = await store.unfinished()
        assert job.state is JobState.INTERRUPTED
        assert len(await store.finish(job.key, end_of("job-1"))) == 1
    assert "job-1 in the journal: JobState 'dreaming'" in caplog.text


async def test_a_job_of_an_unknown_kind_still_delivers(tmp_path: Path) -> None:
    """What it owes goes, its id runs no second time; ending it is left to who knows it."""
    async with opened(tmp_path / "j.db") as store:
        first = await accepted(store, tmp_path, "job-1")
        await store.finish(first.key, end_of("job-1"))
        await accepted(store, tmp_path, "job-2")
    change(tmp_path / "j.db", "UPDATE jobs SET kind = 'poem'")
    async with opened(tmp_path / "j.db") as store:
        assert [job.kind for job in await store.unfinished()] == [JobKind.UNKNOWN]
        [(job, items), _second] = await store.undelivered()
        assert (job.job_id, len(items)) == ("job-1", 1)
        assert await store.accept(new_job(tmp_path, "job-2")) is None


async def test_an_item_of_an_unknown_kind_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is neither sent nor lost: an agent that knows it finds it in the journal."""
    async with opened(tmp_path / "j.db") as store:
        record = await accepted(store, tmp_path, "job-1")
        items = [result("job-1"), result("job-1")]
        sent, kept = await store.finish(record.key, Finish(JobState.FAILED, 0, items, NOON))
        assert kept.seq == 2
    change(tmp_path / "j.db", "UPDATE items SET kind = 'song' WHERE seq = 2")
    for known in ([sent.seq], []):
        async with opened(tmp_path / "j.db") as store:
            [(job, owed)] = await store.undelivered()
            assert [item.seq for item in owed] == known
            store.confirm(job.key, 0, known)
    assert "job-1 owes something that is not known here: 'song'" in caplog.text


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from app.errors import JournalError
from app.journal.store import Store
from app.journal.worker import Worker
from tests.journal.kit import end_of, new_job

async def main(folder):
    worker = Worker()
    worker.start()
    store = await Store.open(folder / "journal.db", worker)
    record = await store.accept(new_job(folder, "job-1"))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (folder / "journal.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, hard))
    results = await asyncio.gather(
        *(store.accept(new_job(folder, f"job-{n}")) for n in range(2, 40)), return_exceptions=True
    )
    print("failed", {type(one).__name__ for one in results})
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print("stored", len(await store.finish(record.key, end_of("job-1"))))
    print("known", [one.job_id for one in await store.unfinished()])
    await store.close()
    await worker.stop()

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="other system: Windows has no RLIMIT_FSIZE")
def test_a_full_disk_fails_what_it_cannot_keep(tmp_path: Path) -> None:
    """A commit that does not fit fails all its waiters; with room again all is well."""
    argv = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=15, check=False)
    assert done.stdout.splitlines() == ["failed {'JournalError'}", "stored 1", "known []"]
    assert done.stderr == ""


async def test_after_close_everything_is_refused(tmp_path: Path) -> None:
    """A late result is an error that its job can handle."""
    async with opened(tmp_path / "j.db") as store:
        pass
    with pytest.raises(JournalError):
        await store.put("a", "b")
