"""Which frame kills every session? Found by what was on its way at each death. Pure.

A write that the platform's database rejects kills the session at the next heartbeat
(docs/protocol.md, 8.3), so an undeliverable item would kill every reconnect for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.journal.stream import Frame


@dataclass(slots=True)
class _Flight:
    """Items, and per job the log range, that were on their way at a death."""

    seqs: set[int] = field(default_factory=set)
    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, frame: Frame) -> None:
        if frame.seq is not None:
            self.seqs.add(frame.seq)
        elif frame.end is not None:
            start, end = self.ranges.get(frame.key, (frame.start, frame.end.offset))
            self.ranges[frame.key] = min(start, frame.start), max(end, frame.end.offset)

    def also_in(self, other: "_Flight") -> "_Flight":
        """Return what is in both."""
        common = _Flight(self.seqs & other.seqs)
        for key in self.ranges.keys() & other.ranges.keys():
            start = max(self.ranges[key][0], other.ranges[key][0])
            end = min(self.ranges[key][1], other.ranges[key][1])
            if start < end:
                common.ranges[key] = start, end
        return common


class Suspects:
    """Remembers what was unconfirmed at two deaths in a row; such a frame must go alone."""

    def __init__(self) -> None:
        self._last = _Flight()
        self._suspect = _Flight()

    def __bool__(self) -> bool:
        return bool(self._suspect.seqs or self._suspect.ranges)

    def has_item(self, seq: int) -> bool:
        """Tell whether this item must be sent alone."""
        return seq in self._suspect.seqs

    def has_log(self, key: int, start: int) -> bool:
        """Tell whether what begins at `start` of this job's log must be sent alone."""
        return key in self._suspect.ranges and start < self._suspect.ranges[key][1]

    def died(self, frames: Iterable[Frame]) -> None:
        """A session died abruptly with `frames` on their way."""
        flight = _Flight()
        for frame in frames:
            flight.add(frame)
        common = flight.also_in(self._last)
        self._suspect.seqs |= common.seqs
        for key, (start, end) in common.ranges.items():
            old = self._suspect.ranges.get(key, (start, end))
            self._suspect.ranges[key] = min(old[0], start), max(old[1], end)
        self._last = flight

    def settled(self, frame: Frame) -> None:
        """`frame` was confirmed or set aside: nothing up to its end is suspect any more."""
        for flight in (self._suspect, self._last):
            if frame.seq is not None:
                flight.seqs.discard(frame.seq)
            elif frame.end is not None and frame.key in flight.ranges:
                start, end = flight.ranges[frame.key]
                if frame.end.offset >= end:
                    del flight.ranges[frame.key]
                else:
                    flight.ranges[frame.key] = max(start, frame.end.offset), end
