"""Log files in pieces."""

import os
import sys
from pathlib import Path
from threading import Event

import pytest

from app.dashboard import logs
from app.dashboard.logs import Follower, search


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "日志 log.txt"


def rest(follower: Follower, *, to_the_end: bool = False) -> str:
    """All that is there now."""
    text = ""
    while piece := follower.read(to_the_end=to_the_end):
        text += piece.text
    return text


def test_a_piece_says_where_it_is(log: Path) -> None:
    """Places are bytes of the file, whatever the characters are."""
    log.write_bytes("é\n测".encode())
    piece = Follower(lambda: log, 0).read()
    assert piece == logs.Piece(0, 6, 6, "é\n测")
    assert piece.last


def test_growing(log: Path) -> None:
    """Each read gives what came since the last one; a torn character waits."""
    log.write_bytes(b"one")
    follower = Follower(lambda: log, 0)
    assert rest(follower) == "one"
    with log.open("ab") as file:
        file.write("测".encode()[:2])
    assert follower.read() is None
    assert rest(follower, to_the_end=True) == "�"


if sys.platform != "win32":  # which knows no pipes in folders

    def test_a_pipe_in_the_place_of_a_log(log: Path) -> None:
        """A job may have put it there; nobody waits for it."""
        os.mkfifo(log)
        with pytest.raises(OSError, match="Invalid argument"):
            Follower(lambda: log, 0).read()


def test_a_log_that_is_not_there_yet(log: Path) -> None:
    """It is followed from its start once it comes."""
    follower = Follower(lambda: log, 0)
    assert follower.read() is None
    assert Follower(lambda: None, 0).read() is None
    log.write_bytes(b"one")
    assert rest(follower) == "one"


@pytest.mark.parametrize(
    ("start", "at", "text"),
    [
        (0, 0, "0测x"),
        (1, 1, "测x"),
        (2, 4, "x"),
        (-1, 4, "x"),
        (-99, 0, "0测x"),
        (5, 5, ""),
        (9, 5, ""),
    ],
)
def test_where_to_begin(log: Path, start: int, at: int, text: str) -> None:
    """From a place or so far before the end, never inside a character."""
    log.write_bytes("0测x".encode())
    follower = Follower(lambda: log, start)
    piece = follower.read() or follower.place
    assert (piece.at, piece.text) == (at, text)


def test_a_log_that_is_put_aside(log: Path) -> None:
    """The rest of the old file comes first, then the new one from its start."""
    log.write_bytes(b"one ")
    follower = Follower(lambda: log, 0)
    assert rest(follower) == "one "
    with log.open("ab") as file:
        file.write(b"two ")
    log.rename(log.with_name(f"{log.name}.1"))
    log.write_bytes(b"three")
    assert rest(follower) == "two three"


def test_a_log_that_moves(log: Path, tmp_path: Path) -> None:
    """agent.log goes on in the work folder once that is known."""
    where = [log]
    log.write_bytes(b"one ")
    follower = Follower(lambda: where[0], 0)
    assert rest(follower) == "one "
    with log.open("ab") as file:
        file.write(b"two ")
    where[0] = tmp_path / "other.log"
    where[0].write_bytes(b"three")
    assert rest(follower) == "two three"


def test_a_log_that_is_emptied(log: Path) -> None:
    """It is read from its start again."""
    log.write_bytes(b"one two")
    follower = Follower(lambda: log, 0)
    rest(follower)
    log.write_bytes(b"new")
    assert rest(follower) == "new"


@pytest.mark.parametrize("size", [4, 5, 7, 11])
def test_pieces_are_whole_characters(log: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However small the pieces are, together they are the text."""
    monkeypatch.setattr(logs, "PIECE", size)
    text = "a测é😀\n试b😀😀"
    log.write_bytes(text.encode())
    assert rest(Follower(lambda: log, 0), to_the_end=True) == text
    assert "�" not in rest(Follower(lambda: log, -9))


@pytest.mark.parametrize(
    ("text", "at", "found"),
    [
        ("error", 0, 2),
        ("ERROR", 3, 9),
        ("错误", 0, 17),
        ("ÜBER", 0, 24),
        ("über", 0, 24),
        ("straSSe", 0, 30),
        ("nowhere", 0, None),
        (".*", 0, None),
        ("error", 10, None),
        ("error", 10**9, None),
        ("", 0, None),
    ],
)
def test_search(log: Path, text: str, at: int, found: int | None) -> None:
    """The next place in bytes; large and small letters count alike in every language."""
    data = "\n Error;\nerror 1\n错误\nÜber\nStrasse".encode()
    log.write_bytes(data)
    assert search(log, text, at, Event()) == (found, len(data))


@pytest.mark.parametrize("before", [-3, 0, 3])
def test_a_match_across_two_blocks(log: Path, before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the file is read changes nothing."""
    monkeypatch.setattr(logs, "_BLOCK", 64)
    log.write_bytes(b"x" * (64 + before) + "é needle É".encode() + b"y" * 500)
    assert search(log, "É NEEDLE é", 0, Event())[0] == 64 + before


def test_a_search_ends_when_nobody_waits(log: Path) -> None:
    """Not even a long log is read on then."""
    log.write_bytes(b"needle")
    stop = Event()
    stop.set()
    assert search(log, "needle", 0, stop)[0] is None
