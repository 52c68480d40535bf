"""Tests of app.jobs.ceiling."""

import pytest

from app.jobs.ceiling import JOINED, LOG_TAIL, MAX_PIECES, Ceiling, Piece
from app.journal.lines import Kind


def piece(name: str, size: int) -> Piece:
    """A piece of output of `size` bytes."""
    return Piece(name, Kind.OUT, 0.0, size)


def test_the_last_part_is_kept() -> None:
    """Up to the limit all passes; of the rest the newest `tail` bytes stay, the others count."""
    ceiling = Ceiling(limit=10, tail=5)
    assert ceiling.admits(piece("a", 6))
    assert [ceiling.admits(piece(name, 2)) for name in "bc"] == [True, True]
    assert [ceiling.admits(piece(name, 2)) for name in "defg"] == [False] * 4
    assert ceiling.reached
    assert [kept.text for kept in ceiling.rest()] == ["f", "g"]
    assert ceiling.left_out == 4
    assert ceiling.rest() == []


def test_one_large_piece_stays() -> None:
    """A piece larger than the tail is kept when it is the last one."""
    ceiling = Ceiling(limit=0, tail=5)
    assert not ceiling.admits(piece("a", 50))
    assert [kept.text for kept in ceiling.rest()] == ["a"]


def test_what_does_not_fit_closes_the_gate() -> None:
    """Nothing passes any more once one piece did not fit: the file has no hidden gaps."""
    ceiling = Ceiling(limit=10, tail=50)
    assert not ceiling.admits(piece("large", 11))
    assert not ceiling.admits(piece("small", 1))


@pytest.mark.slow
def test_small_pieces_are_joined() -> None:
    """A tail of single bytes is held in few pieces, whole, each with its first byte's time."""
    ceiling = Ceiling(limit=0)
    for number in range(LOG_TAIL + 10_000):
        ceiling.admits(Piece("ab"[number % 2], Kind.OUT, float(number), 1))
    kept = ceiling.rest()
    assert len(kept) <= 2 * JOINED
    text = "".join(one.text for one in kept)
    assert len(text) + ceiling.left_out == LOG_TAIL + 10_000
    assert LOG_TAIL - LOG_TAIL // JOINED <= len(text) <= LOG_TAIL + LOG_TAIL // JOINED
    assert kept[0].at == ceiling.left_out


def test_alternating_streams_are_bounded_too() -> None:
    """What cannot be joined counts: the tail is then shorter."""
    ceiling = Ceiling(limit=0)
    for number in range(MAX_PIECES + 100):
        ceiling.admits(Piece("a", (Kind.OUT, Kind.ERR)[number % 2], 0.0, 1))
    assert ceiling.left_out == 100
    assert len(ceiling.rest()) == MAX_PIECES
