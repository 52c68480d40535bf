"""What the answers of Windows and macOS mean (app.host._desktop_windows, _desktop_mac)."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from app.host import _desktop_mac as mac
from app.host import _desktop_windows as windows
from app.host.desktop_state import DesktopState


@dataclass
class FakeDesktop:
    """What Windows would say; at first, of a desktop that somebody works at."""

    connected: int | None = windows.ACTIVE
    flag: int | None = windows.UNLOCKED
    at_station: str = "WinSta0"
    with_input: str = "Default"
    saver: bool | None = False
    far: bool = False

    def connect_state(self) -> int | None:
        return self.connected

    def lock_flag(self) -> int | None:
        return self.flag

    def station(self) -> str:
        return self.at_station

    def input_desktop(self) -> str:
        return self.with_input

    def screensaver(self) -> bool | None:
        return self.saver

    def remote(self) -> bool:
        return self.far

    def size(self) -> tuple[int, int]:
        return 1920, 1080

    def dpi(self) -> int:
        return 144


@pytest.mark.parametrize(
    ("desktop", "expected"),
    [
        (FakeDesktop(), (False, False, False)),
        (FakeDesktop(flag=windows.LOCKED), (True, False, False)),
        (FakeDesktop(with_input="Winlogon"), (True, False, False)),
        (FakeDesktop(with_input=""), (True, False, False)),
        (FakeDesktop(flag=None, connected=None), (False, False, None)),
        (FakeDesktop(with_input="Screen-saver"), (False, True, False)),
        (FakeDesktop(saver=True), (False, True, False)),
        (FakeDesktop(connected=windows.DISCONNECTED, with_input=""), (True, False, True)),
    ],
)
def test_windows(desktop: FakeDesktop, expected: tuple[bool, bool, bool | None]) -> None:
    """Locked also while the system asks something on a desktop of its own."""
    state = windows.state_of(desktop)
    assert (state.locked, state.screensaver, state.disconnected) == expected
    assert (state.session, state.resolution, state.dpi) == (True, "1920x1080", 144)


def test_a_windows_service_has_no_session() -> None:
    """Its window station is never shown."""
    service = FakeDesktop(at_station="Service-0x0-3e7$")
    assert windows.state_of(service) == DesktopState(session=False)


def quartz(session: dict[str, Any] | None, mode: object = "mode") -> Any:
    """What macOS would say: a Retina display of 1440 x 900 points."""
    return SimpleNamespace(
        CGSessionCopyCurrentDictionary=lambda: session,
        CGMainDisplayID=lambda: 1,
        CGDisplayCopyDisplayMode=lambda _display: mode,
        CGDisplayModeGetPixelWidth=lambda _mode: 2880,
        CGDisplayModeGetPixelHeight=lambda _mode: 1800,
        CGDisplayModeGetWidth=lambda _mode: 1440,
    )


def test_mac() -> None:
    """A key that is not there says no; Retina has 144 DPI."""
    state = mac.state_of(quartz({"kCGSSessionOnConsoleKey": True}))
    assert (state.locked, state.disconnected, state.resolution) == (False, False, "2880x1800")
    assert state.dpi == 144
    locked = {"CGSSessionScreenIsLocked": True, "kCGSSessionOnConsoleKey": False}
    state = mac.state_of(quartz(locked, mode=None))
    assert (state.locked, state.disconnected, state.resolution) == (True, True, "")


def test_a_mac_without_a_window_server_has_no_session() -> None:
    """Such as one that is reached over SSH."""
    assert mac.state_of(quartz(None)) == DesktopState(session=False)
