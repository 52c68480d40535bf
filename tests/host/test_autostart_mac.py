"""Starting at login on macOS: what launchd reads (app/host/_autostart_mac.py)."""

import plistlib
from pathlib import Path

import pytest

from app.host._autostart import NAME, AutostartError
from app.host._autostart_mac import MacAutostart

EXE = "/Applications/测试 & <1>/ats-agent"


def test_on_and_off(tmp_path: Path) -> None:
    """launchd starts exactly this, at login and after a crash, at most once a minute."""
    autostart = MacAutostart([EXE, "--home", "/h 100%"], tmp_path / "LaunchAgents")
    assert not autostart.state().installed
    autostart.install()
    autostart.install()
    job = plistlib.loads((tmp_path / "LaunchAgents" / f"{NAME}.plist").read_bytes())
    assert job["Label"] == NAME
    assert job["ProgramArguments"] == [EXE, "--home", "/h 100%"]
    assert job["RunAtLoad"] is True
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["ThrottleInterval"] == 60
    assert autostart.state().on
    assert autostart.state().restarts
    autostart.remove()
    autostart.remove()
    assert not autostart.state().installed


def test_another_home_is_told_and_repaired(tmp_path: Path) -> None:
    """A file of another home is not ours; installing puts ours in its place."""
    MacAutostart([EXE, "--home", "/old"], tmp_path).install()
    ours = MacAutostart([EXE], tmp_path)
    assert (ours.state().installed, ours.state().on) == (True, False)
    assert "/old" in ours.state().problem
    ours.install()
    assert ours.state().on


def test_switched_off_in_the_file(tmp_path: Path) -> None:
    """`Disabled` is launchd's own key for it."""
    autostart = MacAutostart([EXE], tmp_path)
    path = tmp_path / f"{NAME}.plist"
    autostart.install()
    path.write_bytes(plistlib.dumps({**plistlib.loads(path.read_bytes()), "Disabled": True}))
    assert not autostart.state().on
    autostart.install()
    assert autostart.state().on


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 50, b"<plist>", b"<?xml version='1.0'?><plist><string>x</string></plist>"]
)
def test_a_broken_file_is_not_ours(tmp_path: Path, data: bytes) -> None:
    """It is replaced, not stumbled over."""
    (tmp_path / f"{NAME}.plist").write_bytes(data)
    autostart = MacAutostart([EXE], tmp_path)
    assert (autostart.state().installed, autostart.state().on) == (True, False)
    autostart.install()
    assert autostart.state().on


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    """The user is told which file cannot be written."""
    (tmp_path / "file").touch()
    autostart = MacAutostart([EXE], tmp_path / "file")
    with pytest.raises(AutostartError, match="cannot be used"):
        autostart.install()
