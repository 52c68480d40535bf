"""A running child until nothing of its tree is left: exit, timeout, cancel, leftovers."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from app.host.containment import Containment, Proc
from app.i18n import _
from app.jobs.deps import JobLimits
from app.jobs.job import Job, Outcome, first_line, outcome_of, stopped_outcome
from app.jobs.output import Output
from app.jobs.process import Child
from app.journal.lines import Kind
from app.state import JobState

LATE_DRAIN = 0.1  # seconds: for what the pipes hold once nobody writes any more
LATE_DRAINS = 100  # so often while the disk is behind
NAMED_PROCESSES = 10  # processes that one remark names


class Supervision:
    """Stays with one child from its start to the end of its tree."""

    def __init__(self, job: Job, child: Child, containment: Containment, output: Output) -> None:
        self._job = job
        self._child = child
        self._containment = containment
        self._output = output

    async def outcome(self, limits: JobLimits, stopping: Callable[[], None]) -> Outcome:
        """Wait for the end of the job, ending it where that is wanted.

        `stopping` is called when the job is about to be ended.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        if await self._ended_within(self._timeout(limits)):
            self._job.over, self._job.grace = True, limits.grace
            outcome = outcome_of(await self._child.wait(), loop.time() - began)
        else:
            self._job.stop(JobState.TIMED_OUT, limits.grace)  # unless another stop came first
            stopping()
            outcome = await self._stopped(limits, began)
        await self._end_leftovers(limits)
        return outcome

    def _timeout(self, limits: JobLimits) -> float:
        own = self._job.assigned.timeout
        return limits.task_timeout if own is None else own

    async def _ended_within(self, limit: float) -> bool:
        """Return True when the main process ended by itself before the timeout and any stop."""
        if self._job.stop_wanted is None:
            with suppress(TimeoutError):  # also when it was asked to stop
                async with asyncio.timeout(limit) as waiting:
                    with self._job.interruptible(waiting):
                        await self._child.wait()
        return self._child.returncode is not None

    async def _stopped(self, limits: JobLimits, began: float) -> Outcome:
        why = self._job.stop_wanted or JobState.TIMED_OUT
        text = self._reason(why, limits)
        names = names_of(self._containment.leftovers())
        self._output.note(_("{reason} Ending: {names}").format(reason=text, names=names), Kind.WARN)
        await self._end_tree()
        exit_code = await self._child.wait()
        duration = asyncio.get_running_loop().time() - began
        return stopped_outcome(why, exit_code, duration, text)

    def _reason(self, why: JobState, limits: JobLimits) -> str:
        if why is JobState.TIMED_OUT:
            text = _("The task ran into its timeout of {seconds:g} s.")
            return text.format(seconds=self._timeout(limits))
        if why is JobState.CANCELLED:
            return _("The platform cancelled the task.")
        return _("The agent was stopped while the task ran.")

    async def _end_tree(self) -> list[Proc]:
        """End all of the job within its grace; a shorter grace counts from when it is wanted."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as limit:
                    with self._job.interruptible(limit):
                        return await self._child.end_tree(self._job.grace)

    async def _end_leftovers(self, limits: JobLimits) -> None:
        """Read what is left in the pipes and end what outlived the main process."""
        drained = await self._child.drain(limits.held_pipes)
        ended = await self._end_tree()
        if ended:
            text = _("Left behind by the task, now ended: {names}")
            self._output.note(text.format(names=names_of(ended)), Kind.WARN)
        for _turn in range(LATE_DRAINS):
            if drained or await self._child.drain(LATE_DRAIN) or not self._output.behind:
                return


def names_of(processes: list[Proc]) -> str:
    """Return what a remark shows of processes: command and pid of each, of many the first."""
    shown = processes[:NAMED_PROCESSES]
    named = ", ".join(f"{first_line(process.command)} (pid {process.pid})" for process in shown)
    more = len(processes) - NAMED_PROCESSES
    return named + (_(" and {count} more").format(count=more) if more > 0 else "")
