"""Tests of the benchmark's figures."""

import pytest

from tests.benchmark.figures import (
    Both,
    Row,
    Unit,
    at_least,
    at_most,
    markdown,
    median,
    percentile,
    rounded,
    table,
    times_floor,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0312, "0.0312"),
        (0.00001, "0"),
        (1.23456, "1.23"),
        (2, "2"),
        (25, "25"),
        (99.96, "100"),
        (1234.5, "1,234"),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    """A value is shown with three significant digits and never with an exponent."""
    assert rounded(value) == text


def test_percentile_is_a_value_that_was_seen() -> None:
    """A percentile is one of the values, never between two."""
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert (median(values), percentile(values, 95), percentile(values, 1)) == (3.0, 5.0, 1.0)


def test_targets_look_at_the_value_or_the_ratio() -> None:
    """A limit counts for our value, or for how often the floor fits into it."""
    fast = Row(what="t", unit=Unit.MS, floor=2, ours=4, target=at_most(4))
    slow = Row(what="t", unit=Unit.PER_S, floor=100, ours=49, target=at_least(50))
    start = Row(what="t", unit=Unit.MS, floor=100, ours=251, target=times_floor(2.5))
    assert [fast.met, slow.met, start.met] == [True, False, False]


def test_nothing_to_judge() -> None:
    """Without a target, or without a floor for a ratio, there is no verdict."""
    assert Row(what="t", unit=Unit.MS, ours=1).met is None
    assert Row(what="t", unit=Unit.MS, ours=1, target=times_floor(2)).met is None


def test_tables() -> None:
    """Both tables show floor, ours, ratio, target and verdict."""
    rows = [
        Row(what="start", unit=Unit.MS, floor=50, ours=100, target=times_floor(2.5)),
        Row(what="posix_spawn", unit=Unit.MS, floor=0.5),
    ]
    assert markdown(rows).splitlines()[2:] == [
        "| start | 50 ms | 100 ms | 2x | ≤ 2.5x floor | yes |",
        "| posix_spawn | 0.5 ms | – | – | – |  |",
    ]
    assert table(rows).splitlines()[2].split("  ")[0] == "start"


def test_a_row_of_both() -> None:
    """Floor and ours get the same percentile; what was not measured is left out."""
    both = Both([3.0, 1.0, 2.0], [9.0, 30.0, 6.0])
    assert both.row("x", Unit.MS).ratio == 4.5
    assert both.row("x", Unit.MS, percent=100).ours == 30.0
    assert Both(ours=[1.0]).row("x", Unit.MS).floor is None
