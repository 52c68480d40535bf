"""A transport, an outlet and duties in memory: they behave, nothing is asserted here."""

import asyncio
import json
from datetime import UTC

from app.link.transport import LinkClosedError
from app.protocol.messages import Facts, HeartbeatAck, Welcome
from app.protocol.session import Work

WELCOME = json.dumps({"type": "welcome", "environment_id": "env-1", "environment_name": "Lab"})
ACK = json.dumps({"type": "heartbeat_ack", "timestamp": "2026-11-22T19:31:28.421030+08:00"})


class FakeTransport:
    """Both ends of a connection; the test speaks for the platform."""

    def __init__(self, *, acks: bool = True) -> None:
        self.sent: list[dict[str, object]] = []
        self.closed_with: int | None = None
        self.acks = acks
        self.flows = asyncio.Event()  # cleared: what is sent is taken, but `send` waits
        self.flows.set()
        self.news = asyncio.Event()
        self._inbox: asyncio.Queue[str | LinkClosedError] = asyncio.Queue()

    def says(self, frame: str) -> None:
        """The platform sends a frame."""
        self._inbox.put_nowait(frame)

    def dies(self, code: int, reason: str = "", *, clean: bool, ours: bool = False) -> None:
        """The connection ends."""
        self._inbox.put_nowait(LinkClosedError(code, reason, clean=clean, ours=ours))

    async def sent_frame(self, kind: str, count: int = 1) -> dict[str, object]:
        """Wait until `count` frames of this type were sent; return the last of them."""
        async with asyncio.timeout(5):
            while len(found := [f for f in self.sent if f["type"] == kind]) < count:
                self.news.clear()
                await self.news.wait()
        return found[count - 1]

    async def send(self, text: str) -> None:
        if self.closed_with is not None:
            raise LinkClosedError(1006, "", clean=False)
        self.sent.append(json.loads(text))
        self.news.set()
        if self.acks and self.sent[-1]["type"] == "heartbeat":
            self.says(ACK)
        await self.flows.wait()

    async def receive(self) -> str:
        item = await self._inbox.get()
        if isinstance(item, LinkClosedError):
            raise item
        return item

    async def close(  # the signature of app.link.transport.Transport
        self,
        code: int = 1000,
        reason: str = "",
        *,
        timeout: float = 5.0,  # noqa: ASYNC109 (as above)
    ) -> bool:
        if self.closed_with is None:
            self.closed_with = code
        return True

    def abort(self) -> None:
        if self.closed_with is None:
            self.closed_with = 1006


class FakeOutlet:
    """An outlet with a list of frames; `disk` can be made slow."""

    def __init__(self, frames: list[str], *, together: int = 1) -> None:
        self.wake = asyncio.Event()
        self.frames = frames
        self.together = together  # frames of one hand-over
        self.disk = asyncio.Event()
        self.disk.set()
        self.fence_wanted = False
        self.in_flight = False
        self.log: list[str] = []  # what happened, in order
        self.confirmed = asyncio.Event()

    async def next_frames(self, now: float) -> tuple[str, ...]:
        await self.disk.wait()
        if not self.frames or self.fence_wanted:
            return ()
        self.fence_wanted = self.in_flight = True
        self.log.append("frame")
        given, self.frames = self.frames[: self.together], self.frames[self.together :]
        return tuple(given)

    def next_due(self, now: float) -> float | None:
        return None

    def seal(self, now: float) -> None:
        self.fence_wanted = False
        self.log.append("seal")

    def confirm(self, now: float) -> None:
        self.in_flight = False
        self.log.append("confirm")
        self.confirmed.set()
        self.wake.set()


class FakeDuties:
    """Remembers what a session delivered."""

    def __init__(self) -> None:
        self.environment = ""
        self.work: list[Work] = []
        self.zones: set[str] = set()
        self.given = asyncio.Event()

    def facts(self) -> Facts:
        return Facts(node_ip="127.0.0.1")

    def greeted(self, welcome: Welcome) -> None:
        self.environment = welcome.environment_name

    def acked(self, ack: HeartbeatAck) -> None:
        if ack.at is not None:
            self.zones.add(str(ack.at.tzinfo or UTC))

    def deliver(self, work: Work) -> None:
        self.work.append(work)
        self.given.set()
