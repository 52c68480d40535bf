"""Files for this user only (app/host/private_file.py)."""

import os
import sys
from pathlib import Path

import pytest

from app.host.private_file import NotPrivateError, read_private, write_private
from tests.fakes.full_disk import room_for

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX modes")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The rest of a write that died is in nobody's way."""
    path = tmp_path / "secret"
    (tmp_path / "secret.new").write_text("torn", encoding="utf-8")
    write_private(path, b"one")
    write_private(path, b"two")
    assert read_private(path, 100) == b"two"
    assert read_private(path, 2) == b"tw"
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@posix
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask, also when the file was there with other rights."""
    path = tmp_path / "secret"
    path.write_text("", encoding="utf-8")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_private(path, b"x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o602, 0o604, 0o660])
def test_what_others_can_reach_is_not_trusted(tmp_path: Path, mode: int) -> None:
    """To read or to write."""
    path = tmp_path / "secret"
    write_private(path, b"x")
    path.chmod(mode)
    with pytest.raises(NotPrivateError, match="other users"):
        read_private(path, 100)


@posix
def test_what_belongs_to_another_user_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner may have written anything."""
    path = tmp_path / "secret"
    write_private(path, b"x")
    if sys.platform != "win32" and os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(NotPrivateError, match="belongs to another user"):
        read_private(path, 100)


@posix
def test_no_pipe_no_folder_no_link(tmp_path: Path) -> None:
    """Reading one would hang, or lead elsewhere."""
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(NotPrivateError, match="no plain file"):
            read_private(tmp_path / name, 100)
    with pytest.raises(OSError, match="link"):
        read_private(tmp_path / "link", 100)


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """Where only a part fits nothing is replaced, and no part stays."""
    path = tmp_path / "secret"
    write_private(path, b"old")
    with room_for(10), pytest.raises(OSError, match="large"):
        write_private(path, b"x" * 20)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
