"""How much may be on its way unconfirmed, and how often one job may speak. Pure."""

from collections import deque
from dataclasses import dataclass

KIB = 1024
MAX_FRAMES = 200  # unconfirmed; the platform handles about that many in a second
MAX_BYTES = 4 * KIB * KIB
START_BYTES = 256 * KIB
MIN_BYTES = 4 * KIB  # one small frame always goes
MAX_FENCES = 8  # unanswered at once
SLOW_FENCE = 2.0  # seconds: halve the window
FAST_FENCE = 1.0  # seconds: double it

BATCH_EVERY = 0.2  # seconds between two batches of one job
BATCH_BURST = 2  # batches that may go at once after a rest
BATCH_BYTES = 64 * KIB  # so much waiting is due at once


@dataclass(slots=True)
class _Load:
    """What was sent between two fences."""

    frames: int = 0
    bytes: int = 0
    sealed_at: float = 0.0


class Window:
    """Counts unconfirmed frames in bytes and adapts, so that a fence is answered in 2 s.

    A fence (heartbeat) seals what was sent since the one before; the k-th answer
    confirms the k-th seal.
    """

    def __init__(self) -> None:
        self.limit = START_BYTES
        self._sealed: deque[_Load] = deque()
        self._open = _Load()

    @property
    def frames(self) -> int:
        """Unconfirmed frames."""
        return self._open.frames + sum(load.frames for load in self._sealed)

    @property
    def bytes(self) -> int:
        """Unconfirmed bytes."""
        return self._open.bytes + sum(load.bytes for load in self._sealed)

    @property
    def room(self) -> int:
        """Bytes that may still be sent."""
        if self.frames >= MAX_FRAMES:
            return 0
        return max(0, self.limit - self.bytes)

    def may_send(self, size: int) -> bool:
        """Tell whether a frame of `size` bytes may go; alone on its way, any may."""
        return not self.frames or size <= self.room

    def sent(self, size: int) -> None:
        """Count a frame that was handed to the socket."""
        self._open.frames += 1
        self._open.bytes += size

    def fence_wanted(self) -> bool:
        """Tell whether half of the window waits for a fence."""
        return self._open.bytes * 2 >= self.limit or self._open.frames * 2 >= MAX_FRAMES

    def seal(self, now: float) -> None:
        """A fence was handed to the socket."""
        self._open.sealed_at = now
        self._sealed.append(self._open)
        self._open = _Load()

    def acked(self, now: float) -> None:
        """The oldest fence was answered."""
        load = self._sealed.popleft()
        if not load.frames:
            return
        took = now - load.sealed_at
        if took > SLOW_FENCE:
            self.limit = max(MIN_BYTES, self.limit // 2)
        elif took < FAST_FENCE and load.bytes * 4 >= self.limit:
            self.limit = min(MAX_BYTES, self.limit * 2)

    def reset(self, *, lost: bool) -> None:
        """Begin a new session; `lost`: the old one died with frames on their way."""
        if lost and self.frames:
            self.limit = max(MIN_BYTES, self.limit // 2)
        self._sealed.clear()
        self._open = _Load()


class Pace:
    """A token bucket per job: the first line at once, then a batch every 200 ms."""

    def __init__(self) -> None:
        self._full_at = 0.0  # when the bucket is, or was, full again

    @property
    def due_at(self) -> float:
        """When the next batch may go; in the past: at once."""
        return self._full_at - (BATCH_BURST - 1) * BATCH_EVERY

    def spend(self, now: float) -> None:
        """A batch goes; one that could not wait makes no debt beyond the empty bucket."""
        self._full_at = min(max(self._full_at, now), now + BATCH_EVERY) + BATCH_EVERY
