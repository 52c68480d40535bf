"""Tests of the log budget of one execution."""

from app.journal.budget import AHEAD, RESERVE, Budget


def test_live_output_stops_short_of_the_limit() -> None:
    """The reserve is for what is only known at the end; a small limit keeps half."""
    assert Budget(65_535, 0).live == 65_535 - RESERVE
    assert Budget(65_535, 60_000).live == 0
    assert Budget(1000, 0).live == 500


def test_small_costs_are_promised_together() -> None:
    """A frame that is covered by what the journal has counted need not wait for the disk."""
    budget = Budget(65_535, 100)
    assert budget.shortfall(50) == 50 + AHEAD
    budget.promised += 50 + AHEAD
    budget.spent += 50
    assert budget.shortfall(AHEAD) == 0
    assert budget.shortfall(AHEAD + 1) == 1 + AHEAD


def test_the_last_bytes_are_counted_exactly() -> None:
    """Nothing beyond the limit is ever promised."""
    budget = Budget(1000, 900)
    assert budget.shortfall(60) == 100
    budget.promised += 100
    assert budget.shortfall(100) == 0
