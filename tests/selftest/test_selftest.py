"""`ats-agent selftest`, from source: it passes here, and it fails when something is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import resources
from app.selftest import children, files, modules

SYSTEMS = ("linux", "windows", "macos")


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_all_is_good() -> None:
    """A line per check, and exit code 0."""
    command = [sys.executable, "-m", "app", "selftest"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert len(lines) == 10


def test_every_module_is_for_some_system() -> None:
    """The lists of other systems' modules name modules that exist; each belongs somewhere."""
    names = modules.modules_below(resources.ROOT)
    listed = set[str]().union(*modules._OF_SYSTEMS.values())
    assert listed <= set(names)
    somewhere = {name for one in SYSTEMS for name in modules.of_this_system(names, one)}
    assert somewhere == set(names)


def test_other_systems_modules_are_left_out() -> None:
    """The tray of each system is tested there only."""
    names = ["app.tray.windows", "app.tray.mac", "app.tray.sni", "app.host._posix"]
    assert modules.of_this_system(names, "windows") == ["app.tray.windows"]
    assert modules.of_this_system(names, "macos") == ["app.tray.mac", "app.host._posix"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_icons_are_there(system: str) -> None:
    """Those of each system can be read on any."""
    assert files.icons(system).endswith("icons")


def test_missing_icons_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder is no success."""
    monkeypatch.setattr(resources, "ROOT", tmp_path)
    with pytest.raises(FileNotFoundError):
        files.icons()


@pytest.mark.parametrize(
    ("line", "leak"),
    [
        ("_PYI_ARCHIVE_FILE=x", True),
        ("LD_LIBRARY_PATH=/x:/tmp/_MEI1", True),
        ("LD_LIBRARY_PATH=/usr/lib", False),
        ("TMPDIR=/tmp/_MEI1", False),
        ("PATH=/bin", False),
    ],
)
def test_leaks(line: str, leak: bool) -> None:
    """The bundle's own variables, and library paths that lead into it."""
    assert children.leaks(line, Path("/tmp/_MEI1")) is leak  # noqa: S108 (no file is meant)
