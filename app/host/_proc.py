"""What the containment of every system speaks of: one process, one job's mark, one tree."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

MARKER = "ATS_AGENT_JOB"  # environment variable that every process of a job inherits


@dataclass(frozen=True, slots=True)
class Proc:
    """One process, told apart from a later one with the same pid by its start time."""

    pid: int
    started: float  # epoch seconds, as this system computes them
    command: str

    def __str__(self) -> str:
        return f"{self.command} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the journal remembers of a job whose agent died."""

    marker: str
    pid: int | None  # of the main process; None when it was never started
    pid_started: float | None  # epoch seconds
    since: float  # epoch seconds; the job was accepted then


class Tree(Protocol):
    """All processes of one job, in the way of one operating system."""

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments that make the child containable."""

    def spawning(self) -> AbstractContextManager[None]:
        """Wrap the spawn and `adopt`."""

    def adopt(self, pid: int) -> Proc:
        """Take the child that was just spawned; OSError when it cannot be contained."""

    def ask(self) -> bool:
        """Ask all to end; False when the request cannot be delivered."""

    def members(self) -> list[Proc]:
        """Return the living, proven processes, the main one included."""

    def kill(self) -> list[Proc]:
        """Kill what `members` finds, children born meanwhile too; return it."""

    def close(self) -> None:
        """Forget the job."""
