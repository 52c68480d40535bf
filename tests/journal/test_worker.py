"""Tests of the journal's thread."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from app.errors import JournalError
from app.jobs.ready import unmake
from app.journal.joblog import JobLog
from app.journal.records import JobRecord
from app.journal.store import Store
from app.journal.worker import Worker
from tests.journal.kit import HERE, new_job


async def test_work_runs_in_order_on_one_thread(worker: Worker) -> None:
    """What is submitted first is done first, never on the loop's thread."""
    seen: list[tuple[int, str]] = []
    done = [
        worker.submit(seen.append, (number, threading.current_thread().name))
        for number in range(50)
    ]
    await asyncio.gather(*done)
    assert [number for number, _name in seen] == list(range(50))
    assert await worker.submit(lambda: threading.current_thread().name) == "journal"


async def test_an_oserror_becomes_a_journal_error(worker: Worker, tmp_path: Path) -> None:
    """The caller sees one kind of error, with its cause."""
    with pytest.raises(JournalError) as caught:
        await worker.submit((tmp_path / "missing").read_bytes)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


async def test_a_bug_reaches_its_waiter_and_nobody_else(worker: Worker) -> None:
    """An exception that is no OSError arrives as it is; the thread lives on."""
    broken = worker.submit(lambda: 1 // 0)
    fine = worker.submit(lambda: 1)
    with pytest.raises(ZeroDivisionError):
        await broken
    assert await fine == 1


async def test_one_failing_statement_does_not_fail_its_batch(store: Store, worker: Worker) -> None:
    """A batch is one transaction, yet each submission stands or falls alone."""
    del store  # it gives the worker its database
    hold = threading.Event()
    waiting = worker.submit(hold.wait, 5)  # so that the following make one batch
    database = worker._database
    assert database is not None

    def put(name: str, fail: str = "") -> None:
        database.execute("INSERT INTO meta VALUES (?, 'x')", (name,))  # type: ignore[attr-defined]
        if fail:
            raise OSError(fail)

    first, second, third = (
        worker.transact(put, "a"),
        worker.transact(put, "b", "broken"),
        worker.transact(put, "c"),
    )
    hold.set()
    await waiting
    await first
    with pytest.raises(JournalError, match="broken"):
        await second
    await third
    names = await worker.submit(
        lambda: database.execute("SELECT name FROM meta ORDER BY name").fetchall()  # type: ignore[attr-defined]
    )
    assert names == [("a",), ("c",)]


async def test_an_acceptance_beside_a_failure_is_done_again(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    """What was made for it first is taken back: its log is free, and so is its name."""
    hold = threading.Event()
    waiting = worker.submit(hold.wait, 5)  # so that the following make one batch
    made: list[str] = []

    def make(record: JobRecord) -> str:
        record.log.parent.mkdir(parents=True, exist_ok=True)
        record.log.write_text(f"try {len(made)}", encoding="utf-8")
        made.append(record.name)
        return record.name

    def fail() -> None:
        raise OSError("broken")

    async with asyncio.TaskGroup() as tasks:
        job = new_job(tmp_path, "t1")
        accepting = tasks.create_task(store.accept_and(job, make, unmake), name="accept")
        await asyncio.sleep(0)
        failing = worker.transact(fail)
        hold.set()
        await waiting
        with pytest.raises(JournalError, match="broken"):
            await failing
    accepted = accepting.result()
    assert accepted is not None
    assert (made, accepted[1]) == (["t1", "t1"], "t1")
    assert accepted[0].log.read_text(encoding="utf-8") == "try 1"
    assert await store.find(HERE, "t1") == accepted[0]


async def test_a_cancelled_waiter_does_not_undo_its_work(store: Store, worker: Worker) -> None:
    """Cancelling a task while the journal writes loses nothing."""
    hold = threading.Event()
    waiting = worker.submit(hold.wait, 5)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(store.put("name", "value"), name="put")
        await asyncio.sleep(0)
        task.cancel()
    hold.set()
    await waiting
    assert await store.get("name") == "value"


async def test_a_failed_post_is_logged(
    store: Store, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it, but it does not vanish."""
    del store

    def broken() -> None:
        raise OSError("no")

    with caplog.at_level(logging.ERROR):
        worker.post(broken)
        await worker.transact(int)
    assert "broken failed" in caplog.text


async def test_stop_does_everything_queued_and_then_refuses(tmp_path: Path) -> None:
    """Nothing handed over is lost; afterwards the answer is an error, not silence."""
    worker = Worker()
    worker.start()
    log = await worker.submit(JobLog.create_here, worker, tmp_path / "a.log")
    appended = [log.append(b"line\n") for _ in range(100)]
    await worker.stop()
    await worker.stop()
    assert [await length for length in appended] == [5 * n for n in range(1, 101)]
    assert (tmp_path / "a.log").stat().st_size == 500
    with pytest.raises(JournalError):
        await worker.submit(int)
    worker.post(int)
    log._close()


async def test_work_without_a_database_is_refused(worker: Worker) -> None:
    """Before the store is open, and after it is closed, a transaction cannot be."""
    with pytest.raises(JournalError):
        await worker.transact(int)


async def test_written_bytes_are_synced_within_a_second(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet log is synced although nothing more is submitted."""
    monkeypatch.setattr("app.journal.worker.SYNC_EVERY", 0.02)
    synced = asyncio.Event()
    loop = asyncio.get_running_loop()

    class File:
        path = tmp_path / "x"
        length = 0

        def sync(self) -> None:
            worker.untouched(self)
            loop.call_soon_threadsafe(synced.set)

    await worker.submit(worker.touched, File())
    async with asyncio.timeout(5):
        await synced.wait()
