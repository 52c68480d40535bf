"""What the parts tell the agent for its next snapshot."""

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


class News:
    """A bell for "something that a snapshot shows has changed", and the last problem."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.turned = asyncio.Event()  # the same, for whoever must not wait like a snapshot
        self.listeners: list[Callable[[], None]] = []  # who else hears it, at once
        self.problem = ""  # of the jobs or the journal, for a person; "" when none

    def ring(self) -> None:
        """Something changed."""
        self.changed.set()
        self.turned.set()
        for hears in self.listeners:
            hears()

    def tell(self, problem: str) -> None:
        """Report a problem that does not end anything, but that the user should know."""
        log.error("%s", problem)
        self.problem = problem
        self.ring()
