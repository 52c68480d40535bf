"""Tests of app.jobs.recovery: what a dead agent left behind."""

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.host.containment import MARKER, Mark, Proc, new_marker
from app.jobs import recovery
from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.journal.records import JobKind, NewJob
from app.state import JobState
from tests.jobs.conftest import TARGET, Room, open_room

pytestmark = pytest.mark.integration


def left_over(room: Room, job_id: str, state: JobState, marker: str) -> NewJob:
    """A job as a dead agent had accepted it."""
    return NewJob(
        target=TARGET,
        kind=JobKind.TASK,
        job_id=job_id,
        name=job_id,
        state=state,
        marker=marker,
        work_dir=room.work_dir.root,
        accepted_at=time.time() - 1,
    )


async def test_a_running_job_is_interrupted_and_swept(tmp_path: Path) -> None:
    """Its processes are ended, its log is mended and goes on, its result has the log so far."""
    marker = new_marker()
    async with open_room(tmp_path) as room:
        record = await room.deps.store.accept(left_over(room, "t1", JobState.RUNNING, marker))
        assert record is not None
        log = await room.deps.worker.submit(JobLog.create_here, room.deps.worker, record.log)
        await log.append(LineWriter().write("so far\nand a torn", Kind.OUT, time.time()))
        await log.close()
    child = subprocess.Popen(  # noqa: ASYNC220 (it must be there before the agent is)
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={MARKER: marker},
        start_new_session=True,
    )
    try:
        async with open_room(tmp_path) as room:
            await room.dispatcher.recover(await room.deps.store.unfinished())
            result = await room.result("t1")
            assert (result["status"], result["exit_code"]) == ("error", -1)
            assert "agent ended while" in result["error"]
            assert result["output"] == "so far\nand a torn"
            assert child.wait(timeout=5) == -9
            lines = room.log_lines("t1")
            assert lines[:2] == [" so far", " and a torn"]
            assert "now ended: " in lines[2]
            assert lines[3].startswith("?Task ended: error, exit code -1")
            assert (await room.record("t1")).state is JobState.INTERRUPTED
            await room.assign("t1", ["touch", str(tmp_path / "again")])
            await room.idle()
            assert not (tmp_path / "again").exists()
    finally:
        child.kill()
        child.wait(timeout=5)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(JobState.QUEUED, "before this task started"), (JobState.STOPPING, "while this task ran")],
)
async def test_a_job_without_a_log(tmp_path: Path, state: JobState, reason: str) -> None:
    """A job that had not come far is reported too."""
    async with open_room(tmp_path) as room:
        await room.deps.store.accept(left_over(room, "t1", state, new_marker()))
    async with open_room(tmp_path) as room:
        await room.dispatcher.recover(await room.deps.store.unfinished())
        assert reason in (await room.result("t1"))["error"]
        assert len(room.log_lines("t1")) == 1


async def test_recovery_is_done_once(tmp_path: Path) -> None:
    """A second start finds nothing unfinished and adds no second result."""
    async with open_room(tmp_path) as room:
        await room.deps.store.accept(left_over(room, "t1", JobState.RUNNING, new_marker()))
    for _start in range(2):
        async with open_room(tmp_path) as room:
            await room.dispatcher.recover(await room.deps.store.unfinished())
            assert len(await room.items("t1")) == 1


async def test_a_work_dir_that_is_gone(tmp_path: Path) -> None:
    """Without the folder the result is owed all the same."""
    async with open_room(tmp_path) as room:
        await room.deps.store.accept(left_over(room, "t1", JobState.RUNNING, new_marker()))
    async with open_room(tmp_path) as room:
        room.work_dir.root.rename(tmp_path / "moved")
        room.work_dir.root.touch()
        await room.dispatcher.recover(await room.deps.store.unfinished())
        assert (await room.result("t1"))["output"] == ""


async def test_all_jobs_are_swept_in_one_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many ran, the processes are looked at once; waiting jobs had none."""
    async with open_room(tmp_path) as room:
        for name, state in (
            ("a", JobState.RUNNING),
            ("b", JobState.STOPPING),
            ("c", JobState.QUEUED),
        ):
            await room.deps.store.accept(left_over(room, name, state, f"marker-{name}"))
    looks: list[list[str]] = []

    def sweep(marks: Iterable[Mark]) -> list[Proc]:
        looks.append([mark.marker for mark in marks])
        return []

    monkeypatch.setattr(recovery, "sweep_after_crash", sweep)
    async with open_room(tmp_path) as room:
        await room.dispatcher.recover(await room.deps.store.unfinished())
        for name in "abc":
            assert (await room.result(name))["status"] == "error"
    assert looks == [["marker-a", "marker-b"]]
