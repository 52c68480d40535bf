"""What one session has on either side of it: what is owed, and the agent with its duties."""

import asyncio
from typing import Protocol

from app.protocol.messages import Facts, HeartbeatAck, Welcome
from app.protocol.session import Work


class Outlet(Protocol):
    """What is owed to the platform, as the sender sees it (app.journal.outbox.Outbox)."""

    wake: asyncio.Event

    @property
    def fence_wanted(self) -> bool:
        """A heartbeat should follow what was just sent."""

    @property
    def in_flight(self) -> bool:
        """Something sent is not confirmed yet."""

    async def next_frames(self, now: float) -> tuple[str, ...]:
        """What goes next, nothing when nothing is due or the window is full.

        Several frames belong together: no heartbeat may come between them.
        """

    def next_due(self, now: float) -> float | None:
        """When to ask again, None: when `wake` is set."""

    def seal(self, now: float) -> None:
        """A heartbeat is handed to the socket: it covers all frames given out so far."""

    def confirm(self, now: float) -> None:
        """The oldest seal was acked."""


class Duties(Protocol):
    """What one session asks of the agent."""

    def facts(self) -> Facts:
        """Return the last sample, at once."""

    def greeted(self, welcome: Welcome) -> None:
        """The agent is online."""

    def acked(self, ack: HeartbeatAck) -> None:
        """The platform is alive; its clock and zone."""

    def deliver(self, work: Work) -> None:
        """Work came in; must not wait."""
