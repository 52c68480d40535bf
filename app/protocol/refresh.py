"""When to replace a healthy connection: the platform forgets the newer one (pure).

A silently dead connection is discovered by the platform 40 to 50 s later, and its end
then deletes the registration of the connection that replaced it; nothing on the wire
tells the agent. Only a further, fresh connection cures it (docs/protocol.md 8.4, 0.9).
"""

FORGOTTEN_AFTER = 60.0  # seconds after the loss: by then the platform has found out
REFRESH_AT_LATEST = 75.0  # seconds after the loss, whatever is in flight


class Refresh:
    """Remembers the last silent loss; monotonic seconds."""

    def __init__(self) -> None:
        self._lost_at: float | None = None

    def lost_silently(self, now: float) -> None:
        """The platform may still hold a registration of a connection that is gone."""
        self._lost_at = now

    def opened(self, now: float) -> None:
        """A new connection stands; one opened late enough needs no further one."""
        if self._lost_at is not None and now >= self._lost_at + FORGOTTEN_AFTER:
            self._lost_at = None

    @property
    def pending(self) -> bool:
        """True while the platform may still find a dead connection and forget the newer one."""
        return self._lost_at is not None

    def due(self, now: float, *, in_flight: bool) -> bool:
        """True when the present connection should be closed and made anew."""
        if self._lost_at is None:
            return False
        limit = REFRESH_AT_LATEST if in_flight else FORGOTTEN_AFTER
        return now >= self._lost_at + limit
