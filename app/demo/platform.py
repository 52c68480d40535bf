"""A small local platform: the tests' working fake, and what `build.py demo` runs."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from http import HTTPStatus
from ssl import SSLContext

from app.demo.database import Database
from app.demo.environment import Environment, new_token, parse_target
from app.demo.record import Limits, Record
from app.demo.refusals import UnreachableError
from app.demo.session import POLICY_VIOLATION, Desk, Session
from app.demo.users import TaskOptions, Users
from app.webpage.served import Served
from app.webpage.server import LoopbackServer, Peer, Refusal, Request

__all__ = ["DEAD_TOKEN", "DemoPlatform", "Settings", "TaskOptions", "UnreachableError"]

ACCEPTED = HTTPStatus.SWITCHING_PROTOCOLS
SERVICE_RESTART = 1012
NO_TOKEN = "Token required"  # noqa: S105 (what the platform says, not a secret)
WRONG_TOKEN = "Invalid token - Please use environment token, not JWT token"  # noqa: S105 (the same)
DEAD_TOKEN = "Token已重新生成，请使用新Token重新连接"  # noqa: S105 (the same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this platform is set up; times in seconds."""

    port: int = 0  # 0: any free one
    zone: tzinfo = timezone(timedelta(hours=8))
    work_dir: str = ""
    environment_name: str = "Demo environment"
    environment_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    silence: float = 30.0  # without a frame, then a JSON ping
    ping_interval: float | None = 20.0  # WebSocket pings; None: none
    ping_timeout: float | None = 20.0
    close_timeout: float = 2.0
    forgets_after: float = 0.015  # an ended connection, and with it the registration (8.4)
    ssl: SSLContext | None = None  # given: wss
    limits: Limits = field(default_factory=Limits)
    max_concurrent_tasks: int = 1  # the node's slots (7.1)
    answer_limit: float = 10.0  # for an answer about the workspace (3.6)


class DemoPlatform(Users, Served):
    """One environment of a platform on loopback; use it with `async with`.

    It says and does what docs/protocol.md describes, quirks included; section numbers in
    comments refer to it. Everything runs in the caller's event loop.
    """

    def __init__(
        self, settings: Settings | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        settings = settings or Settings()
        environment = Environment(
            settings.environment_id, settings.environment_name, settings.work_dir
        )
        super().__init__(
            environment,
            Record(settings.limits),
            Database(settings.zone, clock),
            settings.answer_limit,
        )
        self.max_concurrent_tasks = settings.max_concurrent_tasks
        self.connected_at: deque[float] = deque(maxlen=1000)  # the loop's clock, seconds
        self.connections = 0  # accepted so far, their token was right
        self.refusals = 0  # handshakes and tokens refused so far
        self._desk = Desk(
            environment=self.environment,
            record=self.record,
            mischief=self.mischief,
            database=self._database,
            reports=self._reports,
            files=self._files,
            zone=settings.zone,
            clock=clock,
            silence=settings.silence,
            forgets_after=settings.forgets_after,
        )
        self._ssl = settings.ssl
        self._server = LoopbackServer(
            self._serve,
            port=settings.port,
            ssl=settings.ssl,
            process_request=self._check_request,
            ping_interval=settings.ping_interval,
            ping_timeout=settings.ping_timeout,
            close_timeout=settings.close_timeout,
        )

    # ------------------------------------------------------------------------- life

    async def start(self) -> None:
        """Listen; after a stop on the same port again."""
        await self._server.start()

    async def stop(self) -> None:
        """Shut down in order: every agent hears 1012, then nobody listens."""
        self.resume()
        await self._end_all(lambda session: session.close(SERVICE_RESTART, ""))
        await self._server.stop(SERVICE_RESTART)

    async def crash(self) -> None:
        """End as a killed process does: every socket is reset, nobody listens."""
        await self.cut()
        await self._server.crash()

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._server.port

    @property
    def url(self) -> str:
        """The address for agents, without the token."""
        scheme = "ws" if self._ssl is None else "wss"
        return f"{scheme}://127.0.0.1:{self.port}/ws/agent"

    # ------------------------------------------------------------------------- token

    @property
    def token(self) -> str:
        """The environment's present token."""
        return self.environment.token

    def issue_token(self, starting_with: str = "") -> str:
        """Make a new token; the old one is dead for new connections."""
        self.environment.token = new_token(starting_with)
        return self.environment.token

    async def revoke_token(self) -> None:
        """Make a new token as the button does: who is connected hears it and is closed (3.3)."""
        self.issue_token()

        async def revoke(session: Session) -> None:
            await session.say(
                {"type": "token_invalid", "message": DEAD_TOKEN, "reason": "token_regenerated"}
            )
            await session.close(POLICY_VIOLATION, DEAD_TOKEN)

        await self._end_all(revoke)

    # --------------------------------------------------------------------- helpers

    async def _check_request(self, request: Request) -> Refusal | None:
        await self.mischief.flowing.wait()
        status, _token = parse_target(request.target)
        refused = self.mischief.refuse_with or (status if status != ACCEPTED else None)
        if refused is None:
            return None
        self.refusals += 1
        self.record.changed()
        return Refusal(refused, HTTPStatus(refused).phrase)

    async def _serve(self, peer: Peer) -> None:
        _status, token = parse_target(peer.target)
        if token != self.token:
            await self._refuse(peer, WRONG_TOKEN if token else NO_TOKEN)
            return
        self.connections += 1
        self.connected_at.append(asyncio.get_running_loop().time())
        session = Session(peer, self.connections, self._desk)
        self._sessions[session.number] = session
        try:
            await session.run()
        finally:
            del self._sessions[session.number]
            self.record.changed()

    async def _refuse(self, peer: Peer, reason: str) -> None:
        """Accept, then close: so a bad token shows (1)."""
        self.refusals += 1
        self.record.changed()
        await peer.close(POLICY_VIOLATION, reason)
