"""Tests of the job log's line format."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.journal.lines import (
    PREFIX_BYTES,
    Kind,
    Line,
    LineWriter,
    line_left_open,
    read_kind,
    read_stamp,
    split_runs,
    stamp,
    whole_characters,
)
from app.protocol.messages import Level

NOON = 1_790_000_000.25
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\n]!?[ *é漢🎉"))
WRITES = st.lists(st.tuples(TEXT, st.sampled_from(Kind)), max_size=12)

Writes = list[tuple[str, Kind]]


def written(writes: Writes) -> bytes:
    writer = LineWriter()
    return b"".join(writer.write(text, kind, NOON + n) for n, (text, kind) in enumerate(writes))


def lines_of(writes: Writes) -> list[tuple[Kind, str]]:
    """The lines as a person would see them on the screen."""
    lines: list[tuple[Kind, str]] = []
    open_kind = None
    for text, kind in writes:
        for part in re.findall(r"[^\n]*\n|[^\n]+", text):
            before = lines.pop()[1] if open_kind is kind else ""
            lines.append((kind, before + part.removesuffix("\n")))
            open_kind = None if part.endswith("\n") else kind
    return lines


@given(WRITES)
def test_what_is_written_is_read_back(writes: Writes) -> None:
    """Every line comes back with its level, whatever stands in its text."""
    runs = split_runs(written(writes), None)
    seen = [(run.level, line) for run in runs for line in run.text.split("\n")]
    assert seen == [(kind.level, line) for kind, line in lines_of(writes)]


@given(WRITES, st.lists(st.integers(0, 400), max_size=4))
def test_pieces_hold_the_same_text(writes: Writes, cuts: list[int]) -> None:
    """However a log is cut between characters, the pieces hold its text and cover its bytes."""
    data = written(writes)
    places = sorted({0, len(data), *(at for at in cuts if may_cut(data, at))})
    inside: Line | None = None
    text = ""
    for start, end in pairwise(places):
        piece = data[start:end]
        runs = split_runs(piece, inside.kind if inside else None)
        covered = [0, *(run.end for run in runs)]
        assert covered[:-1] == [run.start for run in runs]
        assert covered[-1] == (len(piece) if runs else 0)
        text += "".join(run.text.replace("\n", "") for run in runs)
        inside = line_left_open(piece, inside)
    assert text == "".join(line for _kind, line in lines_of(writes))


def may_cut(data: bytes, at: int) -> bool:
    """Readers cut after a newline, or between characters behind the line's prefix."""
    if at > len(data) or whole_characters(data[:at]) != data[:at]:
        return False
    line = data[data.rfind(b"\n", 0, at) + 1 : at]
    return not line or len(line) >= PREFIX_BYTES


def test_a_line_has_stamp_kind_and_text() -> None:
    """The format of the file is fixed: UTC to the millisecond, one kind character, text."""
    assert LineWriter().write("hello\n", Kind.ERR, NOON) == b"[2026-09-21 14:13:20.250]!hello\n"


def test_output_cannot_forge_a_remark() -> None:
    """A program that prints a line of ours is seen as the one who printed it."""
    forged = LineWriter().write("agent says\n", Kind.WARN, NOON).decode()
    [run] = split_runs(LineWriter().write(forged, Kind.OUT, NOON), None)
    assert (run.level, run.text) == (Level.INFO, forged.removesuffix("\n"))


def test_another_kind_closes_the_open_line() -> None:
    """stderr in the middle of a stdout line begins its own line."""
    runs = split_runs(written([("half", Kind.OUT), ("oops\n", Kind.ERR)]), None)
    assert [(run.level, run.text) for run in runs] == [(Level.INFO, "half"), (Level.ERROR, "oops")]


def test_a_lone_newline_is_no_run() -> None:
    """The newline of a line that was already sent adds no empty line."""
    assert split_runs(b"\n", Kind.OUT) == []
    [run] = split_runs(b"\n" + LineWriter().write("next\n", Kind.OUT, NOON), Kind.OUT)
    assert (run.text, run.start) == ("next", 0)


def test_the_last_run_takes_the_rest_with_its_highest_level() -> None:
    """A bound on the runs loses no line and plays no error down."""
    kinds = [Kind.OUT, Kind.ERR, Kind.OUT, Kind.WARN, Kind.ERR, Kind.NOTE]
    data = written([(f"{n}\n", kind) for n, kind in enumerate(kinds)])
    first, last = split_runs(data, None, 2)
    assert (first.level, first.text) == (Level.INFO, "0")
    assert (last.level, last.text) == (Level.ERROR, "1\n2\n3\n4\n5")
    assert (first.end, last.end) == (last.start, len(data))
    assert split_runs(data, None, len(kinds)) == split_runs(data, None)


def test_a_continued_line_has_no_time_of_its_own() -> None:
    """The rest of a line has the level of its beginning and no stamp."""
    [run] = split_runs(b"rest\n", Kind.ERR)
    assert (run.level, run.text, run.at) == (Level.ERROR, "rest", None)


def test_foreign_lines_are_still_text() -> None:
    """A log that somebody edited is delivered, never a reason to fail."""
    [run] = split_runs(b"x\n\n" + b"\xff" * 30 + b"\n", None)
    assert (run.level, run.at) == (Level.INFO, None)


def test_close_line_ends_the_open_line_once() -> None:
    """Closing is safe to repeat."""
    writer = LineWriter()
    writer.write("half", Kind.OUT, NOON)
    assert (writer.close_line(), writer.close_line()) == (b"\n", b"")


def test_lone_surrogates_are_replaced() -> None:
    """Text that UTF-8 cannot hold does not lose the rest."""
    assert LineWriter().write("a\ud800b\n", Kind.OUT, NOON).endswith(b" a?b\n")


@given(st.floats(0, 4e9))
def test_stamps_are_read_back(at: float) -> None:
    """A stamp keeps the time to the millisecond."""
    moment = read_stamp(stamp(at))
    assert moment is not None
    assert abs(moment - at) < 0.0011


@pytest.mark.parametrize(
    "line", [b"", b"[2026-09-21", b"\x00" * 40, stamp(NOON), stamp(NOON) + b"x"]
)
def test_a_torn_prefix_has_no_kind(line: bytes) -> None:
    """What is not a whole prefix is not taken for one."""
    assert read_kind(line) is None


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 40))
def test_whole_characters_never_splits(text: str, at: int) -> None:
    """The cut loses less than one character and what stays can be decoded."""
    data = text.encode()[:at]
    kept = whole_characters(data)
    assert kept.decode() == data.decode("utf-8", "ignore")
    assert len(data) - len(kept) < 4
