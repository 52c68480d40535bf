"""macOS: the session and the main display as Quartz knows them. Not tried on a Mac yet."""

from typing import Any

from app.host.desktop_state import DesktopState

_POINTS_PER_INCH = 72  # a point is 1/72 inch whatever the screen; Retina has two pixels for it


def quartz() -> Any:
    """Return the module that pystray brings along; ImportError elsewhere."""
    import Quartz  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 (20 MB)

    return Quartz


def state_of(quartz: Any) -> DesktopState:
    """Return the state; without a window server (SSH, a daemon) there is no session.

    What the keys of CGSessionCopyCurrentDictionary mean: CGSession.h, and for the lock, which
    it does not name, practice.
    """
    session = quartz.CGSessionCopyCurrentDictionary()
    if session is None:
        return DesktopState(session=False)
    display = quartz.CGMainDisplayID()
    mode = quartz.CGDisplayCopyDisplayMode(display)
    width, height, dpi = _size(quartz, mode)
    return DesktopState(
        session=True,
        locked=bool(session.get("CGSSessionScreenIsLocked", False)),
        disconnected=not session.get("kCGSSessionOnConsoleKey", True),
        width=width,
        height=height,
        dpi=dpi,
    )


def _size(quartz: Any, mode: Any) -> tuple[int | None, int | None, int | None]:
    """Return pixels and DPI of a display's mode; no mode without a display."""
    if mode is None:
        return None, None, None
    width, height = (
        quartz.CGDisplayModeGetPixelWidth(mode),
        quartz.CGDisplayModeGetPixelHeight(mode),
    )
    points = quartz.CGDisplayModeGetWidth(mode)
    return width, height, round(_POINTS_PER_INCH * width / points) if points else None
