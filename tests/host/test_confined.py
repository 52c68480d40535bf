"""Folders that no link and no race leads out of (app/host/confined.py)."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from app.host import _confined_path, confined
from app.host._confined import is_link
from app.host._confined_path import PathFolder, extended
from app.host.confined import Folder, LeadsOutError, NotAFileError, Root

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")

CHANGES: list[tuple[str, Callable[[Folder], object]]] = [
    ("open", lambda folder: os.close(folder.open_file("file"))),
    ("create", lambda folder: os.close(folder.create("new", None))),
    ("replace", lambda folder: folder.replace("file", "moved")),
    ("make", lambda folder: folder.make_folder("made")),
    ("unlink", lambda folder: folder.unlink("file")),
    ("remove", lambda folder: folder.remove_folder("empty")),
    ("entries", lambda folder: list(folder.entries())),
]


class Stage:
    """A root with a folder in it, and a folder outside that looks the same."""

    def __init__(self, base: Path) -> None:
        self.root = Root(base / "root") if (base / "root").is_dir() else self._make(base)
        self.inside, self.outside = base / "root" / "place", base / "outside"

    def _make(self, base: Path) -> Root:
        for folder in (base / "root" / "place", base / "outside"):
            (folder / "empty").mkdir(parents=True)
            (folder / "file").write_text(folder.name, encoding="utf-8")
        return Root(base / "root")

    def swap(self) -> Path:
        """Put a link to the outside in the folder's place; return where the folder is now."""
        aside = self.inside.with_name("aside")
        self.inside.rename(aside)
        self.inside.symlink_to(self.outside)
        return aside


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' way."""
    monkeypatch.setattr(confined, "_Folder", PathFolder)


def make_fifo(path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@posix_only
@pytest.mark.parametrize(("what", "change"), CHANGES)
def test_a_folder_held_open_stays_the_same(
    stage: Stage, what: str, change: Callable[[Folder], object]
) -> None:
    """After a swap everything still happens in the folder that was opened."""
    with stage.root.open(("place",)) as folder:
        aside = stage.swap()
        before = names(aside)
        change(folder)
        assert names(stage.outside) == ["empty", "file"]
        assert (names(aside) == before) is (what in ("open", "entries"))


@posix_only
@pytest.mark.usefixtures("by_path")
@pytest.mark.parametrize(("_what", "change"), CHANGES)
def test_a_folder_by_path_notices_the_swap(
    stage: Stage, _what: str, change: Callable[[Folder], object]
) -> None:
    """After a swap nothing happens at all."""
    with stage.root.open(("place",)) as folder:
        aside = stage.swap()
        with pytest.raises(PermissionError):
            change(folder)
        assert names(stage.outside) == names(aside) == ["empty", "file"]


@posix_only
@pytest.mark.parametrize("folder_kind", ["this system's", "by path"])
def test_a_link_that_came_after_resolving_is_not_followed(
    stage: Stage, folder_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the middle nor as the last part."""
    if folder_kind == "by path":
        monkeypatch.setattr(confined, "_Folder", PathFolder)
    parts = stage.root.resolve(("place",))
    stage.swap()
    for path in (parts, (*parts, "empty")):
        with pytest.raises(OSError), stage.root.open(path):  # noqa: PT011 (which differs)
            pass
    with stage.root.open(()) as folder, pytest.raises(NotAFileError):
        folder.open_file("place")


def test_resolve(stage: Stage) -> None:
    """Links inside are followed, those that lead out are not; nothing needs to exist."""
    assert stage.root.resolve(()) == ()
    assert stage.root.resolve(("place", "new", "x")) == ("place", "new", "x")
    (stage.inside / "here").symlink_to(".")
    (stage.inside / "out").symlink_to(stage.outside)
    assert stage.root.resolve(("place", "here", "here", "file")) == ("place", "file")
    assert stage.root.resolve(("place", "out"), follow_last=False) == ("place", "out")
    for parts in (("place", "out"), ("place", "here", "out", "x"), ("..",)):
        with pytest.raises(LeadsOutError):
            stage.root.resolve(parts)


def test_a_folder_beside_is_not_below(stage: Stage) -> None:
    """`root-beside` begins with the root's name and is another folder."""
    with pytest.raises(LeadsOutError):
        stage.root.below(stage.root.real + "-beside")
    assert stage.root.below(stage.root.real + os.sep) == ()


@posix_only
def test_the_root_of_the_disk() -> None:
    """An administrator may serve all of it."""
    root = Root(Path("/"))
    assert root.resolve(("tmp",)) == root.below(os.path.realpath("/tmp"))  # noqa: S108 (is there)
    with root.open(("tmp",)) as folder:
        assert stat.S_ISDIR(folder.status().st_mode)


@posix_only
@pytest.mark.timeout(5)
@pytest.mark.parametrize("folder_kind", ["this system's", "by path"])
def test_special_files(tmp_path: Path, folder_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO is not opened, nor a folder or a link as a file."""
    if folder_kind == "by path":
        monkeypatch.setattr(confined, "_Folder", PathFolder)
    make_fifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    with Root(tmp_path).open(()) as folder:
        for name in ("fifo", "link"):
            with pytest.raises(NotAFileError):
                folder.open_file(name)
        with pytest.raises(IsADirectoryError):
            folder.open_file("folder")


@posix_only
def test_a_file_that_was_swapped_between_look_and_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO in the file's place neither blocks nor is read."""
    (tmp_path / "file").touch()
    with Root(tmp_path).open(()) as folder:
        real = folder.status("file")
        (tmp_path / "file").unlink()
        make_fifo(tmp_path / "file")
        monkeypatch.setattr(folder, "status", lambda _name: real)
        with pytest.raises(NotAFileError):
            folder.open_file("file")


@pytest.mark.usefixtures("by_path")
def test_a_file_that_a_scanner_holds(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rename is tried again for a moment (Windows), then the error is told."""
    monkeypatch.setattr(_confined_path, "_LOCKED_PAUSE", 0.0)
    plain, held = Path.replace, [3]

    def replace(path: Path, target: Path) -> Path:
        held[0] -= 1
        if held[0] >= 0:
            raise PermissionError
        return plain(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with stage.root.open(("place",)) as folder:
        folder.replace("file", "moved")
        assert names(stage.inside) == ["empty", "moved"]
        held[0] = 1000
        with pytest.raises(PermissionError):
            folder.replace("moved", "file")


@pytest.mark.usefixtures("by_path")
def test_a_read_only_entry_by_path(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows removes it only when the mark is taken away; a link is never marked anew."""
    plain = Path.unlink

    def unlink(path: Path) -> None:
        if not path.stat().st_mode & stat.S_IWUSR:
            raise PermissionError
        plain(path)

    monkeypatch.setattr(Path, "unlink", unlink)
    (stage.inside / "file").chmod(0o400)
    with stage.root.open(("place",)) as folder:
        folder.unlink("file")
    assert names(stage.inside) == ["empty"]


@pytest.mark.parametrize(
    ("path", "long"),
    [
        ("C:\\a", "\\\\?\\C:\\a"),
        ("\\\\server\\share\\a", "\\\\?\\UNC\\server\\share\\a"),
        ("\\\\?\\C:\\a", "\\\\?\\C:\\a"),
    ],
)
def test_paths_without_the_limit_of_260_characters(path: str, long: str) -> None:
    """Windows' own form of a long path."""
    assert extended(path) == long


def test_a_junction_is_a_link() -> None:
    """Windows shows it as a folder with a tag."""
    junction = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=0xA0000003)
    cloud = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=0x9000001A)  # OneDrive
    assert is_link(cast("os.stat_result", junction))
    assert not is_link(cast("os.stat_result", cloud))
