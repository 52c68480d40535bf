"""What a browser is told live: the stream of one suite's accepted log frames (5)."""

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from app.demo.record import Record
from app.i18n import _

WAIT = 10.0  # seconds
MAX_UNREAD = 10_000  # messages; the oldest go first
CONNECTED = {"type": "connected", "message": "连接成功"}


class ClientStream:
    """One open page; use it with `with`, or call `close`."""

    def __init__(self, record: Record, leave: Callable[["ClientStream"], object]) -> None:
        self.unread: deque[dict[str, Any]] = deque([dict(CONNECTED)], maxlen=MAX_UNREAD)
        self._record = record
        self._leave = leave

    async def next(self, timeout: float = WAIT) -> dict[str, Any]:  # noqa: ASYNC109 (the caller's limit, with a telling error)
        """Return the next message, the greeting first. Raises TimeoutError."""
        await self._record.wait_for(lambda: bool(self.unread), timeout, _("the next message"))
        return self.unread.popleft()

    def close(self) -> None:
        """Hear nothing more."""
        self._leave(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Streams:
    """All open streams."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._open: dict[ClientStream, str] = {}

    def open(self, suite_id: str) -> ClientStream:
        """Open a stream for one suite."""
        stream = ClientStream(self._record, lambda gone: self._open.pop(gone, None))
        self._open[stream] = suite_id
        return stream

    def push(self, suite_id: str, data: dict[str, Any]) -> None:
        """Tell everyone who watches the suite of one stored log frame."""
        message = {"type": "test_suite_log", "suite_id": suite_id, "data": data}
        for stream, watched in self._open.items():
            if watched == suite_id:
                stream.unread.append(message)
