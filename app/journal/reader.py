"""What may go next, made into frames: a piece of a log, or an item, as the budget allows."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TypeVar

from app.errors import JournalError
from app.i18n import _
from app.journal.budget import CURE_ABOVE, LONG_LINE, Budget
from app.journal.cutter import Cutter, log_cost, wire_size
from app.journal.joblog import read_piece, read_tail
from app.journal.lines import STAMP_BYTES, whole_characters
from app.journal.records import OwedKind, StoredItem
from app.journal.store import Store
from app.journal.stream import Cut, Frame, Place, Stream, item_message
from app.journal.suite_text import ending, neutral, stamp_in, text_bytes
from app.journal.window import KIB, MIN_BYTES
from app.journal.worker import Worker
from app.protocol.messages import Outgoing, SuiteLog

PIECE_BYTES = 128 * KIB  # log read for one batch
MIN_PIECE = 2 * KIB
FRAME_BYTES = 256 * KIB  # largest log frame on the wire
SUITE_FRAME_BYTES = 60 * KIB  # the same for a suite: one column of the platform holds it
T = TypeVar("T")

CURE = " "  # no line, but an empty text might be passed over there
BROKEN = (KeyError, TypeError, ValueError, AttributeError)  # by an item that is no such item


class LogGoneError(Exception):
    """The log file is gone or was shortened."""


class Reader:
    """Reads for the outbox; every wait for the disk is here. `zone` is the platform's."""

    def __init__(
        self,
        store: Store,
        worker: Worker,
        encode: Callable[[Outgoing], str],
        clock: Callable[[], float],
    ) -> None:
        self.zone: tzinfo = UTC
        self._store = store
        self._worker = worker
        self._encode = encode
        self._clock = clock

    async def next_cut(self, stream: Stream, window: int) -> Cut:
        """Return the next piece of a log; `window` is its present limit in bytes.

        Without frames: there is no room for more before the end of the log is known.
        JournalError when it cannot be read, or counted, now; LogGoneError for ever.
        """
        size = max(MIN_PIECE, min(PIECE_BYTES, window // 2 - KIB))
        largest = FRAME_BYTES if stream.execution is None else SUITE_FRAME_BYTES
        cutter = Cutter(self._encode, self.zone, max(MIN_BYTES, min(largest, window)))
        if stream.budget is None:
            return cutter.cut(stream, await self._piece(stream, size))
        cut = await self._affordable(stream, stream.budget, cutter, size)
        await self._promise(stream, cut.cost)
        return cut

    async def item(self, stream: Stream, item: StoredItem) -> Frame:
        """Return the frame of an item; without text when its log budget has no room for it.

        JournalError when it cannot be read, or counted, now; one of BROKEN for ever.
        """
        message = await self._message(item)
        cost = 0
        if isinstance(message, SuiteLog) and stream.budget is not None:
            cost = log_cost(message)
            if cost > stream.budget.left:
                return Frame(stream.key, "", 0, 0, None, item.seq)
            await self._promise(stream, cost)
        text = self._encode(message)
        return Frame(stream.key, text, wire_size(text), 0, None, item.seq, cost)

    async def cure(self, stream: Stream) -> list[Frame]:
        """Return a log frame that says nothing but clears the platform's session (8.3).

        No frame when there is hardly any log budget left, or it cannot be counted now.
        """
        if stream.execution is None:
            return []
        cutter = Cutter(self._encode, self.zone, MIN_BYTES)
        frame = cutter.suite_frame(stream, stream.execution.says(CURE), 0, None)
        if stream.budget is not None:
            if stream.budget.left - _waiting(stream) < CURE_ABOVE:
                return []
            try:
                await self._promise(stream, frame.cost)
            except JournalError:
                return []
        return [frame]

    def text_of(self, frame: Frame) -> str:
        """Return what is handed to the socket now."""
        if frame.draft is None:
            return frame.text
        at = datetime.fromtimestamp(self._clock(), self.zone)
        return self._encode(replace(frame.draft, at=at))

    # --------------------------------------------------------------------------- inside

    async def _message(self, item: StoredItem) -> Outgoing:
        whole = item if item.body is not None else await self._store.item(item.seq)
        if whole is None or whole.body is None:
            raise KeyError(item.seq)
        return item_message(whole.kind, whole.body, self.zone, self._clock())

    async def _piece(self, stream: Stream, size: int) -> bytes:
        if stream.tail and len(stream.tail) <= size:
            return _share(stream, stream.tail)
        data = await self._from_file(read_piece, stream, size)
        if not data:
            raise LogGoneError
        return _share(stream, data)

    async def _from_file(
        self, read: Callable[[Path, int, int, int], T], stream: Stream, size: int
    ) -> T:
        start, end = stream.read.offset, stream.length
        try:
            return await self._worker.submit(read, stream.log, start, end, size)
        except JournalError as why:
            if isinstance(why.__cause__, FileNotFoundError):
                raise LogGoneError from why
            raise

    async def _promise(self, stream: Stream, cost: int) -> None:
        """Count durably what is about to go: a crash may count too much, never too little."""
        budget = stream.budget
        count = 0 if budget is None else budget.shortfall(_waiting(stream) + cost)
        if budget is not None and count:
            await self._store.spend(stream.key, count)
            budget.promised += count

    async def _affordable(self, stream: Stream, budget: Budget, cutter: Cutter, size: int) -> Cut:
        """Return the next frames for which there is room; at the end of the log what is left."""
        words = await self._last_words(stream) if stream.finished else 0
        room = _room(stream, budget, 2 * words + self._notice_cost(stream))
        cut = _fit(cutter, stream, await self._piece(stream, size), room) if room else None
        if cut is not None:
            return cut
        stream.muted = True
        if not stream.finished:
            return Cut([], stream.read)
        return await self._last_cut(stream, budget, cutter, words)

    async def _last_cut(self, stream: Stream, budget: Budget, cutter: Cutter, words: int) -> Cut:
        """Return one frame for all that is left: how much stays out, and the last lines.

        It leaves room to say the last words and the bare notice twice.
        """
        start, end = stream.read.offset, Place(stream.length)
        notice = self._notice_cost(stream)
        if stream.execution is None or budget.left < words + notice:
            return Cut([Frame(stream.key, "", 0, start, end)], end)
        space = max(0, budget.left - 2 * words - 2 * notice)
        data, inside = await self._from_file(read_tail, stream, space)
        shown, at, text = ending(data, inside, self.zone, space)
        said = self._notice(stream, end.offset - start - shown)
        said = said if at is None else f"{stamp_in(at, self.zone)} {said}"
        draft = stream.execution.says(f"{said}\n{text}" if text else said)
        return Cut([cutter.suite_frame(stream, draft, start, end)], end)

    async def _last_words(self, stream: Stream) -> int:
        """Return what the log items that follow the log take of its budget."""
        total = 0
        for item in [item for item in stream.items.values() if item.kind is OwedKind.SUITE_LOG]:
            with suppress(*BROKEN):  # it will be set aside in its turn
                message = await self._message(item)
                total += log_cost(message) if isinstance(message, SuiteLog) else 0
        return total

    def _notice(self, stream: Stream, count: int) -> str:
        text = _("… {count} bytes of this log are not shown here; the whole log is in {path}")
        return neutral(text.format(count=count, path=stream.log))

    def _notice_cost(self, stream: Stream) -> int:
        """Return what the notice takes at most, with its stamp and a newline."""
        return text_bytes(self._notice(stream, stream.length)) + STAMP_BYTES + 2


def _share(stream: Stream, data: bytes) -> bytes:
    """Leave lines for the other results that wait: a log frame is to follow each of them."""
    if stream.next_item is None:
        return data
    newline = data.find(b"\n", max(0, len(data) // len(stream.unsent) - 1))
    return data[: newline + 1] or data


def _waiting(stream: Stream) -> int:
    """Return the budget of what is cut but not handed over."""
    return sum(frame.cost for frame in stream.ready)


def _room(stream: Stream, budget: Budget, after: int) -> int:
    """Return the budget for the next piece of the log; `after`: kept for what follows it all."""
    if stream.finished:
        final = budget.left - _waiting(stream) - after
        if stream.pending <= final:
            return final
    return 0 if stream.muted else max(0, budget.live - _waiting(stream))


def _fit(cutter: Cutter, stream: Stream, data: bytes, room: int) -> Cut | None:
    """Return as much of `data` as there is room for: whole lines, or much of a long one."""
    cut = cutter.cut(stream, data)
    while cut.cost > room:
        data = _shorter(data, len(data) * room // cut.cost)
        if not data:
            return None
        cut = cutter.cut(stream, data)
    return cut


def _shorter(data: bytes, size: int) -> bytes:
    newline = data.rfind(b"\n", 0, size)
    if newline < 0 and size < LONG_LINE:
        return b""
    return data[: newline + 1] or whole_characters(data[:size])
