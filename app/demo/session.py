"""One agent's connection, handled strictly in the order of arrival."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, NoReturn

from app.demo.database import Database, RejectedError, View
from app.demo.environment import Environment, storable
from app.demo.files import ANSWERS, Files
from app.demo.mischief import Mischief
from app.demo.record import Closing, Frame, Record
from app.demo.reports import KINDS, Reports
from app.demo.rows import Poisoning
from app.webpage.server import Peer, PeerGoneError

POLICY_VIOLATION = 1008
HALF_A_FRAME = b"\x81\x7e\x04\x00" + b'{"type": "task", "task_id": "'  # says 1024 bytes, has 29


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all sessions of a platform share."""

    environment: Environment
    record: Record
    mischief: Mischief
    database: Database
    reports: Reports
    files: Files
    zone: tzinfo
    clock: Callable[[], float]  # epoch seconds
    silence: float  # seconds until the platform asks with a JSON ping
    forgets_after: float  # seconds until an ended connection's registration is deleted


class Session:
    """The platform's end of one connection whose token was right."""

    def __init__(self, peer: Peer, number: int, desk: Desk) -> None:
        self.number = number
        self.heartbeats = 0
        self.facts: dict[str, Any] = {}  # of the last heartbeat
        self.acks = 0
        self.ended = asyncio.Event()
        self.view = View(desk.database)
        self._peer = peer
        self._desk = desk
        self._voice = asyncio.Lock()  # answers leave in order, late or not
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._over = asyncio.Event()  # the platform has ended it
        self._crashed = False

    async def run(self) -> None:
        """Greet, then handle frame after frame until the connection ends."""
        desk = self._desk
        desk.environment.connected(self)
        desk.record.changed()
        try:
            for message in desk.environment.greeting():
                await self._answer(message)
            await self._handle_all()
        except PeerGoneError as gone:
            code, reason = (None, "") if self._crashed else (gone.code, gone.reason)
            now = asyncio.get_running_loop().time()
            desk.record.closings.append(Closing(self.number, code, reason, now))
        finally:
            await asyncio.sleep(desk.forgets_after)  # who connects meanwhile is forgotten (8.4)
            desk.environment.disconnected(abrupt=self._crashed)
            self.ended.set()
            desk.record.changed()

    async def say(self, message: dict[str, Any]) -> None:
        """Send one message at once; raises PeerGoneError."""
        await self.send_raw(json.dumps(message, ensure_ascii=False))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send one frame as it is; raises PeerGoneError."""
        async with self._voice:
            await self._flowing.wait()
            await self._peer.send(frame)

    async def close(self, code: int, reason: str) -> None:
        """Close with a handshake and wait until the session has ended."""
        self._over.set()
        await self._peer.close(code, reason)
        self._flowing.set()
        await self.ended.wait()

    async def cut(self, *, mid_frame: bool = False) -> None:
        """End without a close frame: a reset, or half a frame and the end of the stream."""
        self._over.set()
        if mid_frame:
            self._peer.finish(HALF_A_FRAME)
        else:
            self._peer.abort()
        await self._peer.wait_closed()
        self._flowing.set()
        await self.ended.wait()

    def freeze(self) -> None:
        """Read and handle nothing more; the socket's buffers fill."""
        self._flowing.clear()
        self._peer.pause_reading()

    def thaw(self) -> None:
        """Undo freeze."""
        self._flowing.set()
        self._peer.resume_reading()

    async def _answer(self, message: dict[str, Any]) -> None:
        if self._desk.mischief.silent:
            return
        if self._desk.mischief.answer_after:
            await self._pause(self._desk.mischief.answer_after)
        await self.say(message)

    async def _handle_all(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await self._next()
            at = loop.time()
            await self._flowing.wait()
            if self._over.is_set() or self._peer.ending:
                raise PeerGoneError(None, "")  # what was not handled yet is lost (7.3)
            await self._handle(data, at)

    async def _next(self) -> str | bytes:
        """Return the next frame, asking for a sign of life after every long silence (1)."""
        while True:
            try:
                async with asyncio.timeout(self._desk.silence):
                    return await self._peer.recv()
            except TimeoutError:
                await self._answer({"type": "ping"})

    async def _handle(self, data: str | bytes, at: float) -> None:
        mischief = self._desk.mischief
        if mischief.drop:
            mischief.drop -= 1
            return
        if mischief.handle_for:
            await self._pause(mischief.handle_for)
        body = _decode(data)
        kind = body.get("type") if body else ""
        kind = kind if isinstance(kind, str) else ""
        frame = Frame(at, self.number, kind, body, _size(data))
        self._desk.record.add(frame)
        await self._act(frame)

    async def _act(self, frame: Frame) -> None:
        desk, poison = self._desk, self._desk.mischief.poison
        poisonous = poison is not None and bool(frame.type) and poison(frame.body)
        if poisonous:
            self.view.poisoned = True
        if frame.type == "heartbeat":
            await self._heartbeat(frame)
        elif frame.type in ANSWERS:
            desk.files.take(frame)
        elif frame.type in KINDS and not poisonous:
            await self._report(frame)

    async def _report(self, frame: Frame) -> None:
        try:
            await self._desk.reports.take(frame, self.view)
        except RejectedError as error:
            if error.deadly:
                await self._crash()
        finally:
            self._desk.record.changed()

    async def _heartbeat(self, frame: Frame) -> None:
        data = frame.body.get("data", {})
        if not isinstance(data, dict) or self._desk.environment.deleted:
            return  # not acknowledged (4.1, 8.5)
        if not storable(data):
            self._desk.reports.poisonings.append(Poisoning(frame, "facts that cannot be stored"))
            await self._crash()
        if self.view.poisoned:
            await self._crash()
        self._desk.environment.heartbeat(data)
        self.view.commit()
        self.heartbeats += 1
        self.facts = data
        now = datetime.fromtimestamp(self._desk.clock(), self._desk.zone)
        await self._answer(
            {"type": "heartbeat_ack", "timestamp": now.isoformat(timespec="microseconds")}
        )
        self.acks += 1

    async def _crash(self) -> NoReturn:
        """The receive loop dies of a database error: no ack, no close frame (8.3)."""
        self._crashed = True
        self._peer.abort()
        await self._peer.wait_closed()
        raise PeerGoneError(None, "")

    async def _pause(self, seconds: float) -> None:
        """Take `seconds`, or raise PeerGoneError when the platform ends the connection."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return
        raise PeerGoneError(None, "")


def _decode(data: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a text frame; {} for anything else, which is ignored (1)."""
    if isinstance(data, bytes):
        return {}
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _size(data: str | bytes) -> int:
    if isinstance(data, str) and not data.isascii():
        return len(data.encode(errors="surrogatepass"))
    return len(data)
