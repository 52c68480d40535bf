"""Head and tail of a job's output: what the bounded `output` field of its result holds."""

from collections import deque

from app.i18n import _
from app.journal.lines import CONTINUATIONS, whole_characters

OUTPUT_LIMIT = 65_536  # bytes of UTF-8: the whole `output` field, the gap's mark included
HEAD = 32_768  # bytes kept from the beginning
GAP_MARK = 256  # bytes reserved for the line that names the gap
TAIL = OUTPUT_LIMIT - HEAD - GAP_MARK  # bytes kept from the end


class Excerpt:
    """Keeps the first and the last part of a text of any length; memory stays bounded."""

    def __init__(self) -> None:
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0  # bytes

    def add(self, text: str) -> None:
        """Take the next piece of the text."""
        data = text.encode("utf-8", "replace")
        room = HEAD - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._add_tail(data)

    def text(self) -> str:
        """Return the text, or its head and tail around a line that names the gap."""
        tail = b"".join(self._tail)
        extra = max(0, len(tail) - TAIL)
        if not self._dropped and not extra:
            return (self._head + tail).decode(errors="ignore")
        first, last = whole_characters(self._head), tail[extra:].lstrip(CONTINUATIONS)
        left_out = self._dropped + len(self._head) + len(tail) - len(first) - len(last)
        mark = _("… {count} bytes left out …").format(count=left_out)
        return f"{first.decode()}\n{mark}\n{last.decode()}"

    def _add_tail(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= TAIL:
            oldest = self._tail.popleft()
            self._tail_size -= len(oldest)
            self._dropped += len(oldest)
