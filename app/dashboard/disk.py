"""What is used on the disk. Blocks, for minutes where there are many files: for a thread."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from app.host.paths import WorkDir
from app.jobs.removal import is_junction


def usage(work_dir: Path, home: Path, stop: Event) -> dict[str, Any]:
    """Return bytes free and in all, in the parts of the work folder and in the home folder.

    What cannot be read counts nothing. Ends early once `stop` is set; OSError when not even
    the disk can be asked.
    """
    folder = next(place for place in (work_dir, *work_dir.parents) if place.exists())
    space = shutil.disk_usage(folder)
    parts = _parts(WorkDir(work_dir), home, stop)
    return {
        "free": space.free,
        "total": space.total,
        "work_dir_bytes": parts,
        "home_bytes": size_of(home, stop, but=work_dir),
    }


def _parts(work: WorkDir, home: Path, stop: Event) -> dict[str, int]:
    sizes = {
        "tasks": size_of(work.tasks, stop),
        "suites": size_of(work.suites, stop),
        "logs": size_of(work.logs, stop),
        "cache": size_of(work.cache, stop),
    }
    known = {work.tasks, work.suites, work.logs, work.cache, home}
    rest = (Path(entry.path) for entry in _entries(str(work.root)))
    return sizes | {"rest": sum(size_of(path, stop) for path in rest if path not in known)}


def size_of(path: Path, stop: Event, but: Path | None = None) -> int:
    """Return the bytes of a file, or of all files below a folder; links are not followed."""
    with suppress(OSError):
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        return _size_below(str(path), stop, None if but is None else str(but))
    return 0


def _size_below(folder: str, stop: Event, but: str | None) -> int:
    total, left = 0, [folder]
    while left and not stop.is_set():
        for entry in _entries(left.pop()):
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if not entry.is_dir(follow_symlinks=False):
                    total += status.st_size
                elif entry.path != but and not is_junction(status):
                    left.append(entry.path)
    return total


def _entries(folder: str) -> Iterator["os.DirEntry[str]"]:
    with suppress(OSError), os.scandir(folder) as entries:
        yield from entries
