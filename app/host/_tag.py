"""Linux: a number that every process of a job inherits and does not lose by accident.

It is the soft limit for message queues (RLIMIT_MSGQUEUE, bytes), lowered by up to
`_NUMBERS` of usually 819,200: fork, exec, a new session and an emptied environment keep it
(getrlimit(2)), and everyone who may signal a process may read it (prlimit(2)). It is set
in the agent itself just around the fork, because only so the child has it from its
first moment on.
"""

import resource
import secrets
import sys
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

_LIMIT = resource.RLIMIT_MSGQUEUE
_NUMBERS = 1 << 14  # a number comes again after so many jobs
_UNLIMITED = 1 << 62  # stands for "no limit": numbers below it limit nothing either


class Tags:
    """Hands out the numbers, one for each fork, never one that is `taken`."""

    def __init__(self) -> None:
        # A random start: the numbers of an agent inside a job of an agent differ.
        self._last = secrets.randbelow(_NUMBERS)

    @contextmanager
    def worn(self, taken: Container[int]) -> Iterator[int | None]:
        """Give what is forked inside a fresh tag; yield it, None where that is impossible.

        Nothing but the fork belongs inside: all that this process forks gets it.
        """
        soft, hard = resource.getrlimit(_LIMIT)
        tag = self._next(_UNLIMITED if soft == resource.RLIM_INFINITY else soft, taken)
        if tag is None or not _limit(tag, hard):
            yield None
            return
        try:
            yield tag
        finally:
            _limit(soft, hard)

    def _next(self, soft: int, taken: Container[int]) -> int | None:
        if soft < 2 * _NUMBERS:
            return None
        for _ in range(_NUMBERS):
            self._last = (self._last + 1) % _NUMBERS
            if soft - 1 - self._last not in taken:
                return soft - 1 - self._last
        return None


def _limit(soft: int, hard: int) -> bool:
    with suppress(OSError, ValueError):  # a sandbox may forbid it
        resource.setrlimit(_LIMIT, (soft, hard))
        return True
    return False


def tag_of(pid: int) -> int | None:
    """Return the number that `pid` has, whether it is a tag or not; None when out of reach."""
    with suppress(OSError):
        return resource.prlimit(pid, _LIMIT)[0]
    return None
