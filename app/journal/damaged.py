"""A damaged journal is put aside for a person, never deleted."""

from contextlib import suppress
from itertools import count
from pathlib import Path


def move_aside(path: Path) -> Path:
    """Rename a damaged journal with its side files; return the new name."""
    names = (path.with_name(f"{path.name}.corrupt-{number}") for number in count(1))
    moved_to = next(name for name in names if not name.exists())
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(moved_to.with_name(moved_to.name + suffix))
    return moved_to
