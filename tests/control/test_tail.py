"""Logs read while they grow (app/control/tail.py)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.control.tail import Tail, start_of_last
from app.log_file import RotatingFile


def rest(tail: Tail) -> str:
    """All that there is now."""
    pieces = []
    while (piece := tail.read()) is not None:
        pieces.append(piece)
    return "".join(pieces)


def test_what_is_added_is_given_once(tmp_path: Path) -> None:
    """A character that is cut by a read arrives whole."""
    path = tmp_path / "log"
    path.write_bytes("一二".encode()[:4])
    tail = Tail(lambda: path, None)
    assert rest(tail) == "一"
    with path.open("ab") as file:
        file.write("二".encode()[1:] + b"\n")
    assert rest(tail) == "二\n"
    assert rest(tail) == ""


@pytest.mark.parametrize("backups", [1, 3])
def test_a_log_that_is_put_aside(tmp_path: Path, backups: int) -> None:
    """The rest of the old file, then the new one from its start."""
    file = RotatingFile(max_size=30, backup_count=backups)
    file.open(tmp_path)
    path = tmp_path / "agent.log"
    file.write("first line")
    tail = Tail(lambda: path, 0)
    assert rest(tail) == ""
    file.write("second")
    file.write("third line, in a new file")
    assert rest(tail) == "second\nthird line, in a new file\n"
    file.close()


def test_a_log_that_moves(tmp_path: Path) -> None:
    """agent.log goes into the work folder: the rest here, all there."""
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    now = [old]
    old.write_text("a\n", encoding="utf-8", newline="\n")
    tail = Tail(lambda: now[0], 0)
    assert rest(tail) == ""
    with old.open("a", encoding="utf-8", newline="\n") as file:
        file.write("b\n")
    new.write_text("c\n", encoding="utf-8", newline="\n")
    now[0] = new
    assert rest(tail) == "b\nc\n"


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    """Nothing now, everything once it comes; also when it was emptied in its place."""
    path = tmp_path / "log"
    tail = Tail(lambda: path, 5)
    assert rest(tail) == ""
    path.write_text("here it is\n", encoding="utf-8", newline="\n")
    assert rest(tail) == "here it is\n"
    path.write_text("again\n", encoding="utf-8", newline="\n")
    assert rest(tail) == "again\n"


@pytest.mark.slow
@given(
    st.lists(st.text(st.sampled_from("ab"), max_size=3), max_size=8),
    st.integers(0, 10),
    st.booleans(),
)
def test_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], count: int, ended: bool
) -> None:
    """As many as wanted, however the file ends."""
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    path = tmp_path_factory.getbasetemp() / "last.log"
    path.write_bytes(text.encode())
    kept = text.splitlines(keepends=True)
    assert path.read_bytes()[start_of_last(path, count) :].decode() == "".join(
        kept[len(kept) - count :] if count <= len(kept) else kept
    )


def test_the_last_lines_of_a_large_file(tmp_path: Path) -> None:
    """Lines longer than a block, and more lines than are in one."""
    path = tmp_path / "log"
    lines = [b"x" * 100_000 + b"\n", *[b"%d\n" % number for number in range(50_000)]]
    path.write_bytes(b"".join(lines))
    for count in (1, 49_999, 50_000, 50_001, 60_000):
        assert path.read_bytes()[start_of_last(path, count) :] == b"".join(lines[-count:])
