"""How a run came to its end, and what that says of cases that no test item belongs to."""

from dataclasses import dataclass, field
from enum import Enum

from app.i18n import _, marked
from app.jobs.results.findings import Findings
from app.jobs.results.items import Verdict


class Why(Enum):
    """How the run ended."""

    EXITED = "exited"  # with its exit code
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # the agent died or had to stop
    NOT_STARTED = "not started"  # checkout failed, no such program, refused


_WITHOUT_RESULT = {
    Why.TIMED_OUT: marked("the run timed out before this case had a result"),
    Why.CANCELLED: marked("the run was cancelled before this case had a result"),
    Why.INTERRUPTED: marked("the run was interrupted before this case had a result"),
    Why.NOT_STARTED: marked("the command could not be started"),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one run; `reason` is a person's text where the exit code does not say it."""

    why: Why
    exit_code: int | None = None
    reason: str = ""
    findings: Findings = field(default_factory=Findings)

    @property
    def went_well(self) -> bool:
        """Whether the command ended by itself with exit code 0."""
        return self.why is Why.EXITED and self.exit_code == 0


def reason_of(ending: Ending) -> str:
    """Return why a case without a result has none, for its error message."""
    if ending.why is Why.EXITED:
        text = _("process exited {code} before this case ran")
        return text.format(code=ending.exit_code)
    text = _(_WITHOUT_RESULT[ending.why])
    return f"{text}: {ending.reason}" if ending.reason else text


def command_verdict(ending: Ending) -> tuple[Verdict, str]:
    """Return verdict and message of the only case of a suite that writes no result file."""
    if ending.went_well:
        return Verdict.PASSED, ""
    text = _("the command exited {code}; it wrote no result file")
    return Verdict.FAILED, text.format(code=ending.exit_code)
