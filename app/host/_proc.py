"""What the containment of every system speaks of: one process, one job's mark, one tree."""

from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

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


T = TypeVar("T")

# Work in steps of some milliseconds: what it yields are the seconds to wait before the next
# step (0: only let others have their turn), what it returns is the result.
Steps = Generator[float, None, T]


class Tree(Protocol):
    """All processes of one job, in the way of one operating system."""

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments that make the child containable."""

    def spawning(self) -> AbstractContextManager[None]:
        """Wrap the spawn and `adopt`."""

    def adopt(self, pid: int) -> Proc:
        """Take the child that was just spawned; OSError when it cannot be contained."""

    def forking(self) -> AbstractContextManager[None]:
        """Wrap the very fork, and nothing that lets other code run meanwhile."""

    def members(self) -> list[Proc]:
        """Return the living, proven processes, the main one included; some ms of a big tree."""

    def looking(self) -> Steps[list[Proc]]:
        """Find all living, proven processes, the main one included."""

    def noting(self) -> Steps[None]:
        """Record who descends from the job."""

    def asking(self) -> Steps[bool]:
        """Ask all to end; False when the request cannot be delivered."""

    def killing(self) -> Steps[list[Proc]]:
        """Kill what `looking` finds, children born meanwhile too; return it."""

    def close(self) -> None:
        """Forget the job."""


class InOneStep:
    """The steps of a tree whose work is one step each."""

    def members(self) -> list[Proc]:
        """Return the living, proven processes."""
        raise NotImplementedError

    def ask(self) -> bool:
        """Ask all to end."""
        raise NotImplementedError

    def kill(self) -> list[Proc]:
        """Kill what `members` finds; return it."""
        raise NotImplementedError

    def forking(self) -> AbstractContextManager[None]:
        """Wrap the very fork; nothing to do."""
        return nullcontext()

    def looking(self) -> Steps[list[Proc]]:
        """Find all living, proven processes."""
        yield from ()
        return self.members()

    def noting(self) -> Steps[None]:
        """Record who descends from the job."""
        yield from ()
        self.members()

    def asking(self) -> Steps[bool]:
        """Ask all to end; False when the request cannot be delivered."""
        yield from ()
        return self.ask()

    def killing(self) -> Steps[list[Proc]]:
        """Kill what `members` finds; return it."""
        yield from ()
        return self.kill()
