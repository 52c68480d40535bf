"""Tests of app.jobs.retention."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.jobs import retention
from app.jobs.removal import remove
from app.jobs.retention import KeepRules, Retention
from tests.jobs.conftest import Room, open_room

DAY = 86_400.0


async def run_jobs(room: Room, count: int) -> None:
    """Finished, delivered jobs t0, t1, …"""
    for number in range(count):
        job_id = f"t{number}"
        await room.assign(job_id, "mkdir d; echo x >d/file; echo hi")
        await room.result(job_id)
        await room.idle()
        await confirm(room, job_id)


async def confirm(room: Room, job_id: str) -> None:
    """Let the platform have handled all that is owed for a job that has ended."""
    record = await room.record(job_id)
    assert record.log_end is not None
    for owing, items in await room.deps.store.undelivered():
        if owing.key == record.key:
            room.deps.store.confirm(record.key, record.log_end, [item.seq for item in items])


def left(room: Room) -> set[str]:
    """The jobs of which a folder or a log is still there."""
    folders = {path.name for path in room.work_dir.tasks.iterdir()}
    logs = {path.stem for path in room.work_dir.task_logs.iterdir()}
    return folders | logs


@pytest.mark.parametrize(
    ("rules", "later", "kept"),
    [
        (KeepRules(tasks=2, days=7), 8 * DAY, {"t1", "t2"}),
        (KeepRules(tasks=2, days=7), 6 * DAY, {"t0", "t1", "t2"}),
        (KeepRules(tasks=0, days=7), 8 * DAY, set()),
        (KeepRules(tasks=1, days=0), 0.0, {"t2"}),
        (KeepRules(tasks=0, days=0), 8 * DAY, {"t0", "t1", "t2"}),
    ],
)
async def test_what_no_rule_holds_goes(
    tmp_path: Path, rules: KeepRules, later: float, kept: set[str]
) -> None:
    """A job goes, log and folder, when it is neither among the newest nor young enough."""
    async with open_room(tmp_path) as room:
        await run_jobs(room, 3)
        keeper = Retention(room.deps.store, rules)
        assert await keeper.clean(time.time() + later) == 3 - len(kept)
        assert left(room) == kept
        assert await keeper.clean(time.time() + later) == 0


async def test_what_is_owed_stays(tmp_path: Path) -> None:
    """A job that the platform has not confirmed is not removed."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["true"])
        await room.idle()
        assert await Retention(room.deps.store, KeepRules(0, 1)).clean(time.time() + 9 * DAY) == 0
        assert left(room) == {"t1"}


async def test_what_is_stuck_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file in use (Windows) is said once and removed by a later round."""

    def in_use(_path: Path) -> None:
        raise PermissionError(13, "in use by another process")

    async with open_room(tmp_path) as room:
        await run_jobs(room, 1)
        keeper = Retention(room.deps.store, KeepRules(tasks=0, days=1))
        with monkeypatch.context() as patch:
            patch.setattr(retention, "remove", in_use)
            for _round in range(2):
                assert await keeper.clean(time.time() + 2 * DAY) == 0
        assert caplog.text.count("cannot be removed yet") == 1
        assert left(room) == {"t0"}
        assert await keeper.clean(time.time() + 2 * DAY) == 1
        assert left(room) == set()


async def test_a_folder_replaced_by_a_link(tmp_path: Path) -> None:
    """Only the link goes, never what it points to."""
    async with open_room(tmp_path) as room:
        await run_jobs(room, 1)
        folder = room.work_dir.tasks / "t0"
        precious = tmp_path / "precious"
        folder.rename(precious)
        folder.symlink_to(precious, target_is_directory=True)
        keeper = Retention(room.deps.store, KeepRules(tasks=0, days=1))
        assert await keeper.clean(time.time() + 2 * DAY) == 1
        assert not folder.is_symlink()
        assert (precious / "d" / "file").exists()


async def test_a_suites_checkout_goes_with_its_last_execution(tmp_path: Path) -> None:
    """Its executions share the folder: it stays while one of them is kept."""
    async with open_room(tmp_path) as room:
        for execution, suite_id in (("e1", "s1"), ("x1", "s2"), ("e2", "s1")):
            await room.suite(execution, "touch checkout", suite_id=suite_id)
            await room.end(execution, suite_id)
            await room.idle()
            await confirm(room, f"{suite_id}/{execution}")
        suites = room.work_dir.root / "suites"
        keeper = Retention(room.deps.store, KeepRules(tasks=1, days=0))
        assert await keeper.clean(time.time()) == 2
        assert left(room) == {"e2"}
        assert (suites / "s1" / "checkout").exists()
        assert [path.name for path in suites.iterdir()] == ["s1"]  # nothing set aside either
        keeper = Retention(room.deps.store, KeepRules(tasks=0, days=1))
        assert await keeper.clean(time.time() + 2 * DAY) == 1
        assert left(room) == set()
        assert list(suites.iterdir()) == []


async def test_a_suite_that_is_owed_keeps_its_checkout(tmp_path: Path) -> None:
    """The newer execution is not delivered yet: the older one's end does not touch its folder."""
    async with open_room(tmp_path) as room:
        for execution in ("e1", "e2"):
            await room.suite(execution, "touch checkout")
            await room.end(execution)
            await room.idle()
        await confirm(room, "s1/e1")
        keeper = Retention(room.deps.store, KeepRules(tasks=0, days=1))
        assert await keeper.clean(time.time() + 2 * DAY) == 1
        assert left(room) == {"e2"}
        assert (room.work_dir.root / "suites" / "s1" / "checkout").exists()


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be nobody for a while when the tests run as root, whom no permission stops."""
    if sys.platform != "win32" and os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if sys.platform != "win32" and os.getuid() == 0:
            os.seteuid(0)


def test_read_only_files_and_folders_go() -> None:
    """Rights that the job took away from its own files do not protect them."""
    with ordinary_user(), tempfile.TemporaryDirectory() as name:
        folder = Path(name, "job")
        (folder / "a" / "b").mkdir(parents=True)
        (folder / "a" / "file").touch(mode=0o400)
        (folder / "a" / "b" / "file").touch(mode=0o400)
        (folder / "a" / "link").symlink_to("/etc/passwd")
        for closed in ("a/b", "a", "."):
            (folder / closed).chmod(0o500 if closed != "a/b" else 0o000)
        remove(folder)
        assert not folder.exists()


def test_nothing_there_is_no_problem(tmp_path: Path) -> None:
    """A folder that the user has removed already is removed."""
    remove(tmp_path / "gone")
    remove(tmp_path / "gone")
