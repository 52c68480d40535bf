"""Keep the last jobs and the jobs of the last days; remove what both rules let go."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from app.errors import JournalError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.removal import empty_trash, remove, set_aside
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
        self.rules = rules
        self._stuck: set[int] = set()  # keys that a warning has already named

    async def clean(self, now: float) -> int:
        """Remove the jobs that no rule holds at `now` (epoch seconds); return how many."""
        done = 0
        for record in await self._store.removable(self.rules.tasks, self.rules.days, now):
            why = await self._clear_suite(record)
            if why is None:  # large: not on the journal's thread
                why = await asyncio.to_thread(_remove, record)
            if why is None:
                await self._store.removed([record.key])
                self._stuck.discard(record.key)
                done += 1
            else:
                self._say_stuck(record, why)
        if done:
            log.info(_("%s old jobs removed"), done)
        return done

    async def _clear_suite(self, record: JobRecord) -> OSError | None:
        """Let a suite's folder, with its checkout, go with the last of its executions.

        It is moved aside in the step in which it is seen that nobody has it: an execution that
        is accepted next finds no half of it. Returns what stood in the way.
        """
        if not record.group:
            return None
        folder = WorkDir(record.work_dir).suite(record.group)
        try:
            await self._store.when_group_free(record, partial(set_aside, folder))
        except JournalError as why:
            if isinstance(why.__cause__, OSError):
                return why.__cause__
            raise
        await asyncio.to_thread(empty_trash, folder.parent)
        return None

    def _say_stuck(self, record: JobRecord, why: OSError) -> None:
        level = logging.DEBUG if record.key in self._stuck else logging.WARNING
        self._stuck.add(record.key)
        log.log(level, _("old job %s cannot be removed yet: %s"), record.job_id, why)


def _remove(record: JobRecord) -> OSError | None:
    """Remove the job's own folder and log; return what stood in the way."""
    try:
        remove(WorkDir(record.work_dir).tasks / record.name)
        remove(record.log)
    except OSError as why:
        return why
    return None
