"""Tests of one job's debts and of the frames made of its log."""

import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.journal.cutter import BATCH_FRAMES, UNSPLIT_BYTES, Cutter, wire_size
from app.journal.lines import Kind, LineWriter
from app.journal.records import OwedKind, StoredItem
from app.journal.stream import Place, Stream, item_message
from app.journal.window import BATCH_BYTES
from app.protocol.messages import JobResult, Level, SuiteCompleted, SuiteLog
from tests.journal.kit import NOON, encode, record_of, result

BEIJING = timezone(timedelta(hours=8))


def stream() -> Stream:
    record = record_of("job", key=7)
    return Stream(record, Place(0))


def cut(data: bytes, limit: int = 1 << 20) -> Stream:
    job = stream()
    job.length = len(data)
    job.take(Cutter(encode, BEIJING, limit).cut(job, data))
    return job


def texts(job: Stream) -> list[str]:
    return [json.loads(frame.text)["text"] for frame in job.ready if frame.text]


def test_a_frame_tells_level_offset_and_the_platforms_time() -> None:
    """`at` is the line's true time in the platform's zone, `offset` its place in the file."""
    writer = LineWriter()
    first = writer.write("one\n", Kind.OUT, NOON)
    job = cut(first + writer.write("two\n", Kind.ERR, NOON + 1))
    frames = [json.loads(frame.text) for frame in job.ready]
    assert [frame["level"] for frame in frames] == ["info", "error"]
    assert [frame["offset"] for frame in frames] == [0, len(first)]
    assert frames[0]["at"] == "2026-09-21 22:13:20+08:00"


def test_alternating_levels_make_a_bounded_number_of_frames() -> None:
    """The last frame of a batch takes the rest, with its highest level."""
    writer = LineWriter()
    kinds = [Kind.OUT, Kind.NOTE, Kind.WARN, Kind.ERR, Kind.WARN] * 20
    data = b"".join(writer.write(f"{n}\n", kind, NOON) for n, kind in enumerate(kinds))
    job = cut(data)
    assert len(job.ready) == BATCH_FRAMES
    assert json.loads(job.ready[-1].text)["level"] == Level.ERROR.value
    assert "\n".join(texts(job)).split("\n") == [str(n) for n in range(len(kinds))]


@given(st.text(st.sampled_from("\x1b\x00a\né漢"), max_size=5000), st.integers(2000, 6000))
def test_frames_keep_their_limit_when_escapes_inflate_them(text: str, limit: int) -> None:
    """A frame over the limit is split; nothing is lost, ranges join, places are right."""
    data = LineWriter().write(text, Kind.OUT, NOON)
    job = cut(data, limit)
    # A piece that is not split any more holds at most UNSPLIT_BYTES, sixfold as escapes.
    assert all(frame.size <= max(limit, 6 * UNSPLIT_BYTES + 200) for frame in job.ready)
    assert "".join(texts(job)).replace("\n", "") == text.replace("\n", "")
    ends = [0, *(frame.end.offset for frame in job.ready if frame.end)]
    assert ends[:-1] == [frame.start for frame in job.ready]
    assert ends[-1] == len(data) == job.read.offset


def test_a_partial_line_goes_on_in_the_next_frame() -> None:
    """A line sent in parts keeps its kind and time; its newline alone is passed over."""
    writer = LineWriter()
    first = writer.write("Pass", Kind.ERR, NOON)
    job = cut(first)
    assert job.read.inside is not None
    for text in ("word: ", "\n"):
        job.take(Cutter(encode, UTC, 1 << 20).cut(job, writer.write(text, Kind.ERR, NOON + 9)))
    assert [frame.text != "" for frame in job.ready] == [True, True, False]
    second = json.loads(job.ready[1].text)
    assert (second["text"], second["level"]) == ("word: ", "error")
    assert second["at"] == "2026-09-21 14:13:20+00:00"
    assert job.read == Place(len(first) + len("word: \n"))


def test_the_offset_is_where_the_sent_text_begins() -> None:
    """A newline that only ends a line sent before is confirmed with a piece, but not sent."""
    writer = LineWriter()
    first = writer.write("abc", Kind.OUT, NOON)
    job = cut(first)
    second = writer.write("E1", Kind.ERR, NOON)
    job.take(Cutter(encode, UTC, 1 << 20).cut(job, second))
    [open_line, error] = job.ready
    assert json.loads(error.text)["text"] == "E1"
    assert json.loads(error.text)["offset"] == len(first) + 1
    assert open_line.end is not None
    assert error.start == open_line.end.offset == len(first)


def test_a_halved_piece_keeps_its_first_newline() -> None:
    """The newline in front is never a half of its own: it would have no frame to confirm it."""
    writer = LineWriter()
    first = writer.write("open", Kind.OUT, NOON)
    job = cut(first)
    job.take(Cutter(encode, UTC, 300).cut(job, writer.write("\x1b" * 2000, Kind.ERR, NOON)))
    starts = [frame.start for frame in job.ready]
    assert starts == [0, *(frame.end.offset for frame in job.ready if frame.end)][:-1]
    assert "".join(texts(job)) == "open" + "\x1b" * 2000


def test_items_wait_for_the_whole_log() -> None:
    """A result is never ahead of its job's output."""
    job = stream()
    job.length = 10
    job.finish(10, [StoredItem(1, OwedKind.JOB_RESULT, {})])
    before = job.next_item
    job.read = job.confirmed = Place(10)
    assert (before, job.next_item) == (None, job.items[1])
    assert not job.settled


def test_when_a_job_is_due() -> None:
    """A little waits for its pace; much, and a finished job, are due at once."""
    job = stream()
    empty = job.due_at
    job.pace.spend(100.0)
    job.pace.spend(100.0)
    job.length = 1
    assert empty is None
    assert job.due_at == pytest.approx(100.2)
    job.length = BATCH_BYTES
    assert job.due_at == 0.0
    job.length = 1
    job.finish(1, [])
    assert job.due_at == 0.0


def test_rewind_goes_back_to_what_is_confirmed() -> None:
    """A lost session costs repeats, never data."""
    data = LineWriter().write("a\nb\n", Kind.OUT, NOON)
    job = cut(data)
    job.finish(len(data), [StoredItem(1, OwedKind.JOB_RESULT, {})])
    job.sent(job.ready[0])
    item = job.next_item
    assert item is not None
    job.rewind()
    assert (job.read, job.pending, job.next_item) == (Place(0), len(data), None)


def test_messages_of_items() -> None:
    """Bodies become the wire's messages: results with their end, suite logs with the sending."""
    message = item_message(OwedKind.JOB_RESULT, result("job", "out").body, BEIJING, NOON + 9)
    assert isinstance(message, JobResult)
    assert (message.output, message.at.isoformat()) == ("out", "2026-09-21T22:13:20+08:00")
    body = {"suite_id": "s", "execution_id": "e", "text": "no", "level": "warning"}
    log = item_message(OwedKind.SUITE_LOG, body, UTC, NOON + 9)
    assert isinstance(log, SuiteLog)
    assert (log.level, log.at.timestamp()) == (Level.WARNING, NOON + 9)
    body = {"suite_id": "s", "execution_id": "e", "status": "failed", "message": ""}
    done = item_message(OwedKind.SUITE_COMPLETED, body, UTC, NOON)
    assert done == SuiteCompleted("s", "e", "failed")


@pytest.mark.parametrize("body", [{}, {"at": "x"}, {"at": 1, "job_id": "j", "colour": "red"}])
def test_a_broken_body_is_refused(body: dict[str, object]) -> None:
    """What the journal holds wrongly is an error to handle, not a frame to send."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        item_message(OwedKind.JOB_RESULT, body, UTC, NOON)


def test_wire_size_counts_bytes() -> None:
    """Frames are bounded on the wire, in UTF-8."""
    assert (wire_size("abc"), wire_size("é漢")) == (3, 5)
