"""What the cutter sends is what a receiver puts together, however it was cut and repeated."""

import json
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.joblog import ReceivedLog
from app.journal.cutter import Cutter
from app.journal.joblog import line_at, read_piece
from app.journal.lines import Kind, LineWriter
from app.journal.stream import Place
from tests.journal.kit import NOON, encode
from tests.journal.test_lines import lines_of
from tests.journal.test_stream import stream

SMALLEST_READ = 64  # bytes, more than a prefix
CHARS = st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\n\n\r]!é漢🎉\x1b")
TEXT = st.one_of(
    st.text(CHARS, max_size=6),
    st.builds(str.__mul__, st.text(CHARS, min_size=1, max_size=3), st.integers(1, 700)),
)
WRITES = st.lists(st.tuples(TEXT, st.sampled_from(Kind)), max_size=10)


class Journey:
    """One log on its way from the file to a receiver, with cuts wherever the data says."""

    def __init__(self, path: Path, data: st.DataObject) -> None:
        self.received = ReceivedLog(1 << 20)
        self.job = stream()
        self._path = path
        self._data = data
        self._ends = [Place(0)]  # where a frame that went may have been the last confirmed one
        path.write_bytes(b"")

    def grow(self, raw: bytes) -> None:
        """Append to the log and send what the reads give, or leave it for later."""
        with self._path.open("ab") as file:
            file.write(raw)
            self.job.length = file.tell()
        if self._data.draw(st.booleans(), "send"):
            self.send()
        if self._data.draw(st.booleans(), "lose the connection"):
            self.go_back()

    def send(self) -> None:
        """Send all that the log has, in pieces of any size."""
        while self.job.pending:
            size = self._data.draw(st.integers(SMALLEST_READ, 3000), "read")
            limit = self._data.draw(st.integers(200, 5000), "limit")
            raw = read_piece(self._path, self.job.read.offset, self.job.length, size)
            self.job.take(Cutter(encode, UTC, limit).cut(self.job, raw))
            while self.job.ready:
                self._hand_over()

    def _hand_over(self) -> None:
        frame = self.job.ready.popleft()
        assert frame.start == self._ends[-1].offset
        assert frame.end is not None
        self._ends.append(frame.end)
        if frame.text:
            body = json.loads(frame.text)
            self.received.add(body["text"], body["level"], body["offset"])

    def go_back(self) -> None:
        """Go on at a place that was confirmed before, as a started agent would find it."""
        last = self._data.draw(st.integers(0, len(self._ends) - 1), "confirmed")
        place = self._ends[last]
        assert place == Place(place.offset, line_at(self._path, place.offset))
        del self._ends[last + 1 :]
        self.job.read = place


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "job.log"


@pytest.mark.slow
@given(WRITES, st.data())
def test_a_receiver_gets_the_whole_text(
    path: Path, writes: list[tuple[str, Kind]], data: st.DataObject
) -> None:
    """Any writes, cuts, splits and repeats: no gap, no differing repeat, the text to the byte."""
    writer, journey = LineWriter(), Journey(path, data)
    for text, kind in writes:
        journey.grow(writer.write(text, kind, NOON))
    journey.grow(writer.close_line())
    journey.send()
    assert journey.received.complete
    assert journey.received.text == "\n".join(line for _kind, line in lines_of(writes))
