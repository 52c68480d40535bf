"""Tests of app.host.plain_file."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.host.plain_file import file_identity, open_plain, write_plain

make_pipe: Callable[[Path], None] = vars(os).get("mkfifo", Path.touch)  # not on Windows
posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: no named pipes there")


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    """As it is."""
    (tmp_path / "f").write_bytes(b"a\r\nb")
    with open_plain(tmp_path / "f") as file:
        assert file.read() == b"a\r\nb"


def test_a_renamed_file_is_known_again(tmp_path: Path) -> None:
    """Logs are put aside under another name; a new one in the old place is another."""
    before = (tmp_path / "f", tmp_path / "f.1")
    before[0].touch()
    known = file_identity(before[0])
    before[0].rename(before[1])
    assert file_identity(before[0]) is None
    before[0].touch()
    assert known == file_identity(before[1]) != file_identity(before[0])


@posix
@pytest.mark.timeout(5)
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody writes to it: an ordinary open would wait for ever."""
    make_pipe(tmp_path / "pipe")
    with pytest.raises(OSError, match="Invalid"):
        open_plain(tmp_path / "pipe")


@posix
@pytest.mark.timeout(5)
def test_what_is_in_the_way_is_replaced(tmp_path: Path) -> None:
    """A pipe, or a link that leads out, in the place of the file."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"keep")
    folder = tmp_path / "folder"
    folder.mkdir()
    make_pipe(folder / "pipe")
    (folder / "link").symlink_to(outside)
    for name in ("pipe", "link", "new"):
        write_plain(folder / name, b"x")
        assert (folder / name).read_bytes() == b"x"
        assert not (folder / name).is_symlink()
    assert outside.read_bytes() == b"keep"
    assert sorted(path.name for path in folder.iterdir()) == ["link", "new", "pipe"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """A folder in the way stays, and no temporary file."""
    (tmp_path / "f").mkdir()
    with pytest.raises(IsADirectoryError if sys.platform != "win32" else PermissionError):
        write_plain(tmp_path / "f", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
