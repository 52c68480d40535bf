"""Which way starts at login here, and with which command (app/host/autostart.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.host import _autostart_linux
from app.host.autostart import autostart_here, own_command

linux = pytest.mark.skipif(sys.platform != "linux", reason="other system: another way")


def test_a_frozen_program_is_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The executable, and only the flags that are needed."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    program = str(Path("/opt/a b/ats-agent"))
    monkeypatch.setattr(sys, "executable", program)
    assert own_command() == [program]
    home, config = Path("h").absolute(), Path("c.yaml").absolute()
    assert own_command(home=Path("h"), config=Path("c.yaml"), headless=True) == [
        *(program, "--home", str(home), "--config", str(config), "--headless")
    ]


def test_from_source_python_starts_the_package(tmp_path: Path) -> None:
    """The command works in any folder: the environment knows the package."""
    command = own_command()
    assert command[1:] == ["-m", "app"]
    done = subprocess.run(
        [*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ats-agent ")


@linux
@pytest.mark.parametrize(
    ("system", "systemd", "kind"),
    [
        (("desktop", "systemd"), False, "XDG autostart"),
        (("desktop",), False, "XDG autostart"),
        (("desktop", "systemd"), True, "systemd --user"),
        (("systemd",), False, "systemd --user"),
        (("desktop",), True, None),
        ((), False, None),
    ],
)
def test_the_way_of_this_system(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    system: tuple[str, ...],
    systemd: bool,
    kind: str | None,
) -> None:
    """A desktop starts its own; systemd where there is none, or when it is asked for."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0" if "desktop" in system else "")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(_autostart_linux, "has_systemd", lambda: "systemd" in system)
    here = autostart_here(["/bin/agent"], systemd=systemd)
    assert (None if here is None else here.kind) == kind


def test_the_console_twin_starts_the_windowed_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ats-agent.com sets up at login is ats-agent.exe, if it is there."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "ats-agent.com"))
    assert own_command() == [str(tmp_path / "ats-agent.com")]
    (tmp_path / "ats-agent.exe").touch()
    assert own_command() == [str(tmp_path / "ats-agent.exe")]
