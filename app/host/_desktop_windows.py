"""Windows: what its answers mean for a test."""

from typing import Protocol

from app.host.desktop_state import DesktopState

# WTS_CONNECTSTATE_CLASS and WTSINFOEX_LEVEL1 (wtsapi32.h); Windows 7 has the flags swapped.
ACTIVE, DISCONNECTED = 0, 4
LOCKED, UNLOCKED = 0, 1
STATION = "WinSta0"  # the only one that is ever shown
# The desktop with the input is "Default" while somebody works. One that may not be opened, or this
# one, belongs to the system: the lock, a logon, a question of UAC.
_SYSTEMS = ("", "winlogon")
_SAVERS = "screen-saver"


class Desktop(Protocol):
    """What is asked of Windows (app.host._desktop_winapi)."""

    def connect_state(self) -> int | None:
        """Return the WTS_CONNECTSTATE_CLASS."""

    def lock_flag(self) -> int | None:
        """Return the WTS_SESSIONSTATE flag."""

    def station(self) -> str:
        """Return the window station's name."""

    def input_desktop(self) -> str:
        """Return the name of the desktop with the input, "" when it is not ours."""

    def screensaver(self) -> bool | None:
        """Return whether the screensaver runs."""

    def remote(self) -> bool:
        """Return whether it is a remote session."""

    def size(self) -> tuple[int, int]:
        """Return the primary screen's pixels."""

    def dpi(self) -> int:
        """Return the system's DPI."""


def state_of(desktop: Desktop) -> DesktopState:
    """Return the state; a service, whose window station nobody sees, has no session."""
    if desktop.station().casefold() != STATION.casefold():
        return DesktopState(session=False)
    connected = desktop.connect_state()
    input_desktop = desktop.input_desktop().casefold()
    width, height = desktop.size()
    return DesktopState(
        session=True,
        locked=desktop.lock_flag() == LOCKED or input_desktop in _SYSTEMS,
        screensaver=bool(desktop.screensaver()) or input_desktop == _SAVERS,
        remote=desktop.remote(),
        disconnected=None if connected is None else connected == DISCONNECTED,
        width=width or None,
        height=height or None,
        dpi=desktop.dpi() or None,
    )
