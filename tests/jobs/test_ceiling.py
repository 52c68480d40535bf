"""Tests of app.jobs.ceiling."""

from app.jobs.ceiling import Ceiling, Piece
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
