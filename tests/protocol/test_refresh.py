"""When a healthy connection is replaced (app/protocol/refresh.py)."""

from app.protocol.refresh import Refresh


def lost_and_reconnected() -> Refresh:
    """Lost silently at 0, connected again at 3."""
    refresh = Refresh()
    refresh.lost_silently(0.0)
    refresh.opened(3.0)
    return refresh


def test_idle_connection_is_refreshed_at_60_seconds() -> None:
    """As soon as nothing is in flight, about 60 s after the loss."""
    refresh = lost_and_reconnected()
    assert not refresh.due(59.9, in_flight=False)
    assert refresh.due(60.0, in_flight=False)


def test_busy_connection_is_refreshed_at_75_seconds() -> None:
    """Running jobs or not: unreachable is worse than one more reconnect."""
    refresh = lost_and_reconnected()
    assert not refresh.due(74.9, in_flight=True)
    assert refresh.due(75.0, in_flight=True)


def test_connection_opened_late_needs_no_refresh() -> None:
    """After 60 s the platform has already forgotten the old connection."""
    refresh = Refresh()
    refresh.lost_silently(0.0)
    refresh.opened(61.0)
    assert not refresh.due(1000.0, in_flight=False)


def test_the_latest_loss_counts() -> None:
    """A second silent loss moves the date."""
    refresh = lost_and_reconnected()
    refresh.lost_silently(40.0)
    refresh.opened(43.0)
    assert not refresh.due(99.9, in_flight=False)
    assert refresh.due(100.0, in_flight=False)


def test_without_a_loss_nothing_is_due() -> None:
    """A connection that never broke is left alone."""
    assert not Refresh().due(1e9, in_flight=False)
