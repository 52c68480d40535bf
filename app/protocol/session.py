"""State machine of one connection: event in, actions out; time is an argument.

It decides when to greet, beat, fence and give up (docs/protocol.md, sections 0 to 3).
Every heartbeat is a fence: the k-th ack proves that all that was sent before the k-th
heartbeat has been handled, so this machine only counts them.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from app.i18n import _
from app.protocol.messages import (
    BadJob,
    BadSuite,
    CancelJob,
    CancelSuite,
    HeartbeatAck,
    Incoming,
    JobAssigned,
    Malformed,
    Outgoing,
    Ping,
    Pong,
    SuiteAssigned,
    TokenInvalid,
    Unknown,
    Welcome,
    WorkspaceRequest,
)

GREETING_TIMEOUT = 30.0  # seconds from the open socket to `welcome`
ACK_TIMEOUT = 15.0  # seconds until a heartbeat without an ack means a silent loss
WAKE_ACK_TIMEOUT = 5.0  # the same for the heartbeat sent after the computer woke up

Work = JobAssigned | BadJob | CancelJob | SuiteAssigned | BadSuite | CancelSuite | WorkspaceRequest


class SessionState(Enum):
    """How far one connection has come."""

    AUTHENTICATING = "authenticating"  # open, but the platform has not greeted
    ONLINE = "online"  # greeted
    ENDED = "ended"  # its end has been decided; nothing more is answered


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Received:
    """A frame came in."""

    message: Incoming


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class FenceWanted:
    """The outbox wants to know what has been handled."""


@dataclass(frozen=True, slots=True)
class Woke:
    """The clock jumped: the computer slept, or somebody set the clock."""


Event = Received | Tick | FenceWanted | Woke

# ---------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True)
class Beat:
    """Send a heartbeat with the last facts."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message in the control lane."""

    message: Outgoing


@dataclass(frozen=True, slots=True)
class Greet:
    """The platform has named the environment: the agent is online (again: facts changed)."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class Confirm:
    """The oldest heartbeat was acked; the ack carries the server's time."""

    ack: HeartbeatAck


@dataclass(frozen=True, slots=True)
class Deliver:
    """Work for the agent, in the order it came."""

    work: Work


@dataclass(frozen=True, slots=True)
class Complain:
    """Something strange came in: log it and go on; the text holds no secret."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """End this connection."""

    why: str
    refused: bool = False  # the token is dead: only the user can help


Action = Beat | Send | Greet | Confirm | Deliver | Complain | End


class Session:
    """Decides what one connection does; `handle` is all there is to it.

    Times are monotonic seconds. `next_deadline` says when the next Tick is due.
    """

    def __init__(self, *, heartbeat_every: float, now: float) -> None:
        self.state = SessionState.AUTHENTICATING
        self.acks = 0
        self._heartbeat_every = heartbeat_every
        self._greet_by = now + GREETING_TIMEOUT
        self._next_beat = float("inf")
        self.latency: float | None = None  # seconds from the last acked heartbeat to its ack
        self._sent_at: deque[float] = deque()  # of each heartbeat not acked yet
        self._ack_by: deque[float] = deque()  # one deadline per heartbeat not acked yet

    @property
    def next_deadline(self) -> float:
        """Monotonic time of the next Tick that can change anything."""
        if self.state is SessionState.AUTHENTICATING:
            return self._greet_by
        return min(self._next_beat, min(self._ack_by, default=float("inf")))

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event and return what is to be done about it, in order."""
        if self.state is SessionState.ENDED:
            return []
        match event:
            case Received(message):
                return self._receive(message, now)
            case Tick():
                return self._tick(now)
            case FenceWanted():
                return self._beat(now, ACK_TIMEOUT) if self.state is SessionState.ONLINE else []
            case Woke():
                return self._wake(now)

    def _receive(self, message: Incoming, now: float) -> list[Action]:
        match message:
            case Welcome():
                return self._greeted(message, now)
            case HeartbeatAck():
                return self._acked(message, now)
            case Ping():
                return [Send(Pong())]
            case TokenInvalid(reason):
                return self._end(_("revoked: {reason}").format(reason=reason), refused=True)
            case Unknown(kind):
                return [Complain(_("frame of unknown type {kind!r}").format(kind=kind))]
            case Malformed(why, excerpt):
                text = _("unreadable frame ({why}): {excerpt}")
                return [Complain(text.format(why=why, excerpt=excerpt))]
            case _ if self.state is SessionState.AUTHENTICATING:
                text = _("{kind} before the greeting")
                return [Complain(text.format(kind=type(message).__name__))]
            case SuiteAssigned() | BadSuite():
                # A heartbeat before the suite's first log frame refreshes the platform's
                # stale view of its database (protocol.md 8.1).
                return [*self._beat(now, ACK_TIMEOUT), Deliver(message)]
            case _:
                return [Deliver(message)]

    def _greeted(self, welcome: Welcome, now: float) -> list[Action]:
        if self.state is SessionState.ONLINE:  # `auth_success` repeats `welcome`
            return []
        self.state = SessionState.ONLINE
        self._next_beat = now + self._heartbeat_every
        return [Greet(welcome), *self._beat(now, ACK_TIMEOUT)]

    def _acked(self, ack: HeartbeatAck, now: float) -> list[Action]:
        if not self._ack_by:
            return [Complain(_("heartbeat_ack without a heartbeat"))]
        self._ack_by.popleft()
        self.latency = now - self._sent_at.popleft()
        self.acks += 1
        return [Confirm(ack)]

    def _tick(self, now: float) -> list[Action]:
        if self.state is SessionState.AUTHENTICATING:
            if now < self._greet_by:
                return []
            return self._end(_("The platform took the connection but did not greet."))
        if self._ack_by and now >= min(self._ack_by):
            return self._end(_("The platform did not acknowledge a heartbeat in time."))
        if now < self._next_beat:
            return []
        # Counted from the plan, not from now, so that the beat does not drift.
        late = now - self._next_beat
        self._next_beat = now + self._heartbeat_every - late % self._heartbeat_every
        return self._beat(now, ACK_TIMEOUT)

    def _wake(self, now: float) -> list[Action]:
        """Ask whether the platform is still there; older heartbeats get the same limit."""
        if self.state is not SessionState.ONLINE:
            return []
        self._ack_by = deque(now + WAKE_ACK_TIMEOUT for _ in self._ack_by)
        return self._beat(now, WAKE_ACK_TIMEOUT)

    def _beat(self, now: float, timeout: float) -> list[Action]:
        self._ack_by.append(now + timeout)
        self._sent_at.append(now)
        return [Beat()]

    def _end(self, why: str, *, refused: bool = False) -> list[Action]:
        self.state = SessionState.ENDED
        return [End(why, refused)]
