"""The files in icons/, as the backends want them."""

import sys
from functools import lru_cache
from pathlib import Path

from PIL import Image

import app

SIZES = (16, 22, 24, 32, 48, 64)  # pixels; the panel takes the one that fits
_PANEL = (43, 46, 50)  # behind an icon where transparency is lost


def folder() -> Path:
    """Return the folder icons/, frozen or not."""
    root = getattr(sys, "_MEIPASS", None) or Path(app.__file__).parent.parent
    return Path(root) / "icons"


@lru_cache(maxsize=4)
def sized(name: str) -> tuple[Image.Image, ...]:
    """Return an icon in all sizes of the tray; OSError when its files are missing."""
    return tuple(_load(folder() / "tray" / str(size) / f"{name}.png") for size in SIZES)


def opaque(name: str) -> Image.Image:
    """Return an icon on the colour of a dark panel."""
    image = sized(name)[-1]
    result = Image.new("RGB", image.size, _PANEL)
    result.paste(image, mask=image)
    return result


def windows_file(name: str) -> Path:
    """Return the .ico file of an icon."""
    return folder() / "windows" / f"{name}.ico"


def template_file(name: str) -> Path:
    """Return the macOS template of an icon, in double resolution."""
    return folder() / "template" / "36" / f"{name}.png"


def _load(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGBA")
