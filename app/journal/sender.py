"""Whose turn it is and what goes now: the frames of one session, one hand-over at a time."""

import logging
from collections.abc import Callable

from app.errors import JournalError
from app.i18n import _
from app.journal.backlog import Backlog
from app.journal.flight import Flight
from app.journal.reader import BROKEN, LogGoneError, Reader
from app.journal.records import OwedKind, StoredItem
from app.journal.stream import Frame, Place, Stream
from app.journal.window import MIN_BYTES

log = logging.getLogger(__name__)

RETRY_READ = 5.0  # seconds until a log that could not be read is tried again


class Sender:
    """Takes from the backlog what the flight has room for; `set_aside` gets what never goes."""

    def __init__(
        self,
        backlog: Backlog,
        flight: Flight,
        reader: Reader,
        set_aside: Callable[[Frame, str], None],
    ) -> None:
        self.heartbeat_wanted = False  # a suite has something to say behind the next one
        self._backlog = backlog
        self._flight = flight
        self._reader = reader
        self._set_aside = set_aside
        self._session = 0  # counts, so that a read notices the end of its session
        self._unseen: list[Stream] = []  # suites that no heartbeat has followed yet

    def add(self, stream: Stream) -> None:
        """Take note of a new job."""
        if stream.execution is not None:
            self._unseen.append(stream)

    def begin(self) -> None:
        """A session begins or ends."""
        self._session += 1
        self._unseen = [one for one in self._backlog.current() if one.execution is not None]

    def sealed(self) -> None:
        """A heartbeat was handed to the socket."""
        for stream in self._unseen:
            stream.seen = True
        self._unseen.clear()
        self.heartbeat_wanted = False

    async def next_frames(self, now: float) -> tuple[str, ...]:
        """Return what goes next, counted as sent; nothing when nothing is due or may go now.

        Of several frames each goes right behind the one before: no heartbeat between them.
        """
        self._flight.blocked = self.heartbeat_wanted = False
        session = self._session
        for stream in self._whose_turn(now):
            frames = await self._next_of(stream, now)
            if session != self._session:
                return ()
            if frames:
                return tuple(self._note_sent(stream, frame) for frame in frames)
        return ()

    def _whose_turn(self, now: float) -> list[Stream]:
        if not self._flight.suspects:
            return self._backlog.due(now)
        if self._flight.carries_suspect():
            self._flight.blocked = True
            return []
        suspects = filter(self._flight.next_suspected, self._backlog.all_due(now))
        suspect = next(suspects, None)
        if suspect is None:
            return self._backlog.due(now)
        self._flight.blocked = not self._flight.clear_for_suspect()
        return [] if self._flight.blocked else [suspect]

    def _may_speak(self, stream: Stream) -> bool:
        """Tell whether the platform knows this suite, and we its time zone.

        Its view of its database is older than the suite until a heartbeat (8.1).
        """
        if stream.execution is None or (stream.seen and self._flight.proved):
            return True
        self._flight.blocked = True
        self.heartbeat_wanted = self.heartbeat_wanted or not stream.seen
        return False

    async def _next_of(self, stream: Stream, now: float) -> tuple[Frame, ...]:
        """Return the next frames of this job if they may go; reads its log for that."""
        session = self._session
        while session == self._session and self._may_speak(stream):
            item = stream.item_at(now)
            if (
                item is not None
                and item.kind is OwedKind.CASE_RESULT
                and stream.waits_for_line(now)
            ):
                return ()
            if item is not None:
                frames = await self._item_frames(stream, item, now)
                if session != self._session:
                    break
                if frames and not frames[0].text:
                    self._note_sent(stream, frames[0])  # there is no room for it any more
                    continue
                if frames or item.kind is not OwedKind.CASE_RESULT or self._flight.suspects:
                    return frames
            if stream.ready:
                if stream.ready[0].text:
                    return self._if_room(stream.ready[0])
                self._note_sent(stream, stream.ready[0])  # passed over, nothing to send
                continue
            if not stream.readable(now) or not self._room_to_read():
                return ()
            await self._read(stream, now)
        return ()

    def _if_room(self, frame: Frame) -> tuple[Frame, ...]:
        if self._flight.window.may_send(frame.size):
            return (frame,)
        self._flight.blocked = True
        return ()

    def _room_to_read(self) -> bool:
        if self._flight.window.may_send(MIN_BYTES):
            return True
        self._flight.blocked = True
        return False

    def _note_sent(self, stream: Stream, frame: Frame) -> str:
        text = self._reader.text_of(frame)
        stream.sent(frame)
        self._flight.sent(frame)
        self._backlog.served(stream)
        return text

    async def _item_frames(self, stream: Stream, item: StoredItem, now: float) -> tuple[Frame, ...]:
        alone = item.kind is OwedKind.SUITE_COMPLETED
        if not self._flight.may_carry_item(alone=alone):
            self._flight.blocked = True
            return ()
        try:
            frame = await self._reader.item(stream, item)
        except JournalError as why:
            log.warning(_("a result of job %s cannot go now: %s"), stream.job_id, why)
            stream.retry_at = now + RETRY_READ
            return ()
        except BROKEN as why:
            broken = Frame(stream.key, "", 0, 0, None, item.seq)
            self._set_aside(broken, _("the journal's entry cannot be read ({why})").format(why=why))
            return ()
        frames = self._if_room(frame)
        if item.kind is not OwedKind.CASE_RESULT or not frames or self._flight.suspected(frame):
            return frames
        return (frame, *await self._cure(stream, now))

    async def _cure(self, stream: Stream, now: float) -> list[Frame]:
        """Return a log frame to follow a result: it clears the platform's session (8.3).

        What the log has anyway goes, however little it is, or a frame that says nothing.
        """
        if stream.execution is not None and not stream.ready and stream.log_due_at is not None:
            await self._read(stream, now)
        if stream.ready and stream.ready[0].text and not self._flight.suspected(stream.ready[0]):
            return [stream.ready[0]]
        return await self._reader.cure(stream)

    async def _read(self, stream: Stream, now: float) -> None:
        """Cut the next piece of the log into frames."""
        session = self._session
        try:
            cut = await self._reader.next_cut(stream, self._flight.window.limit)
        except JournalError as why:
            log.warning(_("the log of job %s cannot go now: %s"), stream.job_id, why)
            stream.retry_at = now + RETRY_READ
        except LogGoneError:
            if session == self._session:
                self._log_lost(stream)
        else:
            if session == self._session:
                stream.pace.spend(now)
                stream.take(cut)

    def _log_lost(self, stream: Stream) -> None:
        lost = Frame(stream.key, "", 0, stream.read.offset, Place(stream.length))
        stream.read = Place(stream.length)
        self._set_aside(lost, _("the log file is gone or was shortened"))
