"""Tests of app.agent.intake, with a real dispatcher, journal and children."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.agent import intake
from app.agent.files import FileService
from app.agent.intake import Intake, IntakeParts
from app.errors import JournalError
from app.host.facts import FactsSampler
from app.jobs.process import install_child_watcher
from app.journal.records import Target
from app.protocol.messages import BadSuite, CancelSuite, SuiteAssigned, Welcome
from app.protocol.session import Work
from app.state import JobState
from tests.fakes.children import as_agent
from tests.jobs.conftest import TARGET, Room, open_room
from tests.jobs.suites import suite_folder

pytestmark = pytest.mark.integration


def suite(execution_id: str, command: str = "true", suite_id: str = "s1") -> SuiteAssigned:
    """An execution with two cases."""
    return SuiteAssigned(
        suite_id=suite_id,
        plan_id="p1",
        execution_id=execution_id,
        command=command,
        case_ids=("c1", "c2"),
        case_codes=None,
        executor_id="u1",
    )


@asynccontextmanager
async def at_work(home: Path, max_concurrent: int = 1) -> AsyncIterator[tuple[Room, Intake]]:
    """An intake that was greeted, and the room with its dispatcher."""
    with as_agent():
        install_child_watcher()
        async with (
            open_room(home, max_concurrent=max_concurrent) as room,
            asyncio.TaskGroup() as tasks,
        ):
            one = Intake(_parts(room, home))
            running = tasks.create_task(one.run(), name="intake")
            one.greeted(Welcome(TARGET.environment_id))
            yield room, one
            running.cancel()


async def meet(_target: Target) -> bool:
    """Every greeting is the first."""
    return True


def _parts(room: Room, home: Path) -> IntakeParts:
    return IntakeParts(
        server_url=lambda: TARGET.server,
        home=home,
        own_work_dir=lambda: room.work_dir.root,
        meet=meet,
        dispatcher=room.dispatcher,
        outbox=room.deps.outbox,
        sampler=FactsSampler(60.0),
        files=FileService(lambda _answer: None),
        move_log=lambda _folder: None,
        on_online=lambda: None,
        on_change=lambda: None,
    )


@pytest.mark.parametrize(
    ("work", "status"),
    [
        (suite("e1"), "completed"),
        (BadSuite("s1", "e1", "no command"), "failed"),
        (CancelSuite("s1", "e1"), "cancelled"),
    ],
)
async def test_what_the_journal_cannot_take_now_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Work, status: str
) -> None:
    """A full disk costs no completion: without it the node's slot is blocked for ever."""
    monkeypatch.setattr(intake, "RETRY_AFTER", 0.01)
    async with at_work(tmp_path) as (room, one):
        plain: Callable[..., Coroutine[Any, Any, Any]] = room.deps.store.accept_and
        refused = 0

        async def full_at_first(*words: Any) -> Any:
            nonlocal refused
            if refused < 3:
                refused += 1
                raise JournalError("disk full")
            return await plain(*words)

        monkeypatch.setattr(room.deps.store, "accept_and", full_at_first)
        one.deliver(work)
        assert (await room.end("e1")).status == status
        await room.idle()
        assert refused == 3
        completions = [item for item in await room.items("s1/e1") if "status" in item]
        assert len(completions) == 1


async def test_a_doubted_folder_is_looked_at_again(tmp_path: Path) -> None:
    """Whatever is wrong with it is the problem that is shown, until it is mended."""
    async with at_work(tmp_path) as (room, one):
        root = room.work_dir.root
        await room.until(lambda: one.work_dir == root)
        root.rename(tmp_path / "moved")
        root.write_text("in the way", encoding="utf-8")
        one.doubt_folder()
        await room.until(lambda: f"The work folder {root} cannot be used" in one.problem)
        root.unlink()
        one.deliver(suite("e1"))
        await room.until(lambda: one.problem == "" and bool(room.dispatcher.ended()))


async def test_a_cancel_without_an_execution_is_for_all_of_its_suite(tmp_path: Path) -> None:
    """What runs and what waits is cancelled, another suite is not; it is no unknown execution."""
    async with at_work(tmp_path, max_concurrent=2) as (room, one):
        one.deliver(suite("e1", "exec sleep 60"))
        one.deliver(suite("e2", "touch ran"))
        one.deliver(suite("x1", suite_id="s2"))
        assert (await room.end("x1", "s2")).status == "completed"
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        one.deliver(CancelSuite("s1", None))
        assert (await room.end("e1")).status == "cancelled"
        assert (await room.end("e2")).status == "cancelled"
        await room.idle()
        assert not (suite_folder(room) / "ran").exists()
        owing = {record.job_id for record, _items in await room.deps.store.undelivered()}
        assert owing == {"s1/e1", "s1/e2", "s2/x1"}


async def test_a_cancel_is_for_its_own_platform(tmp_path: Path) -> None:
    """Another environment's suite of the same id goes on."""
    async with at_work(tmp_path) as (room, one):
        one.deliver(suite("e1", "while [ ! -e go ]; do sleep 0.01; done"))
        one.deliver(suite("e2"))
        await room.until(lambda: len(room.dispatcher.views()) == 2)
        await room.dispatcher.cancel_group("s1", Target(TARGET.server, "elsewhere"))
        await room.until(suite_folder(room).exists)
        (suite_folder(room) / "go").touch()
        assert (await room.end("e1")).status == "completed"
        assert (await room.end("e2")).status == "completed"
