"""How much log one execution may still send: the platform keeps 64 KiB of it. Pure.

A frame that would exceed its column is dropped whole (docs/protocol.md, 4.2), so every byte
ever handed to the socket counts, repeats included, and is counted in the journal before.
"""

from dataclasses import dataclass, field

from app.journal.window import KIB

RESERVE = 8 * KIB  # live output stops so far below the limit
LONG_LINE = KIB  # bytes: a line longer than the room is cut if so much of it has room
CURE_ABOVE = KIB  # bytes: with less left, no frame goes only to clear the platform's session
FENCE_AFTER = 8 * KIB  # bytes unconfirmed at most until a fence: each repeat costs budget
AHEAD = 256  # bytes counted beforehand, so that small frames need not wait for the disk


@dataclass(slots=True)
class Budget:
    """Bytes of one execution's log texts, each with the newline that joins it."""

    limit: int
    spent: int  # may have reached the platform
    promised: int = field(init=False)  # counted durably: never less than `spent`

    def __post_init__(self) -> None:
        self.promised = self.spent

    @property
    def left(self) -> int:
        """What may still go."""
        return max(0, self.limit - self.spent)

    @property
    def live(self) -> int:
        """What may still go before the end of the log is known."""
        return max(0, self.left - min(RESERVE, self.limit // 2))

    def shortfall(self, cost: int) -> int:
        """Return what must be counted durably before `cost` bytes may go."""
        if self.spent + cost <= self.promised:
            return 0
        return max(self.spent + cost, min(self.spent + cost + AHEAD, self.limit)) - self.promised
