"""What the page may ask for, decoded. Pure values."""

from dataclasses import dataclass, field

from app.state import CancelJob, Command, StartAtLogin

StreamName = int | str  # the page chooses it


@dataclass(frozen=True, slots=True)
class AskOpen:
    """Open one of our files for the user: "log", "work_folder" or "config"."""

    what: str


@dataclass(frozen=True, slots=True)
class AskFollow:
    """Send a log as it grows; `start` in bytes, negative: so many before its end."""

    stream: StreamName
    key: int | None  # of a job; None: agent.log
    start: int


@dataclass(frozen=True, slots=True)
class AskUnfollow:
    """Send no more of it."""

    stream: StreamName


@dataclass(frozen=True, slots=True)
class AskRead:
    """Return a piece of a log."""

    key: int | None
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class AskSearch:
    """Find the next place in a log."""

    key: int | None
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class AskHistory:
    """List jobs."""

    kind: str
    state: str
    text: str
    before: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class AskCases:
    """List the cases of a suite's execution."""

    key: int


@dataclass(frozen=True, slots=True)
class AskDisk:
    """Measure what is used."""


@dataclass(frozen=True, slots=True)
class AskSettings:
    """List the settings."""


@dataclass(frozen=True, slots=True)
class AskConfigRead:
    """Return the configuration file."""


@dataclass(frozen=True, slots=True)
class AskConfigCheck:
    """Check a text for it."""

    text: str


@dataclass(frozen=True, slots=True)
class AskConfigSave:
    """Check the text and put it into the file."""

    text: str


@dataclass(frozen=True, slots=True)
class AskCheck:
    """Check a connection; `save`: and save it if it works."""

    server_url: str
    token: str = field(repr=False)
    work_dir: str
    save: bool


@dataclass(frozen=True, slots=True)
class AskParse:
    """Take a pasted start command apart."""

    text: str = field(repr=False)


Ask = (
    Command
    | CancelJob
    | StartAtLogin
    | AskOpen
    | AskFollow
    | AskUnfollow
    | AskRead
    | AskSearch
    | AskHistory
    | AskCases
    | AskDisk
    | AskSettings
    | AskConfigRead
    | AskConfigCheck
    | AskConfigSave
    | AskCheck
    | AskParse
)
