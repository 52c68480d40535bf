"""What a runner asks of the kind of job that it runs."""

from collections.abc import Sequence
from typing import Protocol

from app.host.paths import WorkDir
from app.jobs.bench import Bench
from app.jobs.folder import Workplace
from app.jobs.job import Outcome
from app.journal.records import CaseReport, OwedItem
from app.redaction import Redactor


class Work(Protocol):
    """One job's work; a task or a suite."""

    def secrets(self, redactor: Redactor) -> None:
        """Tell what of the order must never be shown."""

    def prepare(self, work_dir: WorkDir, name: str) -> Workplace:
        """Make the folders; raises NotRunnableError. Blocking, on the journal's thread."""

    async def perform(self, bench: Bench) -> Outcome:
        """Do the work; raises AgentError when it cannot be done as it was ordered."""

    def last_words(self, outcome: Outcome) -> list[str]:
        """Return the last lines of the log."""

    def failed(self, outcome: Outcome) -> int:
        """Return how many cases failed or could not run; at the end."""

    def reports(self, outcome: Outcome) -> Sequence[CaseReport]:
        """Return the results that are still owed; before the last words are written."""

    def items(self, outcome: Outcome, output: str, now: float) -> Sequence[OwedItem]:
        """Return the end that is owed; `output`: the excerpt of what was printed."""
