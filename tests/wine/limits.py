"""What Windows or Wine cannot run: tests/wine/limits.txt, the one list of skips because of Wine."""

import subprocess
import sys
from functools import cache
from pathlib import Path

WINE = "Wine:"  # begins the reason of what a real Windows can
FILE = Path(__file__).with_name("limits.txt")

if sys.platform == "win32":
    import ctypes

    UNDER_WINE = hasattr(ctypes.windll.ntdll, "wine_get_version")

    def open_desktop() -> None:
        """Start the process behind Wine's desktop with no handles of ours, and keep it.

        Otherwise the first program that asks for the desktop, which may be an agent, starts it and
        leaves it its pipes: they stay open when that program has ended.
        """
        if UNDER_WINE:
            code = "import ctypes; ctypes.windll.user32.GetDesktopWindow()"
            none = subprocess.DEVNULL
            command = [sys.executable, "-c", code]
            subprocess.run(command, stdin=none, stdout=none, stderr=none, check=True, timeout=60)
            ctypes.windll.user32.GetDesktopWindow()

else:
    UNDER_WINE = False

    def open_desktop() -> None:
        """Do nothing."""


@cache
def limits() -> dict[str, str]:
    """Return the reason for each test, by the beginning of its node id."""
    found, reason = {}, ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("tests/"):
            found[line.strip()] = reason
        else:
            reason = line.strip()
    return found


def limit_of(node_id: str) -> str:
    """Return why this Windows cannot run a test, "" when it can."""
    parts = (node_id, node_id.partition("[")[0], node_id.partition("::")[0])
    reason = next((limits()[part] for part in parts if part in limits()), "")
    return reason if UNDER_WINE or not reason.startswith(WINE) else ""
