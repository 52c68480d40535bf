"""Pieces of a job's log become frames. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.journal.lines import Run, line_left_open, split_runs, whole_characters
from app.journal.stream import Cut, Frame, Place, Stream
from app.journal.suite_text import render, text_bytes
from app.protocol.messages import JobLog, Outgoing, SuiteLog

BATCH_FRAMES = 16  # runs of a batch where stdout and stderr alternate; the last takes the rest
UNSPLIT_BYTES = 512  # so little log is never split, however it inflates


@dataclass(frozen=True, slots=True)
class Cutter:
    """Makes frames of log pieces; `limit` bounds a frame in bytes on the wire."""

    encode: Callable[[Outgoing], str]
    zone: tzinfo
    limit: int

    def cut(self, stream: Stream, data: bytes) -> Cut:
        """Make frames of the piece that begins at `stream.read`."""
        begin = stream.read
        frames = list(self._frames(stream, data, begin))
        end = Place(begin.offset + len(data), line_left_open(data, begin.inside))
        if not frames:  # the newline of a line whose text was sent before
            frames = [Frame(stream.key, "", 0, begin.offset, end)]
        return Cut(frames, end)

    def suite_frame(self, stream: Stream, draft: SuiteLog, start: int, end: Place | None) -> Frame:
        """Return a log frame of a suite; its sending time is set when it is handed over."""
        size = wire_size(self.encode(draft))
        cost = 0 if stream.budget is None else log_cost(draft)
        return Frame(stream.key, draft.text, size, start, end, cost=cost, draft=draft)

    def _frames(self, stream: Stream, data: bytes, begin: Place) -> Iterator[Frame]:
        place = begin
        inside = None if begin.inside is None else begin.inside.kind
        for run in split_runs(data, inside, BATCH_FRAMES):
            raw = data[run.start : run.end]
            frame = self._frame(stream, run, raw, place)
            if frame.size > self.limit and len(raw) > UNSPLIT_BYTES:
                yield from self._halves(stream, raw, place)
            else:
                yield frame
            place = Place(place.offset + len(raw), line_left_open(raw, place.inside))

    def _frame(self, stream: Stream, run: Run, raw: bytes, place: Place) -> Frame:
        began = run.at
        if began is None and place.inside is not None:
            began = place.inside.at
        at = datetime.fromtimestamp(began or 0.0, self.zone)
        end = Place(place.offset + len(raw), line_left_open(raw, place.inside))
        if stream.execution is not None:
            text = render(raw, self.zone, inside=place.inside is not None)
            draft = stream.execution.says(text, run.level)
            return self.suite_frame(stream, draft, place.offset, end)
        closing = place.inside is not None and raw.startswith(b"\n")  # a line sent before
        offset = place.offset + closing  # where the text begins that is sent
        text = self.encode(JobLog(stream.job_id, run.level, run.text, at, offset))
        return Frame(stream.key, text, wire_size(text), place.offset, end)

    def _halves(self, stream: Stream, raw: bytes, place: Place) -> Iterator[Frame]:
        middle = len(raw) // 2
        cut = raw.rfind(b"\n", 1, middle) + 1 or len(whole_characters(raw[:middle]))
        left, right = raw[:cut], raw[cut:]
        yield from self._frames(stream, left, place)
        then = Place(place.offset + cut, line_left_open(left, place.inside))
        yield from self._frames(stream, right, then)


def log_cost(log: SuiteLog) -> int:
    """Return what a log frame takes of its execution's budget: text and joining newline."""
    return text_bytes(log.text) + 1


def wire_size(text: str) -> int:
    """Return the bytes of a text frame."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
