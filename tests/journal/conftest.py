"""A real journal in a temporary folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.journal.store import Store
from app.journal.worker import Worker
from tests.journal.suites import SuiteDesk


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    worker.start()
    yield worker
    await worker.stop()


@pytest.fixture
async def store(worker: Worker, tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "journal.db", worker)
    yield store
    await store.close()


@pytest.fixture
async def suites(store: Store, worker: Worker, tmp_path: Path) -> AsyncIterator[SuiteDesk]:
    desk = SuiteDesk(store, worker, tmp_path)
    yield desk
    for log in desk.open_logs:
        await log.close()
