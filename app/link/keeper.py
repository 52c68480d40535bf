"""When to connect again, and when to wait for the user."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.errors import AgentError
from app.i18n import _
from app.link.serve import Clocks, Ending, EndKind, Serving
from app.link.transport import Transport
from app.protocol.backoff import STABLE_AFTER, Backoff, ClockWatch
from app.protocol.refresh import Refresh
from app.state import LINK_MOVES, LinkState

log = logging.getLogger(__name__)

AFTER_A_LOSS = 1.0  # seconds: reconnecting sooner makes the node unreachable (8.4)
WOKEN_WAIT = 1.0  # seconds: a wake-up shortens the wait to this, never below
PAUSE_SLICE = 1.0  # seconds between two looks at the clocks while waiting

_UNDER_WAY = frozenset({LinkState.CONNECTING, LinkState.AUTHENTICATING, LinkState.ONLINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperParts:
    """What the keeper is made of."""

    open_link: Callable[[], Awaitable[Transport]]  # raises AgentError
    serving: Callable[[Transport], Serving]  # one session over an open transport
    in_flight: Callable[[], bool]  # something sent is not confirmed yet
    on_change: Callable[[], None]  # the state, or the last problem, changed
    on_session_end: Callable[[Ending], None]
    on_goodbye: Callable[[], None]  # the platform holds no connection of ours any more
    set_up: Callable[[], bool] = lambda: True  # it is known where to connect, and as whom
    backoff: Backoff = field(default_factory=Backoff)
    clocks: Clocks = field(default_factory=Clocks)


class Keeper:
    """Keeps one connection, as long as the user wants one; never holds two.

    `state` is the fact and `wanted` the user's wish; `problem` says what went wrong
    last, "" while all is well. `run` ends after `stop`.
    """

    def __init__(self, parts: KeeperParts, *, wanted: bool = True) -> None:
        self._parts = parts
        self._clock = parts.clocks.mono
        self._refresh = Refresh()
        self._serving: Serving | None = None
        self._online_since: float | None = None
        self._rest_until = float("-inf")  # no socket is opened before
        self._stopping = False
        self._holds = 0  # of those who want no connection opened for a moment
        self._changed = asyncio.Event()  # the wish changed, or the keeper is to stop
        self.state = LinkState.STOPPED
        self.wanted = wanted
        self.problem = ""

    @property
    def serving(self) -> Serving | None:
        """The present session, None while there is none."""
        return self._serving

    @property
    def latency(self) -> float | None:
        """Seconds from the session's last acked heartbeat to its ack; None without one."""
        return None if self._serving is None else self._serving.latency

    def connect(self) -> None:
        """Wish to be connected, now; also tries again after a refused token."""
        if self.wanted and self.state in _UNDER_WAY:
            return
        self.wanted = True
        if self.state is LinkState.REJECTED:
            self._move(LinkState.STOPPED)
        self._changed.set()

    def renew(self) -> None:
        """Connect anew: `open_link` leads elsewhere now, or with another token."""
        self.problem = ""
        if self.state is LinkState.REJECTED:
            self._move(LinkState.STOPPED)
        self._changed.set()
        self._end_serving(_("the settings of the connection have changed"))

    def disconnect(self) -> None:
        """Wish to be left alone; the present session is closed cleanly."""
        self.wanted = False
        self._leave()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Open no connection while this lasts; a session that is online goes on."""
        self._holds += 1
        self._changed.set()
        if self.state is not LinkState.ONLINE:
            self._end_serving(_("another connection of this computer is being tried"))
        try:
            yield
        finally:
            self._holds -= 1
            self._begin_rest()  # another connection may just have ended
            self._changed.set()

    def distrust(self) -> None:
        """Note that another connection of this computer has just died without a goodbye (8.4)."""
        self._refresh.lost_silently(self._clock())
        self._begin_rest()

    def stop(self) -> None:
        """Close what is open and end `run`; safe to call twice."""
        self._stopping = True
        self._leave()

    def greeted(self) -> None:
        """Note that the platform greeted: the session is online."""
        self._online_since = self._clock()
        self.problem = ""
        self._move(LinkState.ONLINE)

    async def run(self) -> None:
        """Connect and connect again until `stop`."""
        while not self._stopping:
            self._changed.clear()
            if not self._may_connect():
                if self.state is LinkState.BACKING_OFF:
                    self._move(LinkState.STOPPED)
                await self._changed.wait()
                continue
            await self._one_round()
        if self.state is not LinkState.STOPPED:
            self._move(LinkState.STOPPED)

    # ------------------------------------------------------------ one round

    def _may_connect(self) -> bool:
        wanted = self.wanted and self._parts.set_up() and not self._holds
        return wanted and self.state is not LinkState.REJECTED

    def _leaving(self) -> bool:
        return self._stopping or not self.wanted or self._holds > 0

    async def _one_round(self) -> None:
        """One attempt with all that follows from it, the pause before the next included."""
        self._move(LinkState.CONNECTING)
        await self._rest()
        if not self._leaving():
            await self._attempt()
        if self.state is LinkState.REJECTED:
            return
        if self._leaving():
            self._move(LinkState.STOPPED)
            return
        self._move(LinkState.BACKING_OFF)
        await self._pause(self._parts.backoff.next(self._clock()))

    async def _attempt(self) -> None:
        opened = await self._open_or_leave()
        if isinstance(opened, AgentError):
            self._failed(opened)
        elif opened is not None:
            self._move(LinkState.AUTHENTICATING)
            self._refresh.opened(self._clock())
            self._after(await self._serve(opened))
        self._begin_rest()  # an attempt that was given up may have stood, too

    def _begin_rest(self) -> None:
        self._rest_until = self._clock() + AFTER_A_LOSS

    async def _rest(self) -> None:
        """Wait for the end of the rest; only leaving shortens it, no wish to connect does."""
        while not self._leaving() and (left := self._rest_until - self._clock()) > 0:
            self._changed.clear()
            await self._nap(min(left, PAUSE_SLICE))
        if not self._leaving():
            self._changed.clear()

    async def _open_or_leave(self) -> Transport | AgentError | None:
        """Open a transport; None when the wish changed before it stood."""
        async with asyncio.TaskGroup() as tasks:
            opening = tasks.create_task(self._open(), name="link open")
            leaving = tasks.create_task(self._changed.wait(), name="link leave")
            await asyncio.wait({opening, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            opening.cancel()
        return None if opening.cancelled() else opening.result()

    async def _open(self) -> Transport | AgentError:
        try:
            return await self._parts.open_link()
        except AgentError as lost:
            return lost

    async def _serve(self, transport: Transport) -> Ending:
        self._online_since = None
        self._serving = self._parts.serving(transport)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch_refresh(), name="link refresh")
                ending = await self._serving.run()
                watching.cancel()
        finally:
            acks, self._serving = self._serving.acks, None
        self._judge_stability(acks)
        return ending

    def _judge_stability(self, acks: int) -> None:
        since = self._online_since
        if since is not None and acks and self._clock() - since >= STABLE_AFTER:
            self._parts.backoff.proved_stable()

    async def _watch_refresh(self) -> None:
        while self._refresh.pending:
            await asyncio.sleep(PAUSE_SLICE)
            if self._refresh.due(self._clock(), in_flight=self._parts.in_flight()):
                self._end_serving(_("refreshing the platform's registration of this agent"))

    # ------------------------------------------------------------ what follows

    def _after(self, ending: Ending) -> None:
        log.debug("session ended (%s): %s", ending.kind.value, ending.why)
        self._parts.on_session_end(ending)
        now = self._clock()
        if ending.kind is not EndKind.SILENT and not self._refresh.pending:
            self._parts.on_goodbye()
        match ending.kind:
            case EndKind.REFUSED:
                self._rejected(ending)
                return
            case EndKind.SILENT:
                self._refresh.lost_silently(now)
                self._complain(ending.why)
            case EndKind.CLEAN:
                self._complain(ending.why)
            case EndKind.LOCAL:
                log.info(_("disconnected: %s"), ending.why)
        self._parts.backoff.lost(now)

    def _rejected(self, ending: Ending) -> None:
        self.problem = _(
            "The platform refused the token ({why}). "
            "Copy the environment's present token and start the agent with it."
        ).format(why=ending.why)
        log.error("%s", self.problem)
        self._move(LinkState.REJECTED)

    def _failed(self, lost: AgentError) -> None:
        now = self._clock()
        self._parts.backoff.lost(now)
        if getattr(lost, "maybe_registered", False):
            self._refresh.lost_silently(now)
        self._complain(str(lost))

    def _complain(self, problem: str) -> None:
        # The first failure is news, its repeats are not.
        level = logging.DEBUG if self.problem == problem else logging.WARNING
        self.problem = problem
        log.log(level, "%s", problem)

    async def _pause(self, delay: float) -> None:
        """Wait `delay` seconds; a wake-up of the computer shortens the wait."""
        until = self._clock() + delay
        watch = ClockWatch(period=PAUSE_SLICE)
        log.debug("next attempt in %.1f s", delay)
        while (left := until - self._clock()) > 0 and not self._changed.is_set():
            if watch.observe(self._parts.clocks.wall(), self._clock()):
                until = min(until, self._clock() + WOKEN_WAIT)
            await self._nap(min(left, PAUSE_SLICE))

    async def _nap(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    # ------------------------------------------------------------ helpers

    def _leave(self) -> None:
        self._changed.set()
        self._end_serving(_("the agent disconnects"))

    def _end_serving(self, why: str) -> None:
        if self._serving is not None:
            self._serving.end(EndKind.LOCAL, why)

    def _move(self, to: LinkState) -> None:
        if self.state is to:
            return
        if (self.state, to) not in LINK_MOVES:
            raise RuntimeError(f"illegal move {self.state.name} -> {to.name}")
        log.debug("link: %s -> %s", self.state.value, to.value)
        self.state = to
        self._parts.on_change()
