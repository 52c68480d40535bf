"""Keep the last jobs and the jobs of the last days; remove what both rules let go."""

import asyncio
import logging
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from app.host.paths import WorkDir
from app.journal.records import JobRecord
from app.journal.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeepRules:
    """A finished, delivered job stays while one of the rules holds it; 0 switches a rule off."""

    tasks: int  # the newest so many
    days: float  # the younger ones


class Retention:
    """Removes log and folder of old jobs; what is in use or locked is tried again next time."""

    def __init__(self, store: Store, rules: KeepRules) -> None:
        self._store = store
        self._rules = rules
        self._stuck: set[int] = set()  # keys that a warning has already named

    async def clean(self, now: float) -> int:
        """Remove the jobs that no rule holds at `now` (epoch seconds); return how many."""
        done = 0
        for record in await self._store.removable(self._rules.tasks, self._rules.days, now):
            why = await asyncio.to_thread(_remove, record)  # large: not on the journal's thread
            if why is None:
                await self._store.removed([record.key])
                self._stuck.discard(record.key)
                done += 1
            else:
                self._say_stuck(record, why)
        if done:
            log.info("%s old jobs removed", done)
        return done

    def _say_stuck(self, record: JobRecord, why: OSError) -> None:
        level = logging.DEBUG if record.key in self._stuck else logging.WARNING
        self._stuck.add(record.key)
        log.log(level, "old job %s cannot be removed yet: %s", record.job_id, why)


def _remove(record: JobRecord) -> OSError | None:
    """Remove all that the job has left on disk; return what stood in the way."""
    try:
        _remove_tree(WorkDir(record.work_dir).tasks / record.name)
        _remove_file(record.log)
    except OSError as why:
        return why
    return None


def _remove_tree(folder: Path) -> None:
    if folder.is_symlink():  # the job replaced its folder
        folder.unlink()
        return
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        if folder.exists():
            raise
    except PermissionError:
        _make_writable(folder)
        shutil.rmtree(folder)


def _make_writable(folder: Path) -> None:
    """Give the owner all rights from the top down: each folder before it is looked into."""
    folder.chmod(stat.S_IRWXU)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)


def _remove_file(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError:
        file.chmod(stat.S_IRWXU)  # Windows: a read-only file cannot be removed
        file.unlink(missing_ok=True)
