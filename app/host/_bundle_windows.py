"""Windows: no DLL folder for children, the end with the first process, clean-up."""

import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from app.host import _winapi as api
from app.host._bundle import at_rest

assert sys.platform == "win32"  # noqa: S101 (tells the type checker whose file this is)

_INFINITE = 0xFFFFFFFF
_DOOMED = ".ats-agent-old"  # ends the name of a folder whose removal was begun


def fill_standard_streams() -> None:
    """Nothing to do: a windowed program has no descriptors that others could take for streams."""


def forget_library_folder(folder: Path) -> None:
    """Let only us look for DLLs in `folder`; children would inherit what PyInstaller has set."""
    os.add_dll_directory(str(folder))
    api.kernel32.SetDllDirectoryW(None)


def hold(folder: Path) -> None:
    """Nothing to do: Windows does not remove what a program has loaded."""


def end_with_parent() -> int:
    """End in order when the executable's first process is killed; return its id."""
    parent = os.getppid()
    handle = api.kernel32.OpenProcess(api.SYNCHRONIZE, False, parent)
    if handle:
        arguments = (handle,)
        threading.Thread(target=_wait, args=arguments, name="parent", daemon=True).start()
    return parent


def _wait(parent: int) -> None:
    api.kernel32.WaitForSingleObject(parent, _INFINITE)
    signal.raise_signal(signal.SIGTERM)


def remove_if_alone(folder: Path, parent: int) -> None:
    """Nothing to do: what is loaded cannot be removed; the next start does it."""


def keep_executable(archive: object) -> None:
    """Nothing to do: nobody can replace a program that runs."""


def sweep(folder: Path, marker: Path) -> None:
    """Remove, in the background, what killed programs of ours have left beside `folder`."""
    thread = threading.Thread(target=_sweep, args=(folder, marker), name="sweep", daemon=True)
    thread.start()


def _sweep(folder: Path, marker: Path) -> None:
    for other in folder.parent.glob("_MEI*"):
        with suppress(OSError):
            if other.name.endswith(_DOOMED):
                shutil.rmtree(other, ignore_errors=True)
            elif other != folder and (other / marker).is_file():
                remove_left_over(other)


def remove_left_over(folder: Path) -> bool:
    """Remove a folder unless somebody runs from it: then it cannot be renamed.

    Raises OSError.
    """
    if not at_rest(folder):
        return False
    doomed = folder.rename(folder.with_name(folder.name + _DOOMED))
    shutil.rmtree(doomed, ignore_errors=True)
    return True
