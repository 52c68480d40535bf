"""Files below one folder, reached so that no link and no race leads out of it.

A path is resolved first, links and junctions included, and must lie inside. Then it is
walked again without following anything: what became a link meanwhile is an error, never
a way out. Windows cannot open a file relative to a folder; there the real path is looked
at again after opening and right before each change (_confined_path.py).
"""

import os
import sys
from pathlib import Path

from app.host._confined import Entry, Folder, NotAFileError, check_file, is_link

if sys.platform == "win32":
    from app.host._confined_path import PathFolder as _Folder
    from app.host._confined_path import extended as _written

    ODD_NAMES_EXIST = False
else:
    from app.host._confined_fd import FdFolder as _Folder

    # Names that Windows cannot have (`a:b`, `nul.txt`, `x.`) are ordinary files here.
    ODD_NAMES_EXIST = True

    def _written(path: str) -> str:
        return path


__all__ = [
    "ODD_NAMES_EXIST",
    "Entry",
    "Folder",
    "LeadsOutError",
    "NotAFileError",
    "Root",
    "check_file",
    "is_link",
    "real_path",
]


class LeadsOutError(Exception):
    """The path leaves the root, by itself or by a link."""


class Root:
    """The folder that nothing leaves; raises OSError when it is not there."""

    def __init__(self, path: Path) -> None:
        self.real = _written(os.path.realpath(path, strict=True)).rstrip(os.sep)

    def resolve(self, parts: tuple[str, ...], *, follow_last: bool = True) -> tuple[str, ...]:
        """Return where `parts` really lies, as parts below the root; it need not exist.

        Raises LeadsOutError. Without `follow_last` a link at the end stands for itself.
        """
        if not follow_last and parts:
            return (*self.resolve(parts[:-1]), parts[-1])
        return self.below(os.path.realpath(self.at(parts)))

    def below(self, real: str) -> tuple[str, ...]:
        """Return the parts below the root of a real path; raises LeadsOutError."""
        root, path = os.path.normcase(self.real), os.path.normcase(real.rstrip(os.sep))
        if path == root:
            return ()
        if not path.startswith(root + os.sep):
            raise LeadsOutError(real)
        return Path(real[len(root) + 1 :]).parts

    def at(self, parts: tuple[str, ...]) -> Path:
        """Return the path of resolved parts, for looking only."""
        return Path(self.real + os.sep, *parts)

    def open(self, parts: tuple[str, ...]) -> Folder:
        """Open a folder by its resolved parts; a link among them is an OSError."""
        return _Folder(self.real, parts)


def real_path(path: Path) -> str:
    """Return where `path` really lies, written as Root writes it; it need not exist."""
    return _written(os.path.realpath(path))
