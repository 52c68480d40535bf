"""The files that come along with the program: icons, catalogs, pages."""

import sys
from collections.abc import Iterable
from pathlib import Path

# The frozen program has them in the same places below its own folder.
ROOT = Path(getattr(sys, "_MEIPASS", None) or Path(__file__).parents[1])
_INSTALLED = ROOT / "app" / "icons"  # a wheel has them inside the package
ICONS = _INSTALLED if _INSTALLED.is_dir() else ROOT / "icons"
FOLDERS = (*(ROOT / "app" / place for place in ("locale", "dashboard/web", "webpage/web")), ICONS)
BUILD = ROOT / "app" / "build.json"  # made by build/freeze.py, in frozen programs only

_kept: dict[Path, bytes] = {}


def keep(folders: Iterable[Path] = FOLDERS) -> None:
    """Read all of them now: from then on nobody needs the files (a temp folder gets cleaned)."""
    for folder in folders:
        _kept.update((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def forget() -> None:
    """Read from the files again."""
    _kept.clear()


def read(path: Path) -> bytes:
    """Return what is in a file; OSError when it is missing."""
    kept = _kept.get(path)
    return path.read_bytes() if kept is None else kept


def files(folder: Path) -> list[Path]:
    """Return the files in a folder, by name; OSError when it is missing."""
    kept = [path for path in _kept if path.parent == folder]
    return sorted(kept or folder.iterdir())
