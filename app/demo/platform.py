"""A small local platform: the tests' working fake, and what `build.py demo` runs."""

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from http import HTTPStatus
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from app.demo.environment import Environment, new_token, parse_target
from app.demo.misbehaving import Misbehaving
from app.demo.record import MAX_JOBS, Limits, Record
from app.demo.session import POLICY_VIOLATION, Desk, Session
from app.webpage.server import LoopbackServer, Peer, PeerGoneError, Refusal, Request

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
    ssl: SSLContext | None = None  # given: wss
    limits: Limits = field(default_factory=Limits)


class TaskOptions(TypedDict, total=False):
    """The optional fields of a `task` (3.7)."""

    work_dir: str
    env_vars: dict[str, str]
    timeout: float


class UnreachableError(Exception):
    """No agent is registered: the real platform answers HTTP 503."""


class DemoPlatform(Misbehaving):
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
        super().__init__(environment, Record(settings.limits))
        self.connected_at: deque[float] = deque(maxlen=1000)  # the loop's clock, seconds
        self.connections = 0  # accepted so far, their token was right
        self.refusals = 0  # handshakes and tokens refused so far
        self.sent_at: dict[str, float] = {}  # the loop's clock; per task, the newest ones
        self._desk = Desk(
            self.environment, self.record, self.mischief, settings.zone, clock, settings.silence
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

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._server.port

    @property
    def url(self) -> str:
        """The address for agents, without the token."""
        scheme = "ws" if self._ssl is None else "wss"
        return f"{scheme}://127.0.0.1:{self.port}/ws/agent"

    # -------------------------------------------------------------------------- work

    async def send_task(
        self, task_id: str, command: str | list[str], **options: Unpack[TaskOptions]
    ) -> None:
        """Give the agent a task (3.7). Raises UnreachableError."""
        message = {"type": "task", "task_id": task_id, "command": command, **options}
        while len(self.sent_at) >= MAX_JOBS:
            del self.sent_at[next(iter(self.sent_at))]
        self.sent_at[task_id] = asyncio.get_running_loop().time()
        await self.send(message)

    async def cancel_task(self, task_id: str) -> None:
        """Cancel a task (3.7). Raises UnreachableError."""
        await self.send({"type": "cancel_task", "task_id": task_id})

    async def send(self, message: dict[str, Any]) -> None:
        """Send any message to the registered agent. Raises UnreachableError."""
        await self.send_raw(json.dumps(message, ensure_ascii=False))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send one frame as it is, str as text, bytes as binary. Raises UnreachableError."""
        session = self.environment.registered
        if not isinstance(session, Session):
            raise UnreachableError("no agent is registered (the platform would answer HTTP 503)")
        try:
            await session.send_raw(frame)
        except PeerGoneError as gone:
            raise UnreachableError(str(gone)) from gone

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
