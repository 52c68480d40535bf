"""Where a face can be shown: the display, the session bus, the kinds of tray of this system."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def session_bus(env: Mapping[str, str] = os.environ) -> str:
    """Return the address of the D-Bus session bus, "" when none is known.

    Without the variable it is systemd's place for it (sd-bus, pam_systemd(8)).
    """
    address = env.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if not address and runtime:
        socket = Path(runtime) / "bus"
        address = f"unix:path={socket}" if socket.exists() else ""
    return address


if sys.platform in ("win32", "darwin"):
    _KIND = "windows" if sys.platform == "win32" else "mac"

    def has_display(_env: Mapping[str, str] = os.environ) -> bool:
        """Tell whether this process belongs to a desktop."""
        return True

    def tray_kinds(_env: Mapping[str, str] = os.environ) -> list[str]:
        """Return the kinds of tray to try, best first."""
        return [_KIND]

else:

    def has_display(env: Mapping[str, str] = os.environ) -> bool:
        """Tell whether this process belongs to a desktop; a login over SSH to one does not."""
        return bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))

    def tray_kinds(env: Mapping[str, str] = os.environ) -> list[str]:
        """Return the kinds of tray to try, best first; empty when there can be none now."""
        if not has_display(env):
            return []
        kinds = {"sni": session_bus(env), "xorg": env.get("DISPLAY")}
        return [kind for kind, present in kinds.items() if present]
