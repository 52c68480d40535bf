"""A running child until nothing of its tree is left: exit, timeouts, cancel, leftovers."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from app.host.containment import Containment, Proc
from app.host.process_tree import process_tree
from app.i18n import _
from app.jobs.deps import JobLimits
from app.jobs.evidence import Evidence
from app.jobs.job import Job, Outcome, first_line, outcome_of, stopped_outcome
from app.jobs.output import Output
from app.jobs.process import Child
from app.journal.lines import Kind
from app.redaction import Redactor
from app.state import JobState

LATE_DRAIN = 0.1  # seconds: for what the pipes hold once nobody writes any more
LATE_DRAINS = 100  # so often while the disk is behind
NAMED_PROCESSES = 10  # processes that one remark names


class Site(Protocol):
    """Where a child runs (app.jobs.bench.Bench)."""

    job: Job
    output: Output
    redactor: Redactor
    evidence: Evidence
    fed_at: float  # loop time at which it printed last

    @property
    def limits(self) -> JobLimits:
        """What it may take."""

    def stopping(self) -> None:
        """It is about to be ended."""


class Supervision:
    """Stays with one child from its start, at loop time `began`, to the end of its tree."""

    def __init__(self, site: Site, child: Child, containment: Containment, began: float) -> None:
        self._site = site
        self._job = site.job
        self._limits = site.limits
        self._output = site.output
        self._mask = site.redactor.mask
        self._child = child
        self._containment = containment
        self._loop = asyncio.get_running_loop()
        self._began = began
        self._idle = False  # it ran into the limit for printing nothing

    async def outcome(self) -> Outcome:
        """Wait for the end of the job, ending it where that is wanted."""
        if await self._ended_by_itself():
            self._job.over, self._job.grace = True, self._limits.grace
            outcome = outcome_of(await self._child.wait(), self._lasted)
        else:
            self._job.stop(JobState.TIMED_OUT, self._limits.grace)  # unless a stop came first
            outcome = await self._stopped()
        await self._end_leftovers()
        return outcome

    @property
    def _timeout(self) -> float:
        own = self._job.order.timeout
        return self._limits.task_timeout if own is None else own

    @property
    def _lasted(self) -> float:
        """Seconds since the start."""
        return self._loop.time() - self._began

    async def _ended_by_itself(self) -> bool:
        """Return True when the main process ended before its timeouts and any stop."""
        last = self._began + self._timeout
        while self._job.stop_wanted is None and not self._idle:
            limit = min(last, self._idle_until())
            if await self._ended_until(limit) or self._job.stop_wanted is not None:
                break
            if self._loop.time() >= last:
                break
            self._idle = self._loop.time() >= self._idle_until()
        return self._child.returncode is not None

    def _names(self, processes: list[Proc]) -> str:
        return names_of(processes, self._mask)

    def _idle_until(self) -> float:
        if not self._limits.idle_timeout:
            return float("inf")
        return max(self._began, self._site.fed_at) + self._limits.idle_timeout

    async def _ended_until(self, limit: float) -> bool:
        with suppress(TimeoutError):  # also when it was asked to stop
            async with asyncio.timeout_at(limit) as waiting:
                with self._job.interruptible(waiting):
                    await self._child.wait()
        return self._child.returncode is not None

    async def _stopped(self) -> Outcome:
        why = self._job.stop_wanted or JobState.TIMED_OUT
        if why is JobState.TIMED_OUT:
            await self._site.evidence.take("timeout")
        self._site.stopping()
        text = self._reason(why)
        await self._say_what_ends(why, text)
        await self._end_tree()
        exit_code = await self._child.wait()
        return stopped_outcome(why, exit_code, self._lasted, text)

    async def _say_what_ends(self, why: JobState, reason: str) -> None:
        """Name what is about to be ended; after a timeout, as a tree with command lines."""
        found = self._containment.leftovers()
        if why is not JobState.TIMED_OUT:  # a cancel is not to wait for this
            text = _("{reason} Ending: {names}").format(reason=reason, names=self._names(found))
            self._output.note(text, Kind.WARN)
            return
        self._output.note(_("{reason} Ending:").format(reason=reason), Kind.WARN)
        for line in await asyncio.to_thread(process_tree, found, self._mask):
            self._output.note(f"  {line}", Kind.WARN)

    def _reason(self, why: JobState) -> str:
        if why is JobState.TIMED_OUT and self._idle:
            text = _("It printed nothing for {seconds:g} s (task.idle_timeout).")
            return text.format(seconds=self._limits.idle_timeout)
        if why is JobState.TIMED_OUT:
            return _("It ran into its timeout of {seconds:g} s.").format(seconds=self._timeout)
        return stop_reason(why, self._job)

    async def _end_tree(self) -> list[Proc]:
        """End all of the job within its grace; a shorter grace counts from when it is wanted."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    with self._job.interruptible(limit):
                        return await self._child.end_tree(self._job.grace)

    async def _end_leftovers(self) -> None:
        """Read what is left in the pipes and end what outlived the main process."""
        drained = await self._child.drain(self._limits.held_pipes)
        ended = await self._end_tree()
        if ended:
            text = _("Left behind, now ended: {names}")
            self._output.note(text.format(names=self._names(ended)), Kind.WARN)
        for _turn in range(LATE_DRAINS):
            if drained or await self._child.drain(LATE_DRAIN) or not self._output.behind:
                return


def stop_reason(why: JobState, job: Job) -> str:
    """Say who wanted a running job to end."""
    if why is JobState.CANCELLED and job.cancelled_here:
        return _("It was cancelled at this computer.")
    if why is JobState.CANCELLED:
        return _("The platform cancelled it.")
    return _("The agent was stopped while it ran.")


def names_of(processes: list[Proc], mask: Callable[[str], str]) -> str:
    """Return what a remark shows of processes: command and pid of each, of many the first.

    `mask` takes secrets out of whole commands, before they are cut.
    """
    commands = [(first_line(mask(one.command)), one.pid) for one in processes[:NAMED_PROCESSES]]
    named = ", ".join(f"{command} (pid {pid})" for command, pid in commands)
    more = len(processes) - NAMED_PROCESSES
    return named + (_(" and {count} more").format(count=more) if more > 0 else "")
