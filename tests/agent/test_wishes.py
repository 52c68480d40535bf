"""Wishes that survive a restart (app/agent/wishes.py), in a real journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.agent.wishes import Wishes
from app.journal.store import Store
from app.journal.worker import Worker


@asynccontextmanager
async def stored(home: Path) -> AsyncIterator[Store]:
    """The journal of a home, as one agent after the other opens it."""
    worker = Worker()
    worker.start()
    store = await Store.open(home / "journal.db", worker)
    yield store
    await store.close()
    await worker.stop()


async def remembered(home: Path) -> tuple[bool, bool]:
    """What the next agent finds."""
    async with stored(home) as store:
        wishes = await Wishes.load(store)
        return wishes.wanted, wishes.paused


async def test_at_first_it_is_connected_and_runs(tmp_path: Path) -> None:
    """Nobody has wished anything else."""
    assert await remembered(tmp_path) == (True, False)


async def test_wishes_are_found_again(tmp_path: Path) -> None:
    """Each by itself, and their end as well."""
    async with stored(tmp_path) as store:
        wishes = await Wishes.load(store)
        wishes.want(connected=False)
        assert (wishes.wanted, wishes.paused) == (False, False)
        await wishes.save()
    assert await remembered(tmp_path) == (False, False)
    async with stored(tmp_path) as store:
        wishes = await Wishes.load(store)
        wishes.pause(paused=True)
        wishes.want(connected=True)
        await wishes.save()
    assert await remembered(tmp_path) == (True, True)


async def test_they_are_written_while_the_agent_runs(tmp_path: Path) -> None:
    """Not only at its end: it may be killed."""
    async with stored(tmp_path) as store, asyncio.TaskGroup() as tasks:
        wishes = await Wishes.load(store)
        writing = tasks.create_task(wishes.run(), name="wishes")
        wishes.pause(paused=True)
        async with asyncio.timeout(5):
            while await store.get("paused") is None:  # noqa: ASYNC110 (the journal has no event)
                await asyncio.sleep(0)
        writing.cancel()


async def test_a_journal_that_takes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The wish holds all the same; the log says what it is worth."""
    async with stored(tmp_path) as store:
        wishes = await Wishes.load(store)
    wishes.pause(paused=True)
    await wishes.save()
    assert wishes.paused
    assert "would not survive a restart" in caplog.text
