"""A child's bytes → text → stamped lines in the job's log, on disk before anything else."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from app.errors import JournalError
from app.i18n import _
from app.jobs.ceiling import Ceiling, Piece
from app.jobs.decoder import Decoder
from app.jobs.excerpt import Excerpt
from app.jobs.masking import MaskedText, Values
from app.jobs.process import Stream
from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.redaction import Redactor

log = logging.getLogger(__name__)

MEMORY_LIMIT = 2**20  # bytes not on disk yet: more pause the child's pipes
RESUME_AT = MEMORY_LIMIT // 2  # bytes: fewer let them flow again
RECENT = 4096  # characters of output kept for a case that brings none of its own
NOTE_AFTER = 0.005  # seconds that a remark may wait for output to go with
PARTIAL_AFTER = 0.2  # seconds: a line that has not ended by then is logged as far as it is

KIND_OF = {Stream.OUT: Kind.OUT, Stream.ERR: Kind.ERR}


class Pipes(Protocol):
    """What back-pressure acts on: a running child."""

    def pause_output(self) -> None:
        """Stop reading both pipes."""

    def resume_output(self) -> None:
        """Read them again."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a job's output goes: its log file, and who hears that the file grew."""

    log: JobLog
    grew: Callable[[int, bytes], None]  # the file's new length and its last bytes, once on disk


class Output:
    """Joins stdout, stderr and the agent's remarks of one job into its log file.

    Complete lines go at once, a partial line after PARTIAL_AFTER. One append is under way at
    a time; what comes meanwhile is the next one. A disk that cannot take it never ends the
    job: what was lost is counted and named in the log as soon as it works again.
    """

    def __init__(
        self,
        sink: Sink,
        encodings: Sequence[str],
        clock: Callable[[], float],
        *,
        redactor: Redactor | None = None,
        ceiling: Ceiling | None = None,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._redactor = Redactor() if redactor is None else redactor
        self._ceiling = Ceiling() if ceiling is None else ceiling
        values = Values(self._redactor, partial(self.note, kind=Kind.WARN))
        self._masked = {kind: MaskedText(values) for kind in KIND_OF.values()}
        self._held_back = dict.fromkeys(self._masked, 0)  # bytes of which nothing is shown yet
        self._decoders = {kind: Decoder(encodings) for kind in KIND_OF.values()}
        self._writer = LineWriter()
        self._excerpt = Excerpt()
        self._recent = ""
        self._pending: list[Piece] = []
        self._unwritten = 0  # bytes pending and under way
        self._appending: asyncio.Future[int] | None = None
        self._lost = 0  # bytes that the disk did not take and the log does not name yet
        self._why_lost = ""
        self._bug: BaseException | None = None
        self._pipes: Pipes | None = None
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._note_timer: asyncio.TimerHandle | None = None

    @property
    def behind(self) -> bool:
        """True while the child's pipes are paused because the disk is slower."""
        return self._paused

    @property
    def length(self) -> int:
        """Bytes of the log that are on disk."""
        return self._sink.log.length

    def attach(self, pipes: Pipes) -> None:
        """Let back-pressure reach the child."""
        self._pipes = pipes
        self._paused = False

    def feed(self, stream: Stream, data: bytes) -> None:
        """Take bytes of the child."""
        kind = KIND_OF[stream]
        decoder = self._decoders[kind]
        size = decoder.held + len(data)
        text = self._masked[kind].feed(decoder.feed(data))
        self._show(text, kind, size - decoder.held)
        if decoder.held and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PARTIAL_AFTER, self._take_partial_lines)

    def note(self, text: str, kind: Kind = Kind.NOTE) -> None:
        """Write a remark of the agent, whole lines, where the log stands now.

        Nobody waits for it: it goes with the next output, or alone after NOTE_AFTER.
        """
        self._pending.append(self._remark(text, kind))
        if self._note_timer is None:
            loop = asyncio.get_running_loop()
            self._note_timer = loop.call_later(NOTE_AFTER, self._pump)

    def mark_recent(self) -> None:
        """Begin anew what `recent_tail` returns."""
        self._recent = ""

    def recent_tail(self) -> str:
        """Return the end of what was printed since the last `mark_recent`, whole lines."""
        _cut, newline, lines = self._recent.partition("\n")
        return lines if newline and len(self._recent) >= RECENT else self._recent

    def excerpt(self) -> str:
        """Return the bounded `output` field of the result."""
        return self._excerpt.text()

    async def settle(self) -> None:
        """Wait until nothing is under way to the disk; raises only what is a bug, and once."""
        while self._appending is not None:
            await asyncio.wait([self._appending])
        bug, self._bug = self._bug, None
        if bug is not None:
            raise bug

    async def end(self, last_words: str, kind: Kind) -> None:
        """Write what is still held, then a last remark.

        What is submitted to the journal after this comes after it on the disk too; `settle`
        waits for it.
        """
        for held_kind, decoder in self._decoders.items():
            size, masked = decoder.held, self._masked[held_kind]
            text = masked.feed(decoder.flush()) + masked.flush()
            self._show(text, held_kind, size)
        await self.settle()  # a bug makes these last words wrong: then they are not said
        self._pending.extend(self._rest())
        self._pending.append(self._remark(last_words, kind))
        self._pump()
        if self._lost:  # there may be room for the line that says so
            await self.settle()
            self._append([])
            await self.settle()

    async def close(self) -> None:
        """Close the file; safe to repeat."""
        for timer in (self._timer, self._note_timer):
            if timer is not None:
                timer.cancel()
        try:
            await self._sink.log.close()
        except JournalError as why:
            log.warning(_("a job's log cannot be closed: %s"), why)

    def _take_partial_lines(self) -> None:
        self._timer = None
        for kind, decoder in self._decoders.items():
            size, text = decoder.held, self._masked[kind].partial(decoder.partial())
            self._show(text, kind, size - decoder.held)

    def _show(self, text: str, kind: Kind, size: int) -> None:
        """Take what may be shown; the `size` of what is held back goes with the next text."""
        size += self._held_back[kind]
        self._held_back[kind] = 0 if text else size
        if text:
            self._take(Piece(text, kind, self._clock(), size))

    def _take(self, piece: Piece) -> None:
        self._excerpt.add(piece.text)
        self._recent = (self._recent + piece.text[-RECENT:])[-RECENT:]
        reached = self._ceiling.reached
        if self._ceiling.admits(piece):
            self._pending.append(piece)
            self._unwritten += piece.size
        elif not reached:
            text = _("The log is full at {limit} bytes; of what follows the last part is kept.")
            self._pending.append(self._remark(text.format(limit=self._ceiling.limit), Kind.WARN))
        self._pump()
        if self._unwritten > MEMORY_LIMIT:
            self._pause()

    def _rest(self) -> list[Piece]:
        """Return the end of an output that went past the ceiling."""
        if not self._ceiling.reached:
            return []
        text = _("{count} bytes of output are left out here.").format(count=self._ceiling.left_out)
        return [self._remark(text, Kind.WARN), *self._ceiling.rest()]

    def _remark(self, text: str, kind: Kind) -> Piece:
        return Piece(self._redactor.mask(text) + "\n", kind, self._clock(), 0)

    def _pump(self) -> None:
        """Hand on what is pending, unless the append before it is still under way."""
        if self._note_timer is not None:
            self._note_timer.cancel()
            self._note_timer = None
        if self._appending is None and self._pending:
            pieces, self._pending = self._pending, []
            self._append(pieces)

    def _append(self, pieces: list[Piece]) -> None:
        before = self._writer.open_kind
        if self._lost:
            text = _("{count} bytes of output are missing here: {why}")
            text = text.format(count=self._lost, why=self._why_lost)
            pieces = [self._remark(text, Kind.WARN), *pieces]
        data = b"".join([self._writer.write(text, kind, at) for text, kind, at, _size in pieces])
        self._appending = self._sink.log.append(data)
        size = sum(piece.size for piece in pieces)
        self._appending.add_done_callback(partial(self._appended, before, data, size))

    def _appended(
        self, before: Kind | None, data: bytes, size: int, future: asyncio.Future[int]
    ) -> None:
        self._appending = None
        self._unwritten -= size
        match future.exception():
            case None:
                self._lost = 0
                self._sink.grew(future.result(), data)
            case JournalError() as why:
                self._writer.open_kind = before  # nothing of it is in the file
                self._lose(size, why)
            case bug:
                self._bug = bug
        if self._unwritten < RESUME_AT:
            self._resume()
        self._pump()

    def _lose(self, size: int, why: JournalError) -> None:
        if not self._lost:
            log.error(_("a job's log cannot be written: %s"), why)
        self._lost += size
        self._why_lost = why.cause

    def _pause(self) -> None:
        if self._pipes is not None and not self._paused:
            self._paused = True
            self._pipes.pause_output()

    def _resume(self) -> None:
        if self._pipes is not None and self._paused:
            self._paused = False
            self._pipes.resume_output()
