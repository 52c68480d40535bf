"""Out of the way at once, gone for good, links never followed."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.jobs.removal import empty_trash, remove, remove_aside

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")


async def no_pause(_seconds: float) -> None:
    """A pause that takes no time."""


def tree(path: Path) -> Path:
    """A folder with read-only content."""
    (path / "deep").mkdir(parents=True)
    file = path / "deep" / "file"
    file.write_text("x", encoding="utf-8")
    file.chmod(0o444)
    (path / "deep").chmod(0o555)
    return path


async def test_a_folder_goes_with_all_that_is_read_only(tmp_path: Path) -> None:
    """Nothing is left, no trash either; what is not there is no error."""
    await remove_aside(tree(tmp_path / "x"), (), no_pause)
    await remove_aside(tmp_path / "x", (), no_pause)
    assert list(tmp_path.iterdir()) == []


@posix
async def test_a_link_goes_and_its_target_stays(tmp_path: Path) -> None:
    """The same for a link inside the folder."""
    target = tree(tmp_path / "target")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "inside").symlink_to(target)
    (tmp_path / "link").symlink_to(target)
    await remove_aside(tmp_path / "x", (), no_pause)
    await remove_aside(tmp_path / "link", (), no_pause)
    assert list(tmp_path.iterdir()) == [target]
    assert (target / "deep" / "file").exists()


async def test_what_stayed_goes_later(tmp_path: Path) -> None:
    """Trash of an earlier removal is emptied; without trash nothing happens."""
    empty_trash(tmp_path)
    tree(tmp_path / ".trash" / "old")
    empty_trash(tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_in_use_gets_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that fails is tried again after each pause, then the error is the system's."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    def held(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "rename", held)
    with pytest.raises(PermissionError):
        await remove_aside(tree(tmp_path / "x"), (1.0, 2.0), pause)
    assert paused == [1.0, 2.0]
    assert (tmp_path / "x" / "deep" / "file").exists()


def test_a_file(tmp_path: Path) -> None:
    """A read-only file goes as well, one that is not there is no error."""
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    file.chmod(0o444)
    remove(file)
    remove(file)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="other system: links need a right there")
async def test_a_trash_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    """A job has put a link in its place: nothing outside is deleted, nothing is moved there."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / "precious").touch()
    (folder / "old").mkdir(parents=True)
    (folder / ".trash").symlink_to(outside, target_is_directory=True)
    empty_trash(folder)
    assert (outside / "precious").exists()
    (folder / ".trash").symlink_to(outside, target_is_directory=True)
    await remove_aside(folder / "old", (), asyncio.sleep)
    assert [path.name for path in outside.iterdir()] == ["precious"]
    assert list(folder.iterdir()) == []
