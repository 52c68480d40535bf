"""States of one job, and what its end means on the wire."""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from app.i18n import _
from app.jobs.order import Order
from app.journal.records import TITLE, JobRecord
from app.state import JOB_MOVES, JobState, JobView

log = logging.getLogger(__name__)

NO_EXIT_CODE = -1  # on the wire: timed out, could not start, or nobody knows
CANCELLED_TEXT = "cancelled"  # a word of the wire, not of a language
FIRST_LINE = 200  # characters of a command that a log line shows

WIRE_STATUS = {
    JobState.SUCCEEDED: "success",
    JobState.FAILED: "failed",
    JobState.TIMED_OUT: "timeout",
    JobState.CANCELLED: "error",
    JobState.ERROR: "error",
    JobState.INTERRUPTED: "error",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: an end state, the wire's exit code, the reason ("" on success)."""

    state: JobState
    exit_code: int = NO_EXIT_CODE
    error: str = ""
    duration: float = 0.0  # seconds from its start to its main process's end
    started: bool = False  # its command ran

    @property
    def status(self) -> str:
        """The wire's word for the end state."""
        return WIRE_STATUS[self.state]


class Job:
    """One order and where it stands.

    The journal holds what must survive. The dispatcher may call `stop` at any time; the
    runner sees it and is the only one to end the job.
    """

    def __init__(self, order: Order, record: JobRecord, state: JobState) -> None:
        self.order = order
        self.record = record
        self.state = state
        self.title = str(record.details.get(TITLE, ""))
        self.failed = 0  # cases that failed or could not run; known at its end
        self.since = record.accepted_at
        self.stop_wanted: JobState | None = None
        self.grace: float = 0.0  # seconds; how long it may take to end once it was asked
        self.quitting = False  # the agent itself wants to end
        self.cancelled_here = False  # by this computer's user, not by the platform
        self.over = False  # its main process has ended: nothing changes the outcome any more
        self._limit: asyncio.Timeout | None = None

    @property
    def job_id(self) -> str:
        """The platform's name for it."""
        return self.order.job_id

    @property
    def view(self) -> JobView:
        """The job as the faces see it."""
        return JobView(
            self.job_id,
            self.state,
            self.since,
            self.order.kind.value,
            self.title,
            self.record.accepted_at,
            self.record.key,
        )

    def move(self, to: JobState, now: float) -> None:
        """Change the state; an illegal move is a bug."""
        if to not in JOB_MOVES[self.state]:
            raise RuntimeError(f"illegal move {self.state.name} -> {to.name}")
        log.info(_("job %s: %s -> %s"), self.job_id, self.state.value, to.value)
        self.state, self.since = to, now

    def stop(self, why: JobState, grace: float) -> None:
        """Ask the job to end as `why`, within `grace` seconds; asked again only to hurry.

        The first reason counts. A shorter grace than before counts at once. Once the job
        is over only its leftovers are in question.
        """
        first = self.stop_wanted is None and not self.over
        self.quitting = self.quitting or why is JobState.INTERRUPTED
        self.stop_wanted = self.stop_wanted or why
        if first or grace < self.grace:
            self.grace = grace
            self._interrupt()

    @contextmanager
    def interruptible(self, limit: asyncio.Timeout) -> Iterator[None]:
        """Let `stop` end the wait inside: `limit` then expires at once."""
        self._limit = limit
        try:
            yield
        finally:
            self._limit = None

    def _interrupt(self) -> None:
        if self._limit is not None:
            with suppress(RuntimeError):  # it is expiring already, the wait just takes its time
                self._limit.reschedule(asyncio.get_running_loop().time())
            self._limit = None


def outcome_of(exit_code: int, duration: float) -> Outcome:
    """Return the outcome of a main process that ended by itself (negative: signal number)."""
    if exit_code == 0:
        return Outcome(JobState.SUCCEEDED, 0, "", duration, started=True)
    return Outcome(JobState.FAILED, exit_code, _exit_text(exit_code), duration, started=True)


def _exit_text(exit_code: int) -> str:
    if exit_code > 0:
        return _("The command ended with exit code {code}.").format(code=exit_code)
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:  # a real-time signal has no name
        name = str(-exit_code)
    return _("The command was ended by signal {name}.").format(name=name)


def stopped_outcome(why: JobState, exit_code: int | None, duration: float, text: str) -> Outcome:
    """Return the outcome of a job that was ended; `text` says why, for people.

    The exit code is the signal that ended it; a process that had time to leave with a code
    of its own, and a timeout, say -1 (protocol.md 10).
    """
    by_signal = exit_code is not None and exit_code < 0 and why is not JobState.TIMED_OUT
    code = exit_code if exit_code is not None and by_signal else NO_EXIT_CODE
    error = CANCELLED_TEXT if why is JobState.CANCELLED else text
    return Outcome(why, code, error, duration, started=exit_code is not None)


def not_started_text() -> str:
    """Say that the agent was stopped before the job began."""
    return _("The agent was stopped before this task started; it was not run.")


def not_started() -> Outcome:
    """Return the outcome of a job that the agent's end kept from starting."""
    return Outcome(JobState.INTERRUPTED, error=not_started_text())


def first_line(command: str) -> str:
    """Return what a log line shows of a command: its first line, cut; mask it before."""
    line, _newline, rest = command.strip().partition("\n")
    return line[:FIRST_LINE] + ("…" if rest or len(line) > FIRST_LINE else "")
