"""Tests of the benchmark's document."""

from tests.benchmark.catalogue import CATALOGUE
from tests.benchmark.figures import Row, Unit, at_most
from tests.benchmark.report import page


def test_page_says_what_where_and_how() -> None:
    """The document holds machine, rows with their verdicts, and a word on every measurement."""
    rows = [Row(what="sleeping", unit=Unit.MS, floor=1, ours=3, target=at_most(2))]
    text = page(rows, "today · 2 cores")
    assert "today · 2 cores\n\n| what " in text
    assert "| sleeping | 1 ms | 3 ms | 3x | ≤ 2 ms | NO |" in text
    assert [each.name for each in CATALOGUE if f"- **{each.name}**: " not in text] == []
