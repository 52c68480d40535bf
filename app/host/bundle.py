"""What the frozen program does for itself: nothing of it reaches children, nothing is left over.

PyInstaller's executable sets variables for its own sake; the one-file one unpacks itself into
a temporary folder `_MEI…` and runs as a child of its first process. The one-folder one needs
only the clean environment.
"""

import atexit
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from app import resources

if sys.platform == "win32":
    from app.host import _bundle_windows as _system
else:
    from app.host import _bundle_posix as _system

_OWN = ("_PYI_", "_MEIPASS")  # would make another frozen program take ours for its own
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "LIBPATH")  # the user's own values are kept in …_ORIG
_TEMPORARY = "_MEI"  # begins the name of the folder of a one-file program
MARKER = resources.BUILD.relative_to(resources.ROOT)  # tells our folders from those of others
_BASE = "base_library.zip"
_EXTENSION_FOLDER = "lib-dynload"  # of the standard library's modules


def settle() -> None:
    """Keep to ourselves what is ours alone; first of all at the start."""
    _system.fill_standard_streams()
    if not getattr(sys, "frozen", False):
        return
    clean(os.environ)
    _system.forget_library_folder(resources.ROOT)
    if _unpacked():
        _system.hold(resources.ROOT)
        parent = _system.end_with_parent()
        atexit.register(_system.remove_if_alone, resources.ROOT, parent)


def stay() -> None:
    """Need nothing of the unpacked folder from now on: temporary folders get cleaned.

    Also removes what killed programs of ours have left there. Takes time and memory: for a
    process that runs for weeks.
    """
    if _unpacked():
        resources.keep()
        keep_modules(resources.ROOT)
        _system.sweep(resources.ROOT, MARKER)


def _unpacked() -> bool:
    """The program runs from a folder of this start; the one-folder one's has another name."""
    return getattr(sys, "frozen", False) and resources.ROOT.name.startswith(_TEMPORARY)


def clean(environ: MutableMapping[str, str]) -> None:
    """Take out of an environment what the executable has put in, for itself alone.

    Doing it twice does no harm.
    """
    for name in [name for name in environ if name.upper().startswith(_OWN)]:
        del environ[name]
    for name in _LIBRARY_PATHS:
        users = environ.pop(f"{name}_ORIG", None)
        if users is not None:
            environ[name] = users
        elif str(resources.ROOT) in environ.get(name, ""):
            del environ[name]


def keep_modules(folder: Path) -> None:
    """Load what would be read from `folder` later: compiled modules, parts of the standard library.

    All other modules are read from the executable, which nobody cleans away.
    """
    for name in sorted(extension_modules(folder)):
        with suppress(Exception):  # one that does not fit this computer will say so when used
            import_module(name)
    _keep_base(folder)
    _system.keep_executable(getattr(sys.modules[__name__].__loader__, "_pyz_archive", None))


def extension_modules(folder: Path) -> set[str]:
    """Return the names of the compiled modules below `folder`."""
    names = set()
    for path in folder.rglob(f"*{EXTENSION_SUFFIXES[-1]}"):
        parts = list(path.relative_to(folder).parts)
        if _EXTENSION_FOLDER in parts:
            parts = parts[parts.index(_EXTENSION_FOLDER) + 1 :]
        stem = parts[-1].partition(".")[0]
        if not stem.startswith("lib"):
            names.add(".".join([*parts[:-1], stem]))
    return names


def _keep_base(folder: Path) -> None:
    """Find in the executable too what PyInstaller keeps in a file of the folder.

    build/specs/shared.py has put it there.
    """
    import encodings  # noqa: PLC0415 (only here)

    encodings.__path__[:] = [str(folder / "encodings")]
    sys.path[:] = [place for place in sys.path if not place.endswith(_BASE)]
