"""What Windows or Wine cannot run: tests/wine/limits.txt, the one list of skips because of Wine."""

import sys
from functools import cache
from pathlib import Path

WINE = "Wine:"  # begins the reason of what a real Windows can
FILE = Path(__file__).with_name("limits.txt")

if sys.platform == "win32":
    import ctypes

    UNDER_WINE = hasattr(ctypes.windll.ntdll, "wine_get_version")
else:
    UNDER_WINE = False


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
