"""What the agent lends to its page; plain callables, so that the page knows nobody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.effective import Effective
from app.host.recent import Sample
from app.journal.store import Store
from app.state import Request, Snapshot

WEB = Path(__file__).with_name("web")


class Checked(Protocol):
    """What became of a check or a save."""

    def body(self) -> dict[str, object]:
        """Return {environment, warnings}, or {problem: {field, cause, next_step}}."""


class Connecting(Protocol):
    """Checks a connection to a platform, and saves one that works; never raises AgentError."""

    async def check(self, server_url: str, token: str, work_dir: str) -> Checked:
        """Say whether it works; takes seconds."""

    async def save(self, server_url: str, token: str, work_dir: str) -> Checked:
        """Check again and save; the running agent takes it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardParts:
    """All of it is called inside the loop but what is said to block: that has its own thread."""

    snapshot: Callable[[], Snapshot]
    post: Callable[[Request], None]
    store: Store
    samples: Callable[[float], Sequence[Sample]]  # later than that moment (FactsSampler.recent)
    set_up: Callable[[], bool]  # address and token are known
    home: Path
    agent_log: Callable[[], Path | None]
    effective: Callable[[], Effective]  # the settings as they are now; blocks, ConfigError
    started: Effective  # those at the start; they count while those of now are wrong
    connecting: Connecting
    open_path: Callable[[Path], None]  # as a double click would; blocks, AgentError
    open_url: Callable[[str], None]  # in the user's browser; blocks, AgentError
    clock: Callable[[], float]  # epoch seconds
    headless: bool
    web: Path = WEB
