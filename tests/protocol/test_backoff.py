"""app/protocol/backoff.py: delays between attempts, and noticing that the computer slept."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.protocol.backoff import Backoff, ClockWatch


def highest(low: float, high: float) -> float:
    """Draw the longest delay."""
    assert low <= high
    return high


def test_ceilings_early() -> None:
    """In the first ten minutes the delays double from 2 s up to 10 s."""
    backoff = Backoff(highest)
    assert [backoff.next(0.0) for _ in range(7)] == [2, 2, 4, 8, 10, 10, 10]


def test_ceiling_of_a_long_outage() -> None:
    """After ten minutes the cap is 60 s, counted from the first loss."""
    backoff = Backoff(highest)
    backoff.lost(100.0)
    for _ in range(20):
        backoff.next(100.0)
    assert backoff.next(699.9) == 10
    assert backoff.next(700.0) == 60


def test_first_loss_begins_the_outage() -> None:
    """Later losses do not move the outage's beginning."""
    backoff = Backoff(highest)
    assert backoff.outage_began is None
    backoff.lost(5.0)
    backoff.lost(50.0)
    assert backoff.outage_began == 5.0


def test_only_a_stable_session_resets() -> None:
    """Losses alone go on doubling; proved_stable begins anew and ends the outage."""
    backoff = Backoff(highest)
    for now in (0.0, 10.0, 20.0):
        backoff.lost(now)
        backoff.next(now)
    assert backoff.next(30.0) == 8
    backoff.proved_stable()
    assert backoff.outage_began is None
    assert backoff.next(1000.0) == 2


def test_randomness_is_over_the_whole_range() -> None:
    """Each delay is drawn between the floor and its ceiling."""
    drawn: list[tuple[float, float]] = []

    def middle(low: float, high: float) -> float:
        drawn.append((low, high))
        return (low + high) / 2

    backoff = Backoff(middle)
    assert [backoff.next(0.0) for _ in range(4)] == [1.5, 1.5, 2.5, 4.5]
    assert drawn == [(1, 2), (1, 2), (1, 4), (1, 8)]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.randoms())
def test_every_delay_is_in_its_bounds(steps: list[float], draw: Random) -> None:
    """1 s <= delay n <= max(2 s, min(cap, 2^n s)), however long the outage lasts."""
    backoff = Backoff(draw.uniform)
    now = 0.0
    for n, step in enumerate(steps):
        cap = 10 if now < 600 else 60
        assert 1 <= backoff.next(now) <= max(2, min(cap, 2.0**n))
        now += step


def test_clock_watch_is_quiet_in_normal_life() -> None:
    """The first look and looks in time, a little drift included, are no jump."""
    watch = ClockWatch(5.0)
    assert not watch.observe(1000.0, 50.0)
    assert not watch.observe(1005.0, 55.0)
    assert not watch.observe(1012.9, 60.0)
    assert not watch.observe(1020.0, 70.0)


def test_sleep_where_the_monotonic_clock_stops() -> None:
    """Linux and macOS: the wall clock runs on, once; the next look is normal again."""
    watch = ClockWatch(5.0)
    watch.observe(1000.0, 50.0)
    assert watch.observe(9000.0, 55.0)
    assert not watch.observe(9005.0, 60.0)


def test_sleep_where_both_clocks_run_on() -> None:
    """Windows: the look itself comes more than ten seconds late."""
    watch = ClockWatch(5.0)
    watch.observe(1000.0, 50.0)
    assert not watch.observe(1015.0, 65.0)
    assert watch.observe(1030.1, 80.1)


def test_clock_set_back() -> None:
    """A wall clock set to an earlier time is a jump as well."""
    watch = ClockWatch(5.0)
    watch.observe(1000.0, 50.0)
    assert watch.observe(900.0, 55.0)


@given(st.lists(st.floats(0, 14.9), max_size=30))
def test_both_clocks_in_step_within_the_limit_never_alarm(steps: list[float]) -> None:
    """Whatever the rhythm, equal steps up to period + 10 s are normal life."""
    watch = ClockWatch(5.0)
    now = 0.0
    for step in steps:
        now += step
        assert not watch.observe(1e9 + now, now)
