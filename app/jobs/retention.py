"""Keep the last jobs and the jobs of the last days; remove what both rules let go."""

import asyncio
import logging
from dataclasses import dataclass

from app.host.paths import WorkDir
from app.jobs.removal import remove
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
            shared = bool(record.group) and await self._store.group_kept(record)
            # Large: not on the journal's thread.
            why = await asyncio.to_thread(_remove, record, keep_suite=shared)
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


def _remove(record: JobRecord, *, keep_suite: bool) -> OSError | None:
    """Remove all that the job has left on disk; return what stood in the way.

    A suite's folder, with its checkout, goes with the last of its executions.
    """
    work_dir = WorkDir(record.work_dir)
    try:
        remove(work_dir.tasks / record.name)
        if record.group and not keep_suite:
            remove(work_dir.suite(record.group))
        remove(record.log)
    except OSError as why:
        return why
    return None
