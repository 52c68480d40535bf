"""What every job needs of the rest of the agent, in one frozen object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.host.console import output_encodings
from app.host.desktop_state import DesktopState
from app.host.readiness import desktop_state
from app.journal.outbox import Outbox
from app.journal.records import OwedItem
from app.journal.store import Store
from app.journal.worker import Worker
from app.protocol.messages import Level
from app.redaction import Redactor


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Seconds and bytes; what one job may take."""

    task_timeout: float  # for a job that names no timeout of its own
    grace: float = 10.0  # from asking a process tree to end until it is killed
    held_pipes: float = 0.5  # reading pipes that others hold after the main process's end
    idle_timeout: float = 0.0  # without any output; 0: no limit
    max_log_bytes: int = 2**30  # of output in the log; of what follows the end is kept
    needs_timeout: float = 0.0  # that a suite waits for the desktop it needs; 0: it fails at once


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeps:
    """The journal, the limits and the ways to speak; `clock` gives epoch seconds."""

    store: Store
    outbox: Outbox
    worker: Worker
    limits: JobLimits
    remark: Callable[[str, Level, str], None]  # job id, level, text: a line that is no output
    answer: Callable[[OwedItem], None]  # a result that the journal cannot keep: said once
    on_change: Callable[[], None]  # the views are different now
    clock: Callable[[], float]
    on_folder_trouble: Callable[[], None] = lambda: None  # no log can begin in the work folder
    encodings: Sequence[str] = field(default_factory=output_encodings)
    redactor: Redactor = field(default_factory=Redactor)  # the agent's own secrets
    result_patterns: Sequence[str] = ()  # of suites without .ats.yml; empty: the usual names
    screenshots: bool = False  # when a case fails or a job times out
    desktop: Callable[[], DesktopState] = desktop_state  # looks now; blocks up to 2 s
    desktop_seen: Callable[[], DesktopState | None] = lambda: None  # a look of the last seconds
