"""Tests of the window and the pace."""

from hypothesis import given
from hypothesis import strategies as st

from app.journal.window import (
    BATCH_EVERY,
    KIB,
    MAX_BYTES,
    MAX_FRAMES,
    MIN_BYTES,
    START_BYTES,
    Pace,
    Window,
)


def fenced(window: Window, size: int, took: float) -> None:
    window.sent(size)
    window.seal(0.0)
    window.acked(took)


def test_a_slow_fence_halves_the_window_down_to_one_small_frame() -> None:
    """On a slow link the window shrinks until a fence gets through in time."""
    window = Window()
    for _ in range(20):
        fenced(window, MIN_BYTES, took=2.5)
    assert window.limit == MIN_BYTES


def test_a_fast_full_fence_doubles_the_window_up_to_its_bound() -> None:
    """A fast platform gets a wide window."""
    window = Window()
    for _ in range(10):
        fenced(window, window.limit, took=0.1)
    assert window.limit == MAX_BYTES


def test_an_idle_fence_proves_nothing() -> None:
    """Heartbeats behind little or nothing leave the window as it is."""
    window = Window()
    window.seal(0.0)
    window.acked(0.1)
    fenced(window, 100, took=0.1)
    assert window.limit == START_BYTES


def test_a_fence_in_between_changes_nothing() -> None:
    """Between 1 s and 2 s the window is right."""
    window = Window()
    fenced(window, START_BYTES, took=1.5)
    assert window.limit == START_BYTES


def test_half_a_window_wants_a_fence() -> None:
    """The other half is sent while the first waits for its answer."""
    window = Window()
    window.sent(START_BYTES // 2 - 1)
    assert not window.fence_wanted()
    window.sent(1)
    assert window.fence_wanted()
    window.seal(0.0)
    assert not window.fence_wanted()


def test_a_full_window_lets_nothing_pass_until_the_answer() -> None:
    """What is unconfirmed is bounded in bytes."""
    window = Window()
    window.sent(START_BYTES - 10)
    assert window.may_send(10)
    assert not window.may_send(11)
    window.seal(0.0)
    assert not window.may_send(11)
    window.acked(1.5)
    assert window.may_send(11)


def test_frames_are_bounded_too() -> None:
    """The platform handles few frames a second, whatever their size."""
    window = Window()
    for _ in range(MAX_FRAMES):
        assert window.may_send(1)
        window.sent(1)
    assert window.fence_wanted()
    assert not window.may_send(1)


def test_one_frame_always_goes_when_nothing_is_on_its_way() -> None:
    """A result larger than the window is not stuck for ever."""
    assert Window().may_send(10 * MAX_BYTES)


def test_a_session_lost_with_frames_halves_the_window() -> None:
    """Perhaps it was too much at once; a session that owed nothing says nothing."""
    window = Window()
    window.reset(lost=True)
    assert window.limit == START_BYTES
    window.sent(KIB)
    window.reset(lost=True)
    assert (window.limit, window.frames, window.bytes) == (START_BYTES // 2, 0, 0)


@given(st.lists(st.sampled_from(["send", "seal", "ack"]), max_size=60))
def test_the_counts_are_those_of_the_unanswered_fences(steps: list[str]) -> None:
    """The k-th answer frees what the k-th fence sealed, and the window never goes under 0."""
    window, groups = Window(), [0]
    for step in steps:
        if step == "send" and window.may_send(KIB):
            window.sent(KIB)
            groups[-1] += 1
        elif step == "seal":
            window.seal(0.0)
            groups.append(0)
        elif step == "ack" and len(groups) > 1:
            window.acked(1.5)
            groups.pop(0)
        assert (window.frames, window.bytes) == (sum(groups), sum(groups) * KIB)
        assert window.bytes <= window.limit


def test_much_output_at_once_makes_no_debt() -> None:
    """After a burst of batches that could not wait, the next line waits 200 ms, not minutes."""
    pace = Pace()
    for _ in range(1000):
        pace.spend(100.0)
    assert round(pace.due_at - 100.0, 6) == BATCH_EVERY


def test_two_batches_at_once_then_one_every_200_ms() -> None:
    """The first line goes at once, a talkative job in batches."""
    pace = Pace()
    times = []
    now = 100.0
    for _ in range(4):
        now = max(now, pace.due_at)
        pace.spend(now)
        times.append(now - 100.0)
    assert [round(at / BATCH_EVERY, 6) for at in times] == [0, 0, 1, 2]
