"""How large a job's log may grow: past the limit only the last part is kept, in memory."""

from collections import deque
from typing import NamedTuple

from app.journal.lines import Kind

LOG_LIMIT = 2**30  # bytes of output that a job's log file takes (task.max_log_bytes)
LOG_TAIL = 2**20  # bytes of output kept from what comes after that
JOINED = 256  # the tail's share up to which small pieces become one: each costs 100 bytes more
MAX_PIECES = 8192  # so many are kept at most, where both streams alternate in small pieces


class Piece(NamedTuple):
    """A piece of a job's log on its way to the file."""

    text: str
    kind: Kind
    at: float  # epoch seconds
    size: int  # bytes of the child's output that it stands for; 0 for a remark


class Ceiling:
    """Lets output through up to `limit` bytes, then keeps the last `tail` bytes of the rest.

    What is joined there has the time of its first piece.
    """

    def __init__(self, limit: int = LOG_LIMIT, tail: int = LOG_TAIL) -> None:
        self.limit = limit
        self._room = limit
        self._tail = tail
        self._joined = tail // JOINED  # bytes
        self._kept: deque[Piece] = deque()
        self._kept_size = 0
        self.left_out = 0  # bytes that neither the file nor the tail holds
        self.reached = False

    def admits(self, piece: Piece) -> bool:
        """Return True when the piece may go to the file; otherwise it is kept or dropped here."""
        if not self.reached and piece.size <= self._room:
            self._room -= piece.size
            return True
        self.reached = True
        self._keep(piece)
        return False

    def rest(self) -> list[Piece]:
        """Return and forget the last part, for the end of the log."""
        kept, self._kept, self._kept_size = list(self._kept), deque(), 0
        return kept

    def _keep(self, piece: Piece) -> None:
        self._kept_size += piece.size
        last = self._kept[-1] if self._kept else None
        if last and last.kind is piece.kind and last.size + piece.size <= self._joined:
            text, size = last.text + piece.text, last.size + piece.size
            self._kept[-1] = last._replace(text=text, size=size)
            return
        self._kept.append(piece)
        while len(self._kept) > 1 and self._too_much():
            dropped = self._kept.popleft().size
            self._kept_size -= dropped
            self.left_out += dropped

    def _too_much(self) -> bool:
        return self._kept_size > self._tail or len(self._kept) > MAX_PIECES
