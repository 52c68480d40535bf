"""Take a file or folder out of the way: at once by a new name, then for good."""

import asyncio
import os
import secrets
import shutil
import stat
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

_TRASH = ".trash"  # beside what is removed, so on the same disk
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT, a constant of Windows


async def remove_aside(
    path: Path, pauses: Sequence[float], sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Remove whatever `path` is; nothing has that name any more when this returns.

    It is moved aside first: what goes on if this is cancelled never touches a new `path`.
    What cannot be deleted then (Windows: it is in use) stays for `empty_trash`. Raises
    OSError when it cannot be moved, tried again after each of `pauses` seconds.
    """
    for pause in (*pauses, None):
        try:
            await asyncio.to_thread(set_aside, path)
            break
        except OSError:
            if pause is None:
                raise
            await sleep(pause)
    await asyncio.to_thread(empty_trash, path.parent)


def empty_trash(parent: Path) -> None:
    """Delete what was moved aside in `parent`, as far as that can be done now; blocking."""
    trash = parent / _TRASH
    with suppress(OSError):
        _no_link(trash)
        for path in list(trash.iterdir()):
            with suppress(OSError):
                remove(path)
        trash.rmdir()


def is_real_folder(path: Path) -> bool:
    """Return whether it is a folder and no link to one, nor a junction; blocking."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not is_junction(status)


def is_junction(status: os.stat_result) -> bool:
    """Return whether an entry is one of Windows' links to a folder."""
    return getattr(status, "st_reparse_tag", 0) == _JUNCTION


def remove(path: Path) -> None:
    """Delete a file or folder, if it is there, read-only ones too; never follows a link.

    Blocking. OSError when something in it is in use.
    """
    if path.is_dir() and not path.is_symlink():
        _remove_folder(path)
    else:
        _remove_file(path)


def _remove_folder(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        if folder.exists():
            raise
    except PermissionError:
        _make_writable(folder)
        shutil.rmtree(folder)


def _remove_file(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError:
        file.chmod(stat.S_IRWXU)  # Windows: a read-only file cannot be removed
        file.unlink(missing_ok=True)


def _no_link(trash: Path) -> None:
    """Take away what a job has put in the trash's place: it would lead out of the folder."""
    if os.path.lexists(trash) and not is_real_folder(trash):
        trash.unlink()


def set_aside(path: Path) -> None:
    """Give `path` another name, beside it, for `empty_trash`; quick. OSError when it is in use."""
    if not os.path.lexists(path):
        return
    trash = path.parent / _TRASH
    _no_link(trash)
    trash.mkdir(exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        path.chmod(stat.S_IRWXU)  # a folder that may not be written cannot change its parent
    path.rename(trash / secrets.token_hex(8))


def _make_writable(folder: Path) -> None:
    """Give the owner all rights from the top down: each folder before it is looked into."""
    folder.chmod(stat.S_IRWXU)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(stat.S_IRWXU)
