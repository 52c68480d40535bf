"""The desktop in a job's log, and the wait of a suite for the one that it needs."""

import asyncio
from collections.abc import Sequence

from app.host.desktop_state import Needs, Shortcoming, describe, shortcomings
from app.i18n import _
from app.jobs.bench import Bench
from app.jobs.job import Job, Outcome, stopped_outcome
from app.jobs.supervision import stop_reason
from app.journal.lines import Kind
from app.state import JobState

LOOK_EVERY = 2.0  # seconds between two looks while a suite waits


def note_seen_desktop(bench: Bench) -> None:
    """Describe the desktop as it was seen last; nothing where there is none."""
    state = bench.deps.desktop_seen()
    if state is not None and state.session:
        bench.output.note(describe(state))


async def note_desktop(bench: Bench) -> None:
    """Describe the desktop; where nobody watches it, look. Nothing where there is none."""
    state = bench.deps.desktop_seen()
    if state is None:
        state = await asyncio.to_thread(bench.deps.desktop)
    if state.session:
        bench.output.note(describe(state))


async def wait_for_desktop(bench: Bench, needs: Needs) -> Outcome | None:
    """Return None once the desktop is as needed, or how the job ended before it was.

    The wait has a limit of its own (`needs_timeout`) and is ended at once by a stop.
    """
    return await _Wait(bench, needs).outcome() if needs else None


class _Wait:
    """One suite before its command; its time limit does not count yet."""

    def __init__(self, bench: Bench, needs: Needs) -> None:
        self._bench = bench
        self._needs = needs
        self._limit = bench.limits.needs_timeout
        self._missing: Sequence[Shortcoming] = ()
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    async def outcome(self) -> Outcome | None:
        """Look until all is there, the limit is over or the job is to stop."""
        await self._look()
        if self._missing and self._limit and self._job.stop_wanted is None:
            self._say_that_it_waits()
            await self._until_met()
        if self._job.stop_wanted is not None:
            return self._stopped(self._job.stop_wanted)
        return self._failed() if self._missing else None

    async def _until_met(self) -> None:
        try:
            async with asyncio.timeout_at(self._began + self._limit) as limit:
                with self._job.interruptible(limit):
                    await self._look_again_and_again()
        except TimeoutError:
            return
        text = _("The desktop is as the suite needs it now; it waited {seconds:.0f} s.")
        self._note(text.format(seconds=self._clock() - self._began))

    async def _look_again_and_again(self) -> None:
        while self._missing:
            await asyncio.sleep(LOOK_EVERY)
            before = self._missing
            await self._look()
            if self._missing and self._missing != before:
                self._say_that_it_waits()

    async def _look(self) -> None:
        state = await asyncio.to_thread(self._bench.deps.desktop)
        self._missing = shortcomings(state, self._needs)

    def _say_that_it_waits(self) -> None:
        left = self._limit - (self._clock() - self._began)
        text = _("{missing} Waiting up to {seconds:.0f} s for it (desktop.needs_timeout).")
        self._note(text.format(missing=self._sentence(), seconds=left), Kind.WARN)

    def _sentence(self) -> str:
        whats = _(", ").join(each.what for each in self._missing)
        return _("The desktop is not as .ats.yml needs it: {what}.").format(what=whats)

    def _failed(self) -> Outcome:
        waited = _("It waited {seconds:g} s (desktop.needs_timeout).").format(seconds=self._limit)
        remedies = [each.remedy for each in self._missing]
        said = [self._sentence(), *([waited] if self._limit else []), *remedies]
        return Outcome(JobState.ERROR, error=" ".join(said))

    def _stopped(self, why: JobState) -> Outcome:
        text = stop_reason(why, self._job)
        self._note(text, Kind.WARN)
        return stopped_outcome(why, None, 0.0, text)

    def _note(self, text: str, kind: Kind = Kind.NOTE) -> None:
        self._bench.output.note(text, kind)

    @property
    def _job(self) -> Job:
        return self._bench.job
