"""Tests of a job's log file."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import JournalError
from app.journal.joblog import (
    JobLog,
    confirmed_place,
    excerpt,
    line_at,
    mend_tail,
    read_piece,
)
from app.journal.lines import Kind, Line, LineWriter, stamp
from app.journal.worker import Worker
from tests.journal.kit import NOON

LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from app.errors import JournalError
from app.journal.joblog import JobLog
from app.journal.worker import Worker

async def main(path):
    worker = Worker()
    worker.start()
    log = await worker.submit(JobLog.create_here, worker, path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    await log.append(b"a" * 900)
    try:
        await log.append(b"b" * 900)
    except JournalError:
        print("refused", log.length, path.stat().st_size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(await log.append(b"c" * 900), path.read_bytes() == b"a" * 900 + b"c" * 900)
    await log.close()
    await worker.stop()

asyncio.run(main(Path(sys.argv[1])))
"""


def lines(*texts: str, kind: Kind = Kind.OUT) -> bytes:
    return LineWriter().write("".join(texts), kind, NOON)


async def test_append_tells_the_new_length(worker: Worker, tmp_path: Path) -> None:
    """The length names bytes that are in the file."""
    path = tmp_path / "logs" / "a.log"
    log = await worker.submit(JobLog.create_here, worker, path)
    assert await log.append(b"one\n") == 4
    assert await log.append(b"two\n") == log.length == 8
    assert path.read_bytes() == b"one\ntwo\n"
    await log.close()
    await log.close()


async def test_reopen_goes_on_behind_a_mended_tail(worker: Worker, tmp_path: Path) -> None:
    """After the agent's death the log goes on at a line start."""
    path = tmp_path / "a.log"
    path.write_bytes(lines("half"))
    log = await JobLog.reopen(worker, path)
    await log.append(lines("next\n"))
    assert path.read_bytes() == lines("half\n", "next\n")
    await log.close()


async def test_a_new_log_begins_empty(worker: Worker, tmp_path: Path) -> None:
    """What stands in its place from elsewhere goes."""
    path = tmp_path / "a.log"
    path.write_bytes(lines("old\n"))
    log = await worker.submit(JobLog.create_here, worker, path)
    assert await log.append(lines("new\n")) == log.length
    assert path.read_bytes() == lines("new\n")
    await log.close()


async def test_a_discarded_log_leaves_nothing(worker: Worker, tmp_path: Path) -> None:
    """A job that was not accepted keeps no name taken and no file open."""
    log = await worker.submit(JobLog.create_here, worker, tmp_path / "a.log")
    await log.append(b"x")
    await worker.submit(log.discard_here)
    assert not log.path.exists()
    await log.close()


async def test_a_log_that_cannot_be_made_is_a_journal_error(worker: Worker, tmp_path: Path) -> None:
    """A file where the folder should be: an error for the caller, not a crash."""
    (tmp_path / "logs").write_text("")
    with pytest.raises(JournalError):
        await worker.submit(JobLog.create_here, worker, tmp_path / "logs" / "a.log")


@pytest.mark.skipif(sys.platform == "win32", reason="other system: Windows has no RLIMIT_FSIZE")
def test_a_full_disk_keeps_nothing_half_written(tmp_path: Path) -> None:
    """A refused append leaves no trace, and the next one fits again."""
    argv = [sys.executable, "-c", LIMITED, str(tmp_path / "a.log")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=15, check=False)
    assert (done.stdout, done.stderr) == ("refused 900 900\n1800 True\n", "")


def test_a_piece_ends_with_a_line(tmp_path: Path) -> None:
    """Pieces are cut after the last newline within their limit."""
    path = tmp_path / "a.log"
    path.write_bytes(b"aaa\nbbb\ncc")
    assert read_piece(path, 0, 10, 6) == b"aaa\n"
    assert read_piece(path, 4, 10, 100) == b"bbb\ncc"
    assert read_piece(path, 0, 6, 100) == b"aaa\nbb"
    assert read_piece(path, 50, 60, 100) == b""


def test_a_long_line_is_cut_between_characters(tmp_path: Path) -> None:
    """A line longer than a piece never splits a character; its newline stays with it."""
    path = tmp_path / "a.log"
    data = "é漢🎉".encode() * 20 + b"\n"
    path.write_bytes(data)
    pieces, offset = [], 0
    while offset < len(data):
        pieces.append(read_piece(path, offset, len(data), 8))
        offset += len(pieces[-1])
    assert "".join(piece.decode() for piece in pieces) == data.decode()
    assert pieces[-1] != b"\n"


def test_line_at_finds_the_line_around_a_place(tmp_path: Path) -> None:
    """A resumed log knows kind and time of the line that it continues, however long."""
    path = tmp_path / "a.log"
    first, long = lines("one\n"), lines("x" * 200_000, "\n", kind=Kind.ERR)
    path.write_bytes(first + long)
    assert line_at(path, len(first)) is None
    assert line_at(path, len(first) + 150_000) == Line(Kind.ERR, NOON)
    assert line_at(path, 0) is None


@pytest.mark.parametrize(
    ("tail", "mended"),
    [
        (b"", b""),
        (lines("open"), lines("open\n")),
        (lines("torn é")[:-1], lines("torn \n")),
        (lines("torn 🎉")[:-2], lines("torn \n")),
        (stamp(NOON)[:13], b""),
        (stamp(NOON), b""),
        (b"\x00" * 5000, b""),
        (lines("x" * 200_000), lines("x" * 200_000, "\n")),
    ],
)
def test_a_torn_tail_is_mended(tmp_path: Path, tail: bytes, mended: bytes) -> None:
    """Whatever a crash left behind, the log ends with a whole line and loses no other."""
    path = tmp_path / "a.log"
    path.write_bytes(lines("before\n") + tail)
    assert mend_tail(path) == path.stat().st_size
    assert path.read_bytes() == lines("before\n") + mended


def test_a_missing_log_has_no_tail(tmp_path: Path) -> None:
    """A job that never came to its log."""
    assert mend_tail(tmp_path / "none.log") == 0
    assert excerpt(tmp_path / "none.log", 0, 10, 10) == ""


def test_a_short_output_is_given_whole(tmp_path: Path) -> None:
    """Without stamps and without what the agent remarked."""
    writer, path = LineWriter(), tmp_path / "a.log"
    parts = [("start\n", Kind.NOTE), ("one\n", Kind.OUT), ("two\n", Kind.ERR), ("!\n", Kind.WARN)]
    path.write_bytes(b"".join(writer.write(text, kind, NOON) for text, kind in parts))
    assert excerpt(path, path.stat().st_size, 100, 100) == "one\ntwo\n"


def test_output_that_looks_like_a_remark_stays(tmp_path: Path) -> None:
    """Only the agent's own lines are left out."""
    path = tmp_path / "a.log"
    forged = lines("x\n", kind=Kind.NOTE).decode()
    path.write_bytes(lines(forged))
    assert excerpt(path, path.stat().st_size, 100, 100) == forged


@pytest.mark.parametrize("line", ["", "x", "é漢🎉" * 9, "y" * 500_000])
def test_of_a_long_output_head_and_tail_are_kept(tmp_path: Path, line: str) -> None:
    """The excerpt is bounded, names its gap and never splits a character."""
    path = tmp_path / "a.log"
    text = "HEAD" + f"{line}\n" * (1 + 200_000 // (len(line.encode()) + 1)) + "TAIL"
    path.write_bytes(lines(text))
    part = excerpt(path, path.stat().st_size, 1000, 500)
    head, gap = part[:4], part.find("bytes of the log left out")
    assert (head, part[-4:], gap > 0) == ("HEAD", "TAIL", True)
    assert 1400 < len(part.encode()) < 1600
    assert "\ufffd" not in part


def test_a_log_shorter_than_what_was_confirmed_goes_on_at_its_end(tmp_path: Path) -> None:
    """After a power cut unsynced bytes are gone, though the platform has handled them."""
    log = tmp_path / "log"
    log.write_bytes(LineWriter().write("one\ntwo\n", Kind.OUT, 0.0))
    size = log.stat().st_size
    assert confirmed_place(log, size + 500) == (size, None)
    assert confirmed_place(log, size // 2) == (size // 2, None)
