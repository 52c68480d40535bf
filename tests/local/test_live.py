"""Tests of app.local.live."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.journal.lines import Kind, LineWriter
from app.local.live import Live, LogText, Piece
from app.local.paint import Paint

TERMINAL = Paint(terminal=True, colour=True, columns=80)


def log_of(*texts: tuple[Kind, str]) -> bytes:
    """A job log with these texts."""
    writer = LineWriter()
    return b"".join(writer.write(text, kind, 1_700_000_000.0) for kind, text in texts)


def shown(folder: Path, paint: Paint, *pieces: bytes) -> list[str]:
    """What each look at a growing log showed."""
    path = folder / "job.log"
    said: list[str] = []
    path.write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.local.live.put", said.append)
        live = Live(path, paint)
        for piece in pieces:
            with path.open("ab") as file:
                file.write(piece)
            live.tell()
        live.close()
    return said


def test_to_a_terminal(tmp_path: Path) -> None:
    """Output as it is and as it comes, remarks dim, warnings in a colour of their own."""
    first = log_of((Kind.OUT, "\x1b[32mok\x1b[0m\n"), (Kind.NOTE, "note \x1b[2J\n"))
    second = log_of((Kind.OUT, "Pass"))
    assert shown(tmp_path, TERMINAL, first, second, b"word: \n", log_of((Kind.WARN, "w\n"))) == [
        "\x1b[32mok\x1b[0m\n\x1b[0m\x1b[2m* note \\x1b[2J\x1b[0m\n",
        "Pass",
        "word: \n",
        "\x1b[0m\x1b[33m* w\x1b[0m\n",
    ]


def test_elsewhere(tmp_path: Path) -> None:
    """Whole lines without any control character; colours are left out."""
    data = log_of((Kind.ERR, "\x1b[31mred\x1b[0m \x07\r\n"), (Kind.OUT, "open"))
    assert shown(tmp_path, Paint(), data, b"", b" end") == ["red \\x07\n", "open end\n"]


def test_a_terminal_that_cannot_show_colours(tmp_path: Path) -> None:
    """NO_COLOR is about the agent's own colours; the program decides about its own."""
    data = log_of((Kind.OUT, "\x1b[32mok\x1b[0m\n"), (Kind.NOTE, "n\n"))
    assert shown(tmp_path, Paint(terminal=True), data) == ["\x1b[32mok\x1b[0m\n* n\n"]


def test_an_endless_line_is_not_gathered(tmp_path: Path) -> None:
    """Memory stays bounded when a program prints no newline."""
    pieces = [log_of((Kind.OUT, "x" * 40_000)), b"y" * 40_000, b"z"]
    assert [len(text) for text in shown(tmp_path, Paint(), *pieces)] == [80_000, 2]


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.text(min_size=1)), max_size=6),
    st.lists(st.integers(1, 40), max_size=20),
)
def test_wherever_a_read_ends(texts: list[tuple[Kind, str]], cuts: list[int]) -> None:
    """The pieces together are the lines, with their kinds, however the bytes come."""
    data, whole, cut = log_of(*texts), LogText(), LogText()
    pieces: list[Piece] = []
    start = 0
    for size in cuts:
        pieces += cut.feed(data[start : start + size])
        start += size
    pieces += cut.feed(data[start:])

    assert joined(pieces) == joined(whole.feed(data))


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """The lines that the pieces are of."""
    lines: list[Piece] = []
    for piece in pieces:
        before = lines.pop().text if lines and not lines[-1].ended else ""
        *whole, rest = (before + piece.text).split("\n")
        lines += [Piece(piece.kind, line, ended=True) for line in whole]
        lines.append(Piece(piece.kind, rest, piece.ended))
    return lines


def test_a_foreign_line(tmp_path: Path) -> None:
    """A line without a prefix is taken for output of the program."""
    data = b"short\n" + log_of((Kind.OUT, "a\n"))
    assert shown(tmp_path, Paint(), data) == ["short\na\n"]
