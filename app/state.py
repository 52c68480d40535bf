"""What the faces see (Snapshot) and ask for (Command); the states of link and job."""

from dataclasses import dataclass, field
from enum import Enum


class LinkState(Enum):
    """Where the connection to the platform stands."""

    STOPPED = "stopped"  # the user does not want it, or the agent ends
    CONNECTING = "connecting"  # a socket is being opened
    AUTHENTICATING = "authenticating"  # the socket is open, the platform has not greeted yet
    ONLINE = "online"  # greeted: heartbeats flow, work may come
    BACKING_OFF = "backing off"  # waiting before the next attempt
    REJECTED = "rejected"  # the token is refused; only the user can help


LINK_MOVES: frozenset[tuple[LinkState, LinkState]] = frozenset(
    {
        (LinkState.STOPPED, LinkState.CONNECTING),
        (LinkState.CONNECTING, LinkState.AUTHENTICATING),
        (LinkState.CONNECTING, LinkState.BACKING_OFF),
        (LinkState.CONNECTING, LinkState.REJECTED),
        (LinkState.CONNECTING, LinkState.STOPPED),
        (LinkState.AUTHENTICATING, LinkState.ONLINE),
        (LinkState.AUTHENTICATING, LinkState.BACKING_OFF),
        (LinkState.AUTHENTICATING, LinkState.REJECTED),
        (LinkState.AUTHENTICATING, LinkState.STOPPED),
        (LinkState.ONLINE, LinkState.BACKING_OFF),
        (LinkState.ONLINE, LinkState.REJECTED),
        (LinkState.ONLINE, LinkState.STOPPED),
        (LinkState.BACKING_OFF, LinkState.CONNECTING),
        (LinkState.BACKING_OFF, LinkState.STOPPED),
        (LinkState.REJECTED, LinkState.CONNECTING),
        (LinkState.REJECTED, LinkState.STOPPED),
    }
)


class JobState(Enum):
    """Where one job stands; the last six are ends."""

    QUEUED = "queued"  # accepted, waits for a free place
    PREPARING = "preparing"  # folder, log, checkout and command are being made ready
    RUNNING = "running"  # its process has been, or is just being, started
    STOPPING = "stopping"  # asked to end (cancel, timeout, quit); within its grace
    SUCCEEDED = "succeeded"  # ended with exit code 0
    FAILED = "failed"  # ended with another exit code
    CANCELLED = "cancelled"  # the platform cancelled it
    TIMED_OUT = "timed out"  # ran into its timeout
    ERROR = "error"  # could not be started, or the agent failed it
    INTERRUPTED = "interrupted"  # the agent ended or died before the job did

    @property
    def ended(self) -> bool:
        """True when the job will never change again."""
        return self in ENDED


ENDED = frozenset(
    {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.TIMED_OUT,
        JobState.ERROR,
        JobState.INTERRUPTED,
    }
)

_STOPPED_ENDS = {JobState.CANCELLED, JobState.TIMED_OUT, JobState.INTERRUPTED}
JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {JobState.PREPARING, JobState.CANCELLED, JobState.ERROR, JobState.INTERRUPTED}
    ),
    JobState.PREPARING: frozenset(
        {
            JobState.RUNNING,
            JobState.CANCELLED,
            JobState.TIMED_OUT,
            JobState.ERROR,
            JobState.INTERRUPTED,
        }
    ),
    JobState.RUNNING: frozenset(
        {
            JobState.STOPPING,
            JobState.SUCCEEDED,
            JobState.FAILED,
            JobState.ERROR,
            JobState.INTERRUPTED,
        }
    ),
    JobState.STOPPING: frozenset({*_STOPPED_ENDS, JobState.ERROR}),
    **{ended: frozenset() for ended in ENDED},
}


class Command(Enum):
    """What a face may ask of the running agent."""

    CONNECT = "connect"
    DISCONNECT = "disconnect"
    PAUSE = "pause"  # finish what runs, start nothing new
    RESUME = "resume"
    DRAIN = "drain"  # quit as soon as nothing runs any more; nothing new is started
    QUIT = "quit"  # orderly; a second one ends running jobs without their grace


@dataclass(frozen=True, slots=True)
class CancelJob:
    """End one job, as the platform could."""

    job_id: str


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Show the dashboard to the user, at one of its views ("" for the first)."""

    view: str = ""


@dataclass(frozen=True, slots=True)
class StartAtLogin:
    """Begin, or stop, to start the agent when this user logs in."""

    wanted: bool


Request = Command | CancelJob | OpenPage | StartAtLogin


@dataclass(frozen=True, slots=True)
class JobView:
    """One job as the faces see it; times in epoch seconds."""

    job_id: str
    state: JobState
    since: float  # of the last change of state
    kind: str = "task"  # or "suite"
    title: str = ""  # first line of the command, masked; "" when it is not known
    accepted_at: float = 0.0
    key: int = 0  # of the job in the journal

    @property
    def waiting(self) -> bool:
        """True while it has not begun."""
        return self.state is JobState.QUEUED


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """One job that has ended, as the faces tell of it."""

    key: int  # of the job in the journal
    job_id: str
    kind: str
    title: str  # as JobView's
    state: JobState
    at: float  # epoch seconds
    failed: int = 0  # cases of a suite that failed or could not run


@dataclass(frozen=True, slots=True)
class Program:
    """The running agent itself."""

    version: str = ""
    pid: int = 0
    started_at: float = 0.0  # epoch seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One immutable picture of the agent; replaced as a whole, never edited.

    Times are epoch seconds; 0.0 where there is nothing to time.
    """

    program: Program = field(default_factory=Program)
    wanted: bool = True  # the user's wish to be connected; survives a restart
    paused: bool = False  # the user's wish to start nothing new; survives a restart
    draining: bool = False  # it ends as soon as nothing runs any more
    link: LinkState = LinkState.STOPPED  # the fact
    link_since: float = 0.0  # when `link` became what it is
    latency: float | None = None  # seconds from the last acked heartbeat to its ack
    server_url: str = ""  # without the token
    environment: str = ""  # the platform's name for this computer, once known
    work_dir: str = ""
    jobs: tuple[JobView, ...] = field(default=())  # not ended, oldest first
    owed_bytes: int = 0  # log bytes that the platform has not confirmed
    problem: str = ""  # last problem with its next step, "" when none
    problem_at: float = 0.0  # when it was first seen
    ended: tuple[EndedJob, ...] = field(default=())  # the last few since the start, oldest first
    newcomer: bool = False  # this platform has greeted this computer for the first time ever
    autostart: bool | None = None  # starts at login; None: this system offers no such thing
    awake: bool = False  # this computer is being kept awake
    desktop: str = ""  # why a test could not use the desktop now, "" when it could
    disk_free: int | None = None  # bytes where the work folder is; None: not known
    disk_low: bool = False  # less than the user wants to be free
    exit_code: int | None = None  # set in the final snapshot only

    @property
    def running(self) -> int:
        """How many jobs have begun and not ended."""
        return len(self.jobs) - self.waiting

    @property
    def waiting(self) -> int:
        """How many jobs have not begun."""
        return sum(job.waiting for job in self.jobs)
