"""The files in icons/, as the backends want them."""

from functools import lru_cache
from pathlib import Path

from app import resources
from app.tray.png import Pixels, read

SIZES = (16, 22, 24, 32, 48, 64)  # pixels; the panel takes the one that fits


def folder() -> Path:
    """Return the folder icons/: of the frozen program, an installed one, or the sources."""
    return resources.ICONS


@lru_cache(maxsize=4)
def sized(name: str) -> tuple[Pixels, ...]:
    """Return an icon in all sizes of the tray; OSError when its files are missing."""
    return tuple(read(coloured_file(name, size)) for size in SIZES)


def coloured_file(name: str, size: int = SIZES[-1]) -> Path:
    """Return the .png file of an icon for the tray of Linux."""
    return folder() / "tray" / str(size) / f"{name}.png"


def windows_file(name: str) -> Path:
    """Return the .ico file of an icon."""
    return folder() / "windows" / f"{name}.ico"


def template_file(name: str) -> Path:
    """Return the macOS template of an icon, in double resolution."""
    return folder() / "template" / "36" / f"{name}.png"
