"""Linux and macOS: the lock on the unpacked folder, the end with the first process, clean-up."""

import fcntl
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from app.host._bundle import at_rest

assert sys.platform != "win32"  # noqa: S101 (tells the type checker whose file this is)

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_held: list[int] = []  # descriptors that stay open as long as the process lives


def fill_standard_streams() -> None:
    """Open what is closed of 0, 1 and 2, or the next file or socket would become stderr."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)


def forget_library_folder(folder: Path) -> None:
    """Nothing to do: the system read its variable before we began."""


def hold(folder: Path) -> None:
    """Lock the folder as long as we live: systemd-tmpfiles leaves it alone, and so do we."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _held.append(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def end_with_parent() -> int:
    """End in order when the executable's first process is killed; return its id."""
    parent = os.getppid()
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 (start-up time: only here)

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if _runs_another_program(parent):  # ours was killed before we asked
            os.kill(os.getpid(), signal.SIGTERM)
    return parent


def _runs_another_program(pid: int) -> bool:
    """False also when that cannot be known: no /proc, or a process of somebody else."""
    with suppress(OSError):
        return not Path(f"/proc/{pid}/exe").samefile("/proc/self/exe")
    return False


def remove_if_alone(folder: Path, parent: int) -> None:
    """Remove our folder when nobody is left who would do it after us."""
    if os.getppid() != parent:
        _remove(folder, "")


def keep_executable(archive: object) -> None:
    """Let modules be read from the open file, also when it was replaced or removed."""
    here = Path("/proc/self/fd")  # Linux only
    if archive is None or not here.is_dir():
        return
    with suppress(OSError):
        descriptor = os.open(sys.executable, os.O_RDONLY | os.O_CLOEXEC)
        _held.append(descriptor)
        setattr(archive, "_filename", str(here / str(descriptor)))  # noqa: B010 (no public way)


def sweep(folder: Path, marker: Path) -> None:
    """Remove, in the background, what killed programs of ours have left beside `folder`."""
    # Long work here could not delay the end: it goes on at the next start.
    thread = threading.Thread(target=_sweep, args=(folder, marker), name="sweep", daemon=True)
    thread.start()


def _sweep(folder: Path, marker: Path) -> None:
    for other in folder.parent.glob("_MEI*"):
        with suppress(OSError):
            if other != folder:
                remove_left_over(other, marker)


def remove_left_over(folder: Path, marker: Path) -> bool:
    """Remove a folder that is ours and of nobody who lives; return whether it was.

    Raises OSError.
    """
    found = os.lstat(folder / marker)
    if found.st_uid != os.getuid() or not at_rest(folder):
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder, marker.parts[0])
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path, last: str) -> None:
    """Remove the folder, the part with the marker at the end: a clean-up may be cut short."""
    import shutil  # noqa: PLC0415 (start-up time: only here)

    for path in folder.iterdir():
        if path.name == last:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
