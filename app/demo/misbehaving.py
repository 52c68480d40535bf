"""How the platform misbehaves on request."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from app.demo.environment import Environment
from app.demo.mischief import Mischief
from app.demo.record import Record
from app.demo.session import Session
from app.demo.watching import Watching


class Misbehaving(Watching):
    """The ways to misbehave, for everyone who is connected; section numbers: docs/protocol.md.

    A call that ends connections returns when the platform is done with them, so that what
    is seen afterwards belongs to later ones.
    """

    def __init__(self, environment: Environment, record: Record) -> None:
        super().__init__(environment, record)
        self.mischief = Mischief()
        self._unplugged: list[Session] = []

    def refuse_connections(self, status: int = 503) -> None:
        """Answer every handshake with this HTTP status (nobody listening: stop)."""
        self.mischief.refuse_with = status

    def accept_connections(self) -> None:
        """Undo refuse_connections."""
        self.mischief.refuse_with = None

    async def close_agents(self, code: int = 1000, reason: str = "") -> None:
        """Close every connection with a handshake; returns when they have ended."""
        await self._end_all(lambda session: session.close(code, reason))

    async def cut(self) -> None:
        """Reset every connection."""
        await self._end_all(lambda session: session.cut())

    async def cut_mid_frame(self) -> None:
        """Send half a frame to every agent, then end the stream."""
        await self._end_all(lambda session: session.cut(mid_frame=True))

    def stall(self) -> None:
        """Freeze: nothing is read, answered or accepted until `resume`."""
        self.mischief.flowing.clear()
        for session in self._sessions.values():
            session.freeze()

    def resume(self) -> None:
        """Undo stall."""
        self.mischief.flowing.set()
        for session in self._sessions.values():
            session.thaw()

    def pull_cable(self) -> None:
        """Let every open connection die unnoticed: what its agent does is not seen (8.4)."""
        self._unplugged = list(self._sessions.values())
        for session in self._unplugged:
            session.freeze()

    async def notice_loss(self) -> None:
        """Find out, as the platform does after some 45 s, that those connections are dead (8.4).

        That takes the registration of whoever is connected meanwhile.
        """
        for session in self._unplugged:
            await session.cut()
        self._unplugged = []

    def answer_late(self, seconds: float) -> None:
        """Let every welcome and ack take so long; what comes behind it waits as well (7.3)."""
        self.mischief.answer_after = seconds

    def handle_slowly(self, seconds: float) -> None:
        """Let every frame take so long (7.3)."""
        self.mischief.handle_for = seconds

    def go_silent(self) -> None:
        """Accept, read and record, but say nothing, not even welcome."""
        self.mischief.silent = True

    def speak(self) -> None:
        """Undo go_silent."""
        self.mischief.silent = False

    def drop_next(self, frames: int) -> None:
        """Read and lose the next frames."""
        self.mischief.drop = frames

    def poison_next(self) -> None:
        """A database error on every open session: its next heartbeat kills it (8.3)."""
        for session in self._sessions.values():
            session.view.poisoned = True

    def delete_environment(self) -> None:
        """The user deletes it: heartbeats are not acknowledged any more, connections live (8.5)."""
        self.environment.deleted = True

    def poison_on(self, poison: Callable[[dict[str, Any]], bool] | None) -> None:
        """From now on each frame for which `poison` is true is such an error; None: none is."""
        self.mischief.poison = poison

    async def _end_all(self, end: Callable[[Session], Coroutine[Any, Any, None]]) -> None:
        sessions = list(self._sessions.values())
        async with asyncio.TaskGroup() as endings:
            for session in sessions:
                endings.create_task(end(session), name=f"end of connection {session.number}")
