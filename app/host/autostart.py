"""Start this program at the login of its user, without administrator rights.

Started again after a crash: by systemd and launchd. Windows' Run key and a desktop's autostart
start once per login.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from app.host._autostart import (
    CONFIG,
    HEADLESS,
    HOME,
    Autostart,
    AutostartError,
    AutostartState,
)

if sys.platform == "win32":
    from app.host import _autostart_windows, _registry
elif sys.platform == "darwin":
    from app.host import _autostart_mac
else:
    from app.host import _autostart_linux, display

__all__ = ["Autostart", "AutostartError", "AutostartState", "autostart_here", "own_command"]


def own_command(
    *, home: Path | None = None, config: Path | None = None, headless: bool = False
) -> list[str]:
    """Return the command that starts this program again, from any folder.

    None and False leave a flag out: for what the program finds or decides by itself.
    """
    command = _program()
    if home is not None:
        command += [HOME, str(home.absolute())]
    if config is not None:
        command += [CONFIG, str(config.absolute())]
    return [*command, HEADLESS] if headless else command


def _program() -> list[str]:
    """The frozen executable is a program by itself; else Python has to find the package."""
    if getattr(sys, "frozen", False):
        return [str(_windowed(Path(sys.executable)))]
    return [str(_interpreter(Path(sys.executable))), "-m", "app"]


def _windowed(program: Path) -> Path:
    """Prefer the one without a console window: on Windows there is a console twin (.com)."""
    windowed = program.with_suffix(".exe")
    return windowed if program.suffix == ".com" and windowed.is_file() else program


def autostart_here(command: Sequence[str], *, systemd: bool = False) -> Autostart | None:
    """Return how `command` is started at login here; None when this system offers no way.

    `systemd`: as a service of the user's systemd, also where there is a desktop.
    """
    return _autostart(command, systemd=systemd)


if sys.platform == "win32":

    def _interpreter(python: Path) -> Path:
        """Prefer the one that opens no console window."""
        windowed = python.with_name("pythonw.exe")
        return windowed if windowed.is_file() else python

    def _autostart(command: Sequence[str], *, systemd: bool) -> Autostart | None:
        if systemd:
            return None
        return _autostart_windows.WindowsAutostart(command, _registry.UserRegistry())

elif sys.platform == "darwin":

    def _interpreter(python: Path) -> Path:
        return python

    def _autostart(command: Sequence[str], *, systemd: bool) -> Autostart | None:
        folder = Path.home() / "Library" / "LaunchAgents"
        return None if systemd else _autostart_mac.MacAutostart(command, folder)

else:

    def _interpreter(python: Path) -> Path:
        return python

    def _autostart(command: Sequence[str], *, systemd: bool) -> Autostart | None:
        folder = _autostart_linux.config_folder()
        desktop = _autostart_linux.DesktopAutostart(command, folder)
        service = _autostart_linux.SystemdAutostart(command, folder)
        if display.has_display() and not systemd:
            return _autostart_linux.LinuxAutostart(desktop, service)
        if _autostart_linux.has_systemd():
            return _autostart_linux.LinuxAutostart(service, desktop)
        return None
