"""Delays between attempts to connect, and noticing that this computer slept."""

import random
from collections.abc import Callable

STABLE_AFTER = 10.0  # s that a session with an acked fence must last to count as stable

FLOOR = 1.0  # s; reconnecting faster makes the node unreachable (docs/protocol.md 8.4)
FIRST_CEILING = 2.0  # s; the first delays are spread as well
CAP_EARLY = 10.0  # s; during the first EARLY seconds of an outage
CAP_LATE = 60.0  # s; afterwards
EARLY = 600.0  # s

CLOCK_DRIFT = 3.0  # s that wall and monotonic clock may differ between two looks
LATE_LOOK = 10.0  # s that a look may come after its period

_ENOUGH_DOUBLINGS = 6  # 2^6 s is over every cap


class Backoff:
    """Delay n = uniform(1 s, max(2 s, min(cap, 2^n s))), n from 0; it never gives up.

    `now` is monotonic seconds. The owner calls `proved_stable` when a session has lasted
    STABLE_AFTER with an acked fence; a mere connect resets nothing.
    """

    def __init__(self, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._draw = draw
        self._attempts = 0
        self._outage_began: float | None = None

    @property
    def outage_began(self) -> float | None:
        """When the present outage began; None when there is none."""
        return self._outage_began

    def lost(self, now: float) -> None:
        """Note a lost or failed connection; the first one begins the outage."""
        if self._outage_began is None:
            self._outage_began = now

    def next(self, now: float) -> float:
        """Return the seconds to wait before the next attempt."""
        self.lost(now)
        ceiling = max(FIRST_CEILING, min(self._cap(now), 2.0**self._attempts))
        self._attempts = min(self._attempts + 1, _ENOUGH_DOUBLINGS)
        return max(FLOOR, self._draw(FLOOR, ceiling))

    def proved_stable(self) -> None:
        """End the outage: the next delay is a first one again."""
        self._attempts = 0
        self._outage_began = None

    def _cap(self, now: float) -> float:
        began = now if self._outage_began is None else self._outage_began
        return CAP_EARLY if now - began < EARLY else CAP_LATE


class ClockWatch:
    """Tells from both clocks that this computer slept, stood still, or was set to another time.

    Where the monotonic clock stops during sleep (Linux, macOS) the two drift apart; where it
    runs on (Windows) the look itself comes late.
    """

    def __init__(self, period: float) -> None:
        """Expect a look every `period` seconds."""
        self._period = period
        self._last: tuple[float, float] | None = None

    def observe(self, wall: float, monotonic: float) -> bool:
        """Return True when the clocks jumped since the last look; False at the first one."""
        last, self._last = self._last, (wall, monotonic)
        if last is None:
            return False
        wall_step, step = wall - last[0], monotonic - last[1]
        return abs(wall_step - step) > CLOCK_DRIFT or step > self._period + LATE_LOOK
