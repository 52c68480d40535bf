"""Windows: values below HKEY_CURRENT_USER."""

import sys
import winreg
from contextlib import suppress

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)


class UserRegistry:
    """The user's part of the registry (_autostart_windows.Registry)."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a text or bytes, None when there is neither."""
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                value, _kind = winreg.QueryValueEx(opened, name)
        except FileNotFoundError:
            return None
        return value if isinstance(value, str | bytes) else None

    def write(self, key: str, name: str, value: str) -> None:
        """Set a text; the key is made when it is not there."""
        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
            winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

    def delete(self, key: str, name: str) -> None:
        """Remove a value, if it is there."""
        with (
            suppress(FileNotFoundError),
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened,
        ):
            winreg.DeleteValue(opened, name)
