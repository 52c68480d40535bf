"""Windows: what user32 and wtsapi32 tell of the desktop, with full prototypes."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)

_CURRENT_SESSION = 0xFFFFFFFF
_CONNECT_STATE, _SESSION_INFO_EX = 8, 25  # WTS_INFO_CLASS
_UOI_NAME = 2
_SPI_GETSCREENSAVERRUNNING = 0x0072
_SM_CXSCREEN, _SM_CYSCREEN, _SM_REMOTESESSION = 0, 1, 0x1000
_LOGPIXELSX = 88
_PER_MONITOR_AWARE = ctypes.c_void_p(-3)  # DPI_AWARENESS_CONTEXT: true pixels, true DPI
_NAME_CHARS = 256

_user32 = ctypes.WinDLL("user32", use_last_error=True)
_gdi32 = ctypes.WinDLL("gdi32")
_wts = ctypes.WinDLL("wtsapi32", use_last_error=True)

_BOOL, _DWORD, _HANDLE, _POINTER = (
    wintypes.BOOL,
    wintypes.DWORD,
    wintypes.HANDLE,
    wintypes.LPVOID,
)
_DWORDS = ctypes.POINTER(_DWORD)
_PROTOTYPES: dict[tuple[ctypes.WinDLL, str], tuple[object, tuple[object, ...]]] = {
    (_wts, "WTSQuerySessionInformationW"): (
        _BOOL,
        (_HANDLE, _DWORD, ctypes.c_int, ctypes.POINTER(_POINTER), _DWORDS),
    ),
    (_wts, "WTSFreeMemory"): (None, (_POINTER,)),
    (_user32, "OpenInputDesktop"): (_HANDLE, (_DWORD, _BOOL, _DWORD)),
    (_user32, "CloseDesktop"): (_BOOL, (_HANDLE,)),
    (_user32, "GetProcessWindowStation"): (_HANDLE, ()),
    (_user32, "GetUserObjectInformationW"): (
        _BOOL,
        (_HANDLE, ctypes.c_int, _POINTER, _DWORD, _DWORDS),
    ),
    (_user32, "SystemParametersInfoW"): (
        _BOOL,
        (wintypes.UINT, wintypes.UINT, _POINTER, wintypes.UINT),
    ),
    (_user32, "GetSystemMetrics"): (ctypes.c_int, (ctypes.c_int,)),
    (_user32, "GetDC"): (_HANDLE, (_HANDLE,)),
    (_user32, "ReleaseDC"): (ctypes.c_int, (_HANDLE, _HANDLE)),
    (_gdi32, "GetDeviceCaps"): (ctypes.c_int, (_HANDLE, ctypes.c_int)),
}
_LATER_PROTOTYPES: dict[str, tuple[object, tuple[object, ...]]] = {  # from Windows 10 1607 on
    "GetDpiForSystem": (wintypes.UINT, ()),
    "SetThreadDpiAwarenessContext": (_POINTER, (_POINTER,)),
}
for (_library, _name), (_result, _arguments) in _PROTOTYPES.items():
    _function = getattr(_library, _name)
    _function.restype, _function.argtypes = _result, _arguments
_LATER = all(hasattr(_user32, _name) for _name in _LATER_PROTOTYPES)
for _name, (_result, _arguments) in _LATER_PROTOTYPES.items() if _LATER else ():
    _function = getattr(_user32, _name)
    _function.restype, _function.argtypes = _result, _arguments


class _SessionInfo(ctypes.Structure):
    """WTSINFOEXW as far as it is read (level 1); its Data is aligned to 8 bytes."""

    _fields_ = (
        ("Level", _DWORD),
        ("_alignment", _DWORD),
        ("SessionId", wintypes.ULONG),
        ("SessionState", ctypes.c_int),
        ("SessionFlags", wintypes.LONG),
    )


class WindowsDesktop:
    """The desktop of this process's session (app.host._desktop_windows.Desktop)."""

    def connect_state(self) -> int | None:
        """Return the WTS_CONNECTSTATE_CLASS, None when it cannot be read."""
        with _session_information(_CONNECT_STATE, ctypes.sizeof(ctypes.c_int)) as address:
            return ctypes.c_int.from_address(address).value if address else None

    def lock_flag(self) -> int | None:
        """Return the WTS_SESSIONSTATE flag, None when it cannot be read."""
        with _session_information(_SESSION_INFO_EX, ctypes.sizeof(_SessionInfo)) as address:
            info = _SessionInfo.from_address(address) if address else None
            return info.SessionFlags if info is not None and info.Level == 1 else None

    def station(self) -> str:
        """Return the name of the window station, "" when there is none."""
        return _name_of(_user32.GetProcessWindowStation())

    def input_desktop(self) -> str:
        """Return the name of the desktop that gets the input, "" when it is not ours to know."""
        desktop = _user32.OpenInputDesktop(0, False, 0)
        if not desktop:
            return ""
        try:
            return _name_of(desktop)
        finally:
            _user32.CloseDesktop(desktop)

    def screensaver(self) -> bool | None:
        """Return whether the screensaver runs."""
        runs = _BOOL()
        known = _user32.SystemParametersInfoW(_SPI_GETSCREENSAVERRUNNING, 0, ctypes.byref(runs), 0)
        return bool(runs.value) if known else None

    def remote(self) -> bool:
        """Return whether it is shown on another computer."""
        return bool(_user32.GetSystemMetrics(_SM_REMOTESESSION))

    def size(self) -> tuple[int, int]:
        """Return the true pixels of the primary screen."""
        with _true_pixels():
            return tuple(map(_user32.GetSystemMetrics, (_SM_CXSCREEN, _SM_CYSCREEN)))

    def dpi(self) -> int:
        """Return the DPI that the system scales to, 0 when it cannot be read."""
        with _true_pixels():
            return int(_user32.GetDpiForSystem()) if _LATER else _device_dpi()


@contextmanager
def _session_information(kind: int, least: int) -> Iterator[int | None]:
    """Give the address of what WTS tells of this session, if that has the least size."""
    address, size = _POINTER(), _DWORD()
    known = _wts.WTSQuerySessionInformationW(
        None, _CURRENT_SESSION, kind, ctypes.byref(address), ctypes.byref(size)
    )
    if not known or not address.value:
        yield None
        return
    try:
        yield address.value if size.value >= least else None
    finally:
        _wts.WTSFreeMemory(address)


@contextmanager
def _true_pixels() -> Iterator[None]:
    """Let this thread see what the screen has: a process that knows no DPI is told tales."""
    before = _user32.SetThreadDpiAwarenessContext(_PER_MONITOR_AWARE) if _LATER else None
    try:
        yield
    finally:
        if before:
            _user32.SetThreadDpiAwarenessContext(before)


def _device_dpi() -> int:
    screen = _user32.GetDC(None)
    try:
        return int(_gdi32.GetDeviceCaps(screen, _LOGPIXELSX))
    finally:
        _user32.ReleaseDC(None, screen)


def _name_of(handle: int | None) -> str:
    name = ctypes.create_unicode_buffer(_NAME_CHARS)
    needed = _DWORD()
    known = handle and _user32.GetUserObjectInformationW(
        handle, _UOI_NAME, name, ctypes.sizeof(name), ctypes.byref(needed)
    )
    return name.value if known else ""
