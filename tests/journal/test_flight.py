"""Tests of what is on its way, and of who killed a session."""

from app.journal.budget import FENCE_AFTER
from app.journal.flight import Flight
from app.journal.stream import Frame, Place
from app.journal.window import MAX_FENCES


def item(seq: int) -> Frame:
    return Frame(1, "{}", 2, 0, None, seq)


def piece(start: int, end: int) -> Frame:
    return Frame(1, "{}", 2, start, Place(end))


def test_the_kth_answer_confirms_the_kth_fence() -> None:
    """Each answer confirms exactly what was sent before its heartbeat."""
    flight = Flight()
    for group in ([piece(0, 5)], [], [piece(5, 9), item(1)]):
        for frame in group:
            flight.sent(frame)
        flight.seal(0.0)
    confirmed = [[frame.start for frame in flight.confirm(0.1)] for _ in range(4)]
    assert confirmed == [[0], [], [5, 0], []]
    assert not flight.busy


def test_an_item_wants_its_fence_and_waits_for_the_one_before() -> None:
    """One result per fence; the next may follow behind the fence without waiting."""
    flight = Flight()
    assert flight.may_carry_item(alone=True)
    flight.sent(item(1))
    before = flight.fence_wanted
    assert not flight.may_carry_item(alone=False)
    flight.seal(0.0)
    assert (before, flight.fence_wanted) == (True, False)
    assert flight.may_carry_item(alone=False)
    assert not flight.may_carry_item(alone=True)
    flight.confirm(0.1)
    assert flight.may_carry_item(alone=True)


def test_unanswered_fences_are_bounded() -> None:
    """A platform that does not answer gets no heap of heartbeats."""
    flight = Flight()
    for _ in range(MAX_FENCES):
        flight.seal(0.0)
    assert not flight.may_carry_item(alone=False)
    flight.sent(item(1))
    assert not flight.fence_wanted


def die(flight: Flight, *frames: Frame, blame: bool = True, proved: bool = True) -> Frame | None:
    """One session that ends with these frames on their way."""
    if proved:
        flight.seal(0.0)
        flight.confirm(0.1)
    for frame in frames:
        flight.sent(frame)
        flight.seal(0.2)
    return flight.end(blame=blame)


def test_what_dies_a_third_time_alone_is_guilty() -> None:
    """Two deaths make it suspect, the third one alone proves it."""
    flight = Flight()
    assert die(flight, piece(0, 5), item(1)) is None
    assert die(flight, item(1)) is None
    assert flight.suspected(item(1))
    assert not flight.suspected(piece(0, 5))
    assert die(flight, item(1)) == item(1)


def test_clean_ends_blame_nobody() -> None:
    """A platform that restarts three times has rejected nothing."""
    flight = Flight()
    for _ in range(5):
        assert die(flight, item(1), blame=False) is None
    assert not flight.suspects


def test_a_session_that_never_answered_proves_nothing() -> None:
    """A line that breaks at once, again and again, is no fault of the result."""
    flight = Flight()
    for _ in range(5):
        assert die(flight, item(1), proved=False) is None


def test_a_suspect_without_its_fence_is_not_proved_guilty() -> None:
    """A rejected write kills at the next heartbeat; before it, the line has failed."""
    flight = Flight()
    die(flight, item(1))
    die(flight, item(1))
    flight.seal(0.0)
    flight.confirm(0.1)
    flight.sent(item(1))
    assert flight.end(blame=True) is None
    assert die(flight, item(1)) == item(1)


def test_a_suspect_goes_only_when_nothing_else_is_on_its_way() -> None:
    """Not even an unanswered fence, and nothing joins it."""
    flight = Flight()
    die(flight, item(1))
    die(flight, item(1))
    assert not flight.clear_for_suspect()  # the session has not answered yet
    flight.seal(0.0)
    assert not flight.clear_for_suspect()
    flight.confirm(0.1)
    assert flight.clear_for_suspect()
    flight.sent(item(1))
    assert flight.carries_suspect()
    assert flight.fence_wanted


def test_a_budgeted_log_is_fenced_before_a_repeat_costs_much() -> None:
    """Each byte that goes twice takes from the same limit: 8 KiB unconfirmed want a fence."""
    flight = Flight()
    flight.sent(Frame(1, "{}", 2, 0, Place(5), cost=FENCE_AFTER - 1))
    assert not flight.fence_wanted
    flight.sent(Frame(1, "{}", 2, 5, Place(6), cost=1))
    assert flight.fence_wanted


def test_a_frame_that_only_clears_the_session_is_never_suspected() -> None:
    """It stands for nothing: neither an item nor a piece of log."""
    flight = Flight()
    die(flight, piece(0, 5), item(1))
    die(flight, piece(0, 5), item(1))
    assert flight.suspected(piece(0, 5))
    assert not flight.suspected(Frame(1, " ", 2, 0, None))
