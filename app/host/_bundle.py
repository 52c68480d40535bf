"""What the clean-up of unpacked programs does alike on every system."""

import os
from pathlib import Path

# Seconds. A program that is still unpacking itself holds neither a lock (Linux, macOS) nor,
# for long, a file (Windows).
_YOUNG = 60.0


def at_rest(folder: Path) -> bool:
    """Tell whether nothing was unpacked into it for a while; both times are of the same clock."""
    beside = folder.parent / f"{folder.name}.{os.getpid()}"
    beside.touch()
    try:
        return beside.stat().st_mtime - folder.stat().st_mtime > _YOUNG
    finally:
        beside.unlink()
