"""The mark of a connection that may still stand (app/agent/registration.py)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.agent.registration import MARK, Registration
from app.journal.store import Store
from app.journal.worker import Worker


@asynccontextmanager
async def store_in(folder: Path) -> AsyncIterator[Store]:
    """A real journal; opened again it remembers."""
    worker = Worker()
    worker.start()
    store = await Store.open(folder / "journal.db", worker)
    yield store
    await store.close()
    await worker.stop()


async def test_an_agent_that_died_connected_is_remembered(tmp_path: Path) -> None:
    """The mark is durable before the connection is opened, and there at the next start."""
    async with store_in(tmp_path) as store:
        await Registration(store, haunted=False).begin()
        assert await store.get(MARK) is not None
    async with store_in(tmp_path) as store:
        assert await store.get(MARK) is not None


async def test_a_goodbye_takes_the_mark_away(tmp_path: Path) -> None:
    """After a clean end nothing needs refreshing; the next connection marks again."""
    async with store_in(tmp_path) as store:
        registration = Registration(store, haunted=False)
        await registration.begin()
        registration.end()
        await store.put("other", "written later")
        assert await store.get(MARK) is None
        await registration.begin()
        assert await store.get(MARK) is not None
