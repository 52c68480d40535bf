"""Tests of the journal as a whole."""

from pathlib import Path

import pytest

from app.journal.journal import Journal
from app.journal.outbox import LOG_LIMIT
from app.protocol.codec import encode
from tests.journal.kit import new_job
from tests.journal.suites import as_suite


@pytest.mark.parametrize(("limit", "counted"), [(LOG_LIMIT, True), (1000, True), (0, False)])
async def test_the_log_limit_reaches_every_execution(
    tmp_path: Path, limit: int, counted: bool
) -> None:
    """Those of an earlier agent too, with what they have spent."""
    for start in range(2):
        journal = await Journal.open(tmp_path / "j.db", encode, print, log_limit=limit)
        if start == 0:
            record = await journal.store.accept(as_suite(new_job(tmp_path, "s/e")))
            assert record is not None
            await journal.store.spend(record.key, 77)
            journal.outbox.open(record)
        stream = journal.outbox._backlog[1]
        budget = stream.budget
        assert (budget is not None) is counted
        assert budget is None or (budget.limit, budget.spent) == (limit, 77 * start)
        await journal.close()


async def test_a_damaged_predecessor_is_told(tmp_path: Path) -> None:
    """The user hears where it went."""
    (tmp_path / "j.db").write_bytes(b"\x55" * 5000)
    told: list[str] = []
    journal = await Journal.open(tmp_path / "j.db", encode, told.append)
    await journal.close()
    assert "j.db.corrupt-1" in told[0]
