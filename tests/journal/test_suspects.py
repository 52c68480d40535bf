"""Tests of the search for the frame that kills sessions."""

from app.journal.stream import Frame, Place
from app.journal.suspects import Suspects


def item(seq: int) -> Frame:
    return Frame(1, "{}", 2, 0, None, seq)


def piece(start: int, end: int, key: int = 1) -> Frame:
    return Frame(key, "{}", 2, start, Place(end))


def test_one_death_makes_no_suspect() -> None:
    """Connections die for many reasons."""
    suspects = Suspects()
    suspects.died([item(1), piece(0, 10)])
    assert not suspects


def test_what_was_there_at_two_deaths_in_a_row_is_suspect() -> None:
    """Only what both deaths have in common."""
    suspects = Suspects()
    suspects.died([item(1), item(2), piece(0, 100)])
    suspects.died([item(2), item(3), piece(50, 150)])
    assert [suspects.has_item(seq) for seq in (1, 2, 3)] == [False, True, False]
    assert [suspects.has_log(1, at) for at in (60, 99, 100)] == [True, True, False]
    assert not suspects.has_log(2, 60)


def test_a_death_in_between_with_something_else_clears() -> None:
    """The two deaths must follow each other."""
    suspects = Suspects()
    suspects.died([item(1)])
    suspects.died([item(2)])
    suspects.died([item(1)])
    assert not suspects


def test_a_confirmed_item_is_innocent() -> None:
    """What the platform has handled did not kill it."""
    suspects = Suspects()
    suspects.died([item(1), piece(0, 100)])
    suspects.died([item(1), piece(0, 100)])
    suspects.settled(item(1))
    suspects.settled(piece(0, 40))
    assert not suspects.has_item(1)
    assert suspects.has_log(1, 40)
    suspects.settled(piece(40, 120))
    assert not suspects


def test_ranges_of_the_same_job_add_up() -> None:
    """Neighbouring frames of a log are one range."""
    suspects = Suspects()
    for _ in range(2):
        suspects.died([piece(0, 10), piece(10, 20), piece(5, 8, key=2)])
    suspects.died([piece(20, 30)])
    assert suspects.has_log(1, 19)
    assert suspects.has_log(2, 5)
