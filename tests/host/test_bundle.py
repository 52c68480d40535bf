"""Tests of app.host.bundle, with folders as PyInstaller makes them; the rest: tests/frozen."""

import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from app import resources
from app.host import bundle

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other system: locks of POSIX")
if os.name != "nt":
    posix: Any = import_module("app.host._bundle_posix")

HOUR = 3600.0


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a killed program of ours has left, an hour ago."""
    folder = tmp_path / "_MEIabc"
    (folder / bundle.MARKER).parent.mkdir(parents=True)
    (folder / bundle.MARKER).write_text("{}", encoding="utf-8")
    (folder / "libx.so").touch()
    (folder / "lib").mkdir()
    os.utime(folder, (time.time() - HOUR, time.time() - HOUR))
    return folder


def test_what_was_left_is_removed(left: Path) -> None:
    """An old folder of ours that nobody holds goes as a whole, and nothing stays beside it."""
    assert posix.remove_left_over(left, bundle.MARKER)
    assert list(left.parent.iterdir()) == []


def test_a_young_folder_stays(left: Path) -> None:
    """A program that is just unpacking itself has no lock yet."""
    os.utime(left)
    assert not posix.remove_left_over(left, bundle.MARKER)
    assert (left / "libx.so").exists()


def test_a_held_folder_stays(left: Path) -> None:
    """The lock of a living program keeps it."""
    descriptor = os.open(left, os.O_RDONLY)
    posix.fcntl.flock(descriptor, posix.fcntl.LOCK_SH)
    with pytest.raises(BlockingIOError):
        posix.remove_left_over(left, bundle.MARKER)
    os.close(descriptor)
    assert (left / "libx.so").exists()


def test_a_folder_of_another_program_stays(left: Path) -> None:
    """Without our marker it is somebody else's."""
    (left / bundle.MARKER).unlink()
    with pytest.raises(FileNotFoundError):
        posix.remove_left_over(left, bundle.MARKER)
    assert (left / "libx.so").exists()


def test_a_link_is_not_followed(left: Path, tmp_path: Path) -> None:
    """Somebody else could place one in a shared temporary folder."""
    link = tmp_path / "_MEIlink"
    link.symlink_to(left)
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        posix.remove_left_over(link, bundle.MARKER)
    assert (left / "libx.so").exists()


def test_the_environment_is_cleaned() -> None:
    """Our variables go, the user's own library path comes back, anything else stays."""
    inside = str(resources.ROOT / "x")
    environ = {
        "_PYI_ARCHIVE_FILE": "x",
        "_MEIPASS2": "x",
        "LD_LIBRARY_PATH": inside,
        "LD_LIBRARY_PATH_ORIG": "/users/own",
        "LIBPATH": inside,
        "PATH": "/bin",
    }
    bundle.clean(environ)
    assert environ == {"LD_LIBRARY_PATH": "/users/own", "PATH": "/bin"}
    bundle.clean(environ)
    assert environ == {"LD_LIBRARY_PATH": "/users/own", "PATH": "/bin"}


def test_compiled_modules_are_found(tmp_path: Path) -> None:
    """By the names under which they are imported; libraries are none."""
    for name in ("python3.11/lib-dynload/_ssl", "PIL/_imaging", "libz", "pillow.libs/libjpeg-1"):
        path = tmp_path / f"{name}.cpython-311-x86_64-linux-gnu.so"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert bundle.extension_modules(tmp_path) == {"_ssl", "PIL._imaging"}


def test_from_source_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without freezing the environment is nobody's business."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(resources.ROOT))
    bundle.settle()
    bundle.stay()
    assert os.environ["LD_LIBRARY_PATH"] == str(resources.ROOT)
