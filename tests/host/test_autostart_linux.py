"""Starting at login on Linux: what systems really read of our files (app/host/_autostart_linux)."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.host import _autostart_linux
from app.host._autostart import NAME, Autostart, AutostartError
from app.host._autostart_linux import DesktopAutostart, LinuxAutostart, SystemdAutostart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other system: no XDG autostart")
GENERATOR = Path("/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator")
ODD = [
    "plain",
    "two words",
    "测试 日志",
    "100%",
    "%f %u %% %h",
    'quo"te',
    "back\\slash",
    "$HOME `id` $(id)",
    "a'b;c|d&e<f>g*h?i#j(k)~l",
    "",
    "\ttab",
    ";",
    "$",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder for settings; the systemd of this computer hears nothing of it."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin" / "systemctl").symlink_to("/bin/true")
    return tmp_path / "config"


def program(folder: Path, name: str = "agent") -> tuple[Path, Path]:
    """Make a program that notes its arguments as JSON; return it and the note."""
    folder.mkdir(parents=True, exist_ok=True)
    path, note = folder / name, folder / "note"
    path.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"open({str(note)!r} + '.new', 'w').write(json.dumps(sys.argv[1:]))\n"
        f"os.rename({str(note)!r} + '.new', {str(note)!r})\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path, note


def tool(name: str) -> str:
    """Return a program of this system that reads what we write."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"other system: no {name}")
    return path


def noted(note: Path) -> list[str]:
    """Wait for what the program was given."""
    end = time.monotonic() + 15
    while not note.exists():
        assert time.monotonic() < end, "it was not started"
        time.sleep(0.02)
    words: list[str] = json.loads(note.read_text(encoding="utf-8"))
    return words


@pytest.mark.parametrize("place", ["plain", "两 words%d", "a=b", 'q"uo$te\\'])
def test_a_desktop_starts_what_was_meant(tmp_path: Path, folder: Path, place: str) -> None:
    """GLib, which GNOME and Xfce use, gives each word as it was, whatever is in it."""
    gio = tool("gio")
    path, note = program(tmp_path / place)
    DesktopAutostart([str(path), *ODD], folder).install()
    entry = folder / "autostart" / f"{NAME}.desktop"
    subprocess.run([gio, "launch", str(entry)], check=True)
    assert noted(note) == ODD


def test_the_entry_is_valid(tmp_path: Path, folder: Path) -> None:
    """The checker of freedesktop.org has nothing to say."""
    validate = tool("desktop-file-validate")
    DesktopAutostart([str(tmp_path / "两 100% a"), *ODD], folder).install()
    entry = folder / "autostart" / f"{NAME}.desktop"
    done = subprocess.run([validate, entry], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("place", ["plain", "两 words%d", "a=b"])
def test_systemd_starts_the_entry_too(tmp_path: Path, folder: Path, place: str) -> None:
    """Its generator, which KDE and new GNOMEs use, makes a service of the same command."""
    if not GENERATOR.exists():
        pytest.skip("other system: no systemd-xdg-autostart-generator")
    path, _note = program(tmp_path / place)
    DesktopAutostart([str(path), "--home", "/h/两 100% h"], folder).install()
    made = tmp_path / "units"
    made.mkdir()
    env = {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_CONFIG_DIRS": str(tmp_path / "none")}
    subprocess.run([GENERATOR, made, made, made], env=env, check=True)
    (service,) = made.glob("*ats*.service")
    text = service.read_text(encoding="utf-8")
    assert "/h/两 100%% h" in text
    assert str(path).replace("%", "%%") in text


@pytest.mark.parametrize("place", ["plain", "两 words%d", "do$llar", "it's", 'q"uo\\te'])
def test_the_service_is_valid(tmp_path: Path, folder: Path, place: str) -> None:
    """systemd finds the program, and nothing to complain of; the limits are as documented."""
    analyze = tool("systemd-analyze")
    path, _note = program(tmp_path / place)
    SystemdAutostart([str(path), *ODD], folder).install()
    service = folder / "systemd" / "user" / f"{NAME}.service"
    done = subprocess.run(
        [analyze, "verify", "--user", "--man=no", service],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "SYSTEMD_LOG_LEVEL": "info"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if NAME in line]) == (0, [])
    text = service.read_text(encoding="utf-8")
    assert re.findall("(?m)^(?:Restart|StartLimit).*", text) == [
        "StartLimitIntervalSec=600",
        "StartLimitBurst=5",
        "Restart=on-failure",
        "RestartSec=10",
        "RestartPreventExitStatus=2 3 4",
    ]


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("two words", '"two words"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ('q"b\\', '"q\\"b\\\\"'),
        (";", '";"'),
        ("a\nb", '"a\\nb"'),
        ("测试", '"测试"'),
    ],
)
def test_an_argument_of_the_service(word: str, written: str) -> None:
    """systemd.service(5): C escapes inside quotes, specifiers and variables doubled."""
    assert _autostart_linux.service_line(["/bin/x", word]) == f'"/bin/x" {written}'


def both(folder: Path, *words: str) -> list[Autostart]:
    """Each way for the same command."""
    command = ["/opt/a b/agent", *words]
    return [DesktopAutostart(command, folder), SystemdAutostart(command, folder)]


@pytest.mark.parametrize("way", [0, 1])
def test_on_and_off(folder: Path, way: int) -> None:
    """What is installed is seen, and gone again; twice does no harm."""
    autostart = both(folder)[way]
    assert not autostart.state().installed
    for _time in range(2):
        autostart.install()
        assert autostart.state().on
    for _time in range(2):
        autostart.remove()
        assert not autostart.state().installed
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []


@pytest.mark.parametrize("way", [0, 1])
def test_another_home_is_told_and_repaired(folder: Path, way: int) -> None:
    """An entry of another program or home is not ours, until it is installed anew."""
    both(folder, "--home", "/old")[way].install()
    ours = both(folder)[way]
    state = ours.state()
    assert (state.installed, state.ours, state.on) == (True, False, False)
    assert "/old" in state.problem
    ours.install()
    assert ours.state().on


@pytest.mark.parametrize("way", [0, 1])
def test_other_flags_make_no_other_agent(folder: Path, way: int) -> None:
    """It is the same program with the same home: the tray of one started by hand shows it."""
    home = ("--home", "/h")
    both(folder, *home, "--config", "/c d.yaml", "--headless")[way].install()
    assert both(folder, *home)[way].state().on
    assert both(folder, *home, "--headless")[way].state().on
    assert not both(folder, "--home", "/h2")[way].state().on
    assert not both(folder)[way].state().on


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("X-GNOME-Autostart-enabled=true", "X-GNOME-Autostart-enabled=false"),
        ("Terminal=false", "Hidden=true"),
    ],
)
def test_switched_off_by_the_desktop(folder: Path, line: str, instead: str) -> None:
    """GNOME and Xfce write their switch into the entry; installing turns it on again."""
    autostart = both(folder)[0]
    autostart.install()
    entry = folder / "autostart" / f"{NAME}.desktop"
    entry.write_text(entry.read_text(encoding="utf-8").replace(line, instead), encoding="utf-8")
    assert not autostart.state().on
    assert "switched off" in autostart.state().problem
    autostart.install()
    assert autostart.state().on


def test_one_way_at_a_time(folder: Path) -> None:
    """The other way would start it twice: it goes, and whichever is there is seen."""
    desktop, service = both(folder)
    with_desktop, without = LinuxAutostart(desktop, service), LinuxAutostart(service, desktop)
    without.install()
    assert (with_desktop.state().on, with_desktop.kind) == (True, "systemd --user")
    assert with_desktop.state().restarts
    with_desktop.install()
    assert (without.state().on, without.kind) == (True, "XDG autostart")
    assert not service.state().installed
    without.remove()
    assert not with_desktop.state().installed


def test_systemd_looks_at_it_anew(folder: Path, tmp_path: Path) -> None:
    """A running systemd is told; one that hangs or is not there costs nothing but a moment."""
    note = tmp_path / "told"
    (tmp_path / "bin" / "systemctl").unlink()
    script = tmp_path / "bin" / "systemctl"
    script.write_text(f'#!/bin/sh\necho "$@" >>{note}\nexit 1\n', encoding="utf-8")
    script.chmod(0o755)
    service = both(folder)[1]
    service.install()
    service.remove()
    assert note.read_text(encoding="utf-8") == "--user daemon-reload\n" * 2


@pytest.mark.parametrize("way", [0, 1])
def test_a_folder_that_takes_nothing(folder: Path, way: int) -> None:
    """The user is told which place cannot be written."""
    folder.write_text("a file is in the way", encoding="utf-8")
    autostart = both(folder)[way]
    for action in (autostart.install, autostart.remove, autostart.state):
        with pytest.raises(AutostartError, match=re.escape(str(folder))):
            action()


def test_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG: a relative path does not count."""
    monkeypatch.setenv("HOME", "/home/u")
    there = Path("/home/u/.config")
    assert _autostart_linux.config_folder({}) == there
    assert _autostart_linux.config_folder({"XDG_CONFIG_HOME": "rel"}) == there
    assert _autostart_linux.config_folder({"XDG_CONFIG_HOME": "/x"}) == Path("/x")
