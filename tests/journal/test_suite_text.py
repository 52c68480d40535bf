"""Tests of what the platform may find in a suite's log."""

import re
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.journal.budget import Budget
from app.journal.cutter import Cutter
from app.journal.joblog import read_piece, read_tail
from app.journal.lines import Kind, LineWriter
from app.journal.stream import Place, Stream
from app.journal.suite_text import SEPARATOR, ending, neutral, render, text_bytes
from tests.journal.kit import NOON, encode, suite_record

SMALLEST_READ = 64  # bytes, more than a prefix
STAMP = re.compile(r"\[\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}\]")
OWN = "[2026-09-21 14:13:20.000]"
FOREIGN = "[1999-12-31 23:59:59.999]"
WORDS = st.sampled_from(
    [
        "取",
        "消",
        "取消",
        "执行",
        "完成",
        "执行完成",
        "测试套执行已取消",
        FOREIGN,
        *FOREIGN,
        "\n",
        "\r",
        " ",
        "é",
    ]
)
TEXT = st.lists(WORDS, max_size=40).map("".join)


@pytest.mark.parametrize(
    "phrase", ["取消", "执行完成", "测试套执行完成", "测试套执行已取消", FOREIGN]
)
def test_phrases_stay_readable(phrase: str) -> None:
    """Only a separator of no width is added."""
    said = neutral(f"a {phrase} b")
    assert phrase not in said
    assert said.replace(SEPARATOR, "") == f"a {phrase} b"


def test_stamps_with_foreign_digits_count_too() -> None:
    """The platform's pattern takes any decimal digits."""
    said = neutral("[\uff12\uff10\uff12\uff16-01-02 03:04:05.678]")
    assert not STAMP.search(said)


def test_lines_move_into_the_platforms_zone() -> None:
    """Each line begins with its own time there; the rest of an open line with none."""
    writer = LineWriter()
    raw = writer.write("one\n\ntwo", Kind.OUT, NOON) + writer.write(" more\n", Kind.OUT, NOON + 1)
    zone = timezone(timedelta(hours=8))
    at = "[2026-09-21 22:13:20.000]"
    assert render(raw, zone, inside=False) == f"{at} one\n{at} \n{at} two more"
    assert render(b" rest\n" + raw, zone, inside=True).startswith(f" rest\n{at} one\n")
    assert render(b"\n" + raw, zone, inside=True) == render(raw, zone, inside=False)
    assert render(b"short\n" + raw, zone, inside=False).split("\n")[1] == f"{at} one"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "job.log"


@given(st.lists(st.tuples(TEXT, st.sampled_from(Kind)), max_size=8), st.data())
def test_no_sequence_of_frames_says_a_phrase(
    path: Path, writes: list[tuple[str, Kind]], data: st.DataObject
) -> None:
    """However output is written, cut and joined by the platform: no phrase, no foreign stamp."""
    writer = LineWriter()
    path.write_bytes(b"".join(writer.write(text, kind, NOON) for text, kind in writes))
    stream = Stream(suite_record(), Place(0))
    stream.budget = Budget(65_535, 0)
    stream.length = path.stat().st_size
    while stream.pending:
        size = data.draw(st.integers(SMALLEST_READ, 300), "read")
        limit = data.draw(st.integers(150, 5000), "limit")
        raw = read_piece(path, stream.read.offset, stream.length, size)
        stream.take(Cutter(encode, UTC, limit).cut(stream, raw))
    texts = [frame.draft.text for frame in stream.ready if frame.draft is not None]
    assert sum(frame.cost for frame in stream.ready) == sum(text_bytes(one) + 1 for one in texts)
    said = "\n".join(texts)
    assert "取消" not in said
    assert "执行完成" not in said
    assert FOREIGN not in said
    assert set(STAMP.findall(said)) <= {OWN}


@given(TEXT, st.integers(1, 200))
def test_the_end_of_a_log_says_no_phrase_either(path: Path, text: str, space: int) -> None:
    """Wherever the last lines begin, also inside a long one, they fit and are harmless."""
    path.write_bytes(LineWriter().write(text * 3 + "\n", Kind.OUT, NOON))
    raw, inside = read_tail(path, 0, path.stat().st_size, space)
    shown, _at, said = ending(raw, inside, UTC, space)
    assert shown <= len(raw)
    assert text_bytes(said) <= space
    assert "取消" not in said
    assert set(STAMP.findall(said)) <= {OWN}


def test_a_long_line_before_the_last_one_is_shown_in_part() -> None:
    """Leaving it out whole would leave most of the room empty."""
    writer = LineWriter()
    raw = writer.write("a" * 10_000 + "\nlast\n", Kind.OUT, NOON)
    shown, at, text = ending(raw, False, UTC, 8000)
    assert 7000 < len(text) <= 8000
    assert text.endswith("last")
    assert (at, shown < len(raw)) == (None, True)
    short = writer.write("b" * 50 + "\n", Kind.OUT, NOON) * 3
    assert ending(short, False, UTC, 180)[2].count("\n") == 1  # whole lines where they are short
