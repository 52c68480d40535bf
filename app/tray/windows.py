"""Windows: pystray's icon, sharp at every scale, its menu never changed while it is open."""

import ctypes
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pystray import _win32
from pystray._util import win32

from app import resources
from app.tray import images
from app.tray.ico import best
from app.tray.setup import SetUpInLoop

WM_HOP = 0x8000 + 1  # WM_APP: the program's own messages
_ICON_VERSION = 0x00030000  # the only one that CreateIconFromResourceEx knows
_SM_CXSMICON = 49  # GetSystemMetrics: the width of a small icon at this scale
_LEFT_UP, _RIGHT_UP = 0x0202, 0x0205  # WM_LBUTTONUP, WM_RBUTTONUP
# UTF-16 units that fit into a field of NOTIFYICONDATAW, without its end mark.
_ROOM = {"szTip": 127, "szInfo": 255, "szInfoTitle": 63}


class Icon(SetUpInLoop, _win32.Icon):  # type: ignore[misc] # pystray has no types
    """Like app.tray.sni.Icon; `icon` is the path of an .ico file."""

    def __init__(self, name: str, **parts: Any) -> None:
        super().__init__(name, **parts)
        self._work: deque[Callable[[], None]] = deque()
        self._menu_open = False
        self._menu_stale = False
        self._icon_handle: Any = None
        self._message_handlers[WM_HOP] = self._on_hop

    def image(self, name: str) -> Path:
        """Return what `icon` is to be for this icon."""
        return images.windows_file(name)

    def hop(self, work: Callable[[], None]) -> None:
        """Have the loop do `work`; never waits."""
        self._work.append(work)
        if self._hwnd is not None:
            win32.PostMessage(self._hwnd, WM_HOP, 0, 0)

    def stop(self) -> None:
        """End `run`; never waits."""
        self.hop(self._stop)

    def _on_hop(self, _wparam: int, _lparam: int) -> None:
        while self._work:
            self._work.popleft()()

    def _on_notify(self, wparam: int, lparam: int) -> None:
        """Open the menu with either button when there is no default action."""
        if lparam == _LEFT_UP and not any(item.default for item in self.menu or ()):
            lparam = _RIGHT_UP
        self._menu_open = lparam == _RIGHT_UP
        try:
            super()._on_notify(wparam, lparam)
        finally:
            self._menu_open = False
        if self._menu_stale:
            self._menu_stale = False
            self._update_menu()

    def _message(self, code: int, flags: int, **fields: Any) -> None:
        """Send as much of each text as fits: ctypes refuses a longer one."""
        for name in _ROOM.keys() & fields.keys():
            fields[name] = _clipped(fields[name], _ROOM[name])
        super()._message(code, flags, **fields)

    def _update_menu(self) -> None:
        """Wait until the menu is closed: pystray would destroy it under the user's hand."""
        if self._menu_open:
            self._menu_stale = True
        else:
            super()._update_menu()

    def _assert_icon_handle(self) -> None:
        """Load the size that the taskbar shows; pystray loads the big one, which gets blurred."""
        if self._icon_handle:
            return
        user32: Any = ctypes.windll.user32  # type: ignore[attr-defined,unused-ignore]
        user32.CreateIconFromResourceEx.restype = ctypes.c_void_p
        size = user32.GetSystemMetrics(_SM_CXSMICON)
        data = best(resources.read(self.icon), size)
        self._icon_handle = user32.CreateIconFromResourceEx(
            data, len(data), True, _ICON_VERSION, size, size, 0
        )


def _clipped(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")
