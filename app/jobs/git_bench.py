"""What one checkout is about, and what it works with."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GitSource:
    """What to check out; None as `branch` means the repository's default branch."""

    url: str = field(repr=False)  # may hold a password
    branch: str | None = None  # or a tag, a commit (also abbreviated), a name like refs/pull/5/head
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class GitLimits:
    """Seconds, unless it says otherwise."""

    whole: float = 3600.0  # one checkout with all its attempts
    pauses: tuple[float, ...] = (
        2.0,
        5.0,
        15.0,
        30.0,
        60.0,
    )  # between attempts after a network failure
    progress_every: float = 5.0  # at least so long between two lines of progress
    slow_bytes: int = 1000  # bytes/s: an HTTP transfer slower than this …
    slow_time: int = 60  # … for so long has failed
    connect: int = 30  # until an ssh server has answered
    locked: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)  # between attempts to remove files in use


@dataclass(frozen=True, slots=True)
class GitBench:
    """The mirrors, the job that git runs for, and the way to speak."""

    cache: Path  # folder of the mirrors; may be deleted at any time
    marker: str  # of the job: every git process carries it
    say: Callable[[str], None]  # a line for the job's log, free of secrets
    limits: GitLimits = GitLimits()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
