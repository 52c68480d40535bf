"""One session: frames → Session → actions, until it ends."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from app.i18n import _
from app.link.sides import Duties, Outlet
from app.link.transport import LinkClosedError, Transport
from app.protocol import codec
from app.protocol.backoff import ClockWatch
from app.protocol.messages import Heartbeat, Outgoing
from app.protocol.session import (
    Action,
    Beat,
    Complain,
    Confirm,
    Deliver,
    End,
    Event,
    FenceWanted,
    Greet,
    Received,
    Send,
    Session,
    Tick,
    Woke,
)

log = logging.getLogger(__name__)

TOKEN_REFUSED = 1008  # close code (docs/protocol.md, 0.10)
BLAMED_CODES = frozenset({1002, 1003, 1006, 1007, 1009, 1011})  # maybe caused by what we sent
LOOK_EVERY = 2.5  # seconds between two looks at clocks and deadlines: with the heartbeats of 5 s
CLOSE_TIMEOUT = 3.0  # seconds for a closing handshake
CONTROL_LIMIT = 1000  # messages in the control lane; more means that nothing gets out


class EndKind(Enum):
    """How a session ended."""

    CLEAN = "clean"  # the platform closed it with a close frame
    SILENT = "silent"  # it died: no close frame, or an ack is missing
    REFUSED = "refused"  # the token is dead
    LOCAL = "local"  # we closed it


@dataclass(frozen=True, slots=True)
class Ending:
    """How, why and in what shape a session ended."""

    kind: EndKind
    why: str
    blame: bool = False  # what was in flight may have caused it (protocol.md 8.3)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks: `mono` for durations, `wall` (epoch seconds) to notice sleep."""

    mono: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class Serving:
    """Runs one session over one transport; `run` returns how it ended."""

    def __init__(
        self,
        transport: Transport,
        session: Session,
        outlet: Outlet,
        duties: Duties,
        clocks: Clocks,
    ) -> None:
        self._transport = transport
        self._session = session
        self._outlet = outlet
        self._duties = duties
        self._clock = clocks.mono
        self._wall = clocks.wall
        self._watch = ClockWatch(period=LOOK_EVERY)
        self._control: deque[Beat | Outgoing] = deque()
        self._beats_waiting = 0  # heartbeats in the control lane, not yet handed over
        self._dropped = False  # a message found the control lane full
        self._bell = asyncio.Event()  # something is in the control lane
        self._between = asyncio.Event()  # no frames that belong together are half sent
        self._between.set()
        self._over = asyncio.Event()
        self._ending: Ending | None = None

    @property
    def acks(self) -> int:
        """How many heartbeats the platform has acknowledged."""
        return self._session.acks

    @property
    def latency(self) -> float | None:
        """Seconds from the last acked heartbeat to its ack; None before the first."""
        return self._session.latency

    def say(self, message: Outgoing) -> None:
        """Send `message` in the control lane; it dies with the session."""
        if len(self._control) >= CONTROL_LIMIT:
            if not self._dropped:  # the first one is news
                log.warning(_("the platform takes nothing: answers to it are dropped from now on"))
            self._dropped = True
            return
        self._control.append(message)
        self._bell.set()

    def end(self, kind: EndKind, why: str, *, blame: bool = False) -> None:
        """End the session; the first reason given counts."""
        if self._ending is None:
            self._ending = Ending(kind, why, blame)
            self._over.set()

    async def run(self) -> Ending:
        """Serve until the session ends; closes the transport (bounded)."""
        try:
            async with asyncio.TaskGroup() as tasks:
                parts = [
                    tasks.create_task(self._receive(), name="link receive"),
                    tasks.create_task(self._send_control(), name="link control lane"),
                    tasks.create_task(self._send_owed(), name="link owed lane"),
                    tasks.create_task(self._look(), name="link clocks"),
                ]
                await self._over.wait()
                clean = await self._transport.close(timeout=CLOSE_TIMEOUT)
                for part in parts:
                    part.cancel()
        finally:
            self._transport.abort()
        return self._final(clean=clean)

    def _final(self, *, clean: bool) -> Ending:
        ending = self._ending
        if ending is None:  # pragma: no cover (run() waits for it)
            raise RuntimeError("session over without an ending")
        if ending.kind is EndKind.LOCAL and not clean:
            return Ending(EndKind.SILENT, ending.why)
        return ending

    # ------------------------------------------------------------ in

    async def _receive(self) -> None:
        try:
            while True:
                frame = await self._transport.receive()
                self._handle(Received(codec.decode(frame)))
        except LinkClosedError as closed:
            self._closed(closed)

    def _closed(self, closed: LinkClosedError) -> None:
        if closed.code == TOKEN_REFUSED and closed.clean:
            self.end(EndKind.REFUSED, closed.reason or _("no reason given"))
            return
        kind = EndKind.CLEAN if closed.clean else EndKind.SILENT
        # Closed by us, it was what came in that was at fault, not what we had sent.
        self.end(kind, str(closed), blame=closed.code in BLAMED_CODES and not closed.ours)

    async def _look(self) -> None:
        while True:
            now = self._clock()
            if self._watch.observe(self._wall(), now):
                log.info(_("the clock jumped or the computer woke up; asking the platform"))
                self._handle(Woke())
            self._handle(Tick())
            until = self._session.next_deadline - now
            await asyncio.sleep(min(max(until, 0.0), LOOK_EVERY))

    def _handle(self, event: Event) -> None:
        for action in self._session.handle(event, self._clock()):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Beat():
                self._beats_waiting += 1
                self._control.append(action)
                self._bell.set()
            case Send(message):
                self.say(message)
            case Greet(welcome):
                self._duties.greeted(welcome)
            case Confirm(ack):
                self._outlet.confirm(self._clock())
                self._duties.acked(ack)
            case Deliver(work):
                self._duties.deliver(work)
            case Complain(text):
                log.warning(_("ignored: %s"), text)
            case End(why, refused):
                self.end(EndKind.REFUSED if refused else EndKind.SILENT, why)

    # ------------------------------------------------------------ out

    async def _send_control(self) -> None:
        """Send heartbeats and answers; never waits for the disk."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._control:
                while isinstance(self._control[0], Beat) and not self._between.is_set():
                    await self._between.wait()
                await self._send(self._control_frame(self._control.popleft()))

    def _control_frame(self, item: Beat | Outgoing) -> str:
        if not isinstance(item, Beat):
            return codec.encode(item)
        # Sealed in the same step in which the frame takes its place in the socket's queue.
        self._beats_waiting -= 1
        self._outlet.seal(self._clock())
        return codec.encode(Heartbeat(self._duties.facts()))

    async def _send_owed(self) -> None:
        """Send what is owed, as fast as window and socket allow."""
        while True:
            self._outlet.wake.clear()
            frames = await self._outlet.next_frames(self._clock())
            await self._send_together(frames)
            if self._outlet.fence_wanted and not self._beats_waiting:
                self._handle(FenceWanted())
            if not frames:
                await self._wait_for_owed()

    async def _send_together(self, frames: tuple[str, ...]) -> None:
        """Send frames in a row; each takes its place in the socket's queue at once."""
        if len(frames) > 1:
            self._between.clear()
        try:
            for frame in frames:
                await self._send(frame)
        finally:
            self._between.set()

    async def _wait_for_owed(self) -> None:
        now = self._clock()
        due = self._outlet.next_due(now)
        if due is None:
            await self._outlet.wake.wait()
            return
        alarm = asyncio.get_running_loop().call_later(max(due - now, 0.0), self._outlet.wake.set)
        try:
            await self._outlet.wake.wait()
        finally:
            alarm.cancel()

    async def _send(self, frame: str) -> None:
        try:
            await self._transport.send(frame)
        except LinkClosedError:
            await self._over.wait()  # the receiver knows why
