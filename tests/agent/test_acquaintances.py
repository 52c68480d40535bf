"""First meetings, against a real journal."""

from pathlib import Path

from app.agent.acquaintances import Acquaintances
from app.journal.journal import Journal
from app.journal.records import Target
from app.protocol import codec

LAB, HOME = Target("ws://lab/ws/agent", "1"), Target("ws://home/ws/agent", "1")


async def test_only_the_first_greeting_ever_is_a_first_meeting(tmp_path: Path) -> None:
    """Of each environment apart, and also after a restart."""
    journal = await Journal.open(tmp_path / "journal.db", codec.encode, print)
    known = Acquaintances(journal.store)
    assert [await known.meet(target) for target in (LAB, LAB, HOME)] == [True, False, True]
    await journal.close()
    journal = await Journal.open(tmp_path / "journal.db", codec.encode, print)
    assert await Acquaintances(journal.store).meet(HOME) is False
    await journal.close()
