"""A task: a command in a folder."""

from collections.abc import Sequence

from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.bench import Bench
from app.jobs.closing import task_items
from app.jobs.desktop import note_seen_desktop
from app.jobs.ending import last_words
from app.jobs.folder import Workplace, prepare
from app.jobs.job import Outcome, first_line
from app.journal.records import CaseReport, OwedItem
from app.protocol.messages import JobAssigned
from app.redaction import Redactor, looks_secret


class TaskWork:
    """Runs a task's command (app.jobs.work.Work)."""

    def __init__(self, assigned: JobAssigned) -> None:
        self._assigned = assigned

    def secrets(self, redactor: Redactor) -> None:
        """Hide the values of variables that are named like secrets."""
        for name, value in self._assigned.env_vars:
            if looks_secret(name):
                redactor.add(value)

    def prepare(self, work_dir: WorkDir, name: str) -> Workplace:
        """Make the task's folder and the one that it names."""
        return prepare(self._assigned, work_dir, name)

    async def perform(self, bench: Bench) -> Outcome:
        """Run the command."""
        place = bench.place
        command = self._assigned.command
        text = command if isinstance(command, str) else " ".join(command)
        line = first_line(bench.redactor.mask(text))
        bench.output.note(_("Task started: {line}").format(line=line))
        bench.output.note(_("Work dir: {path}").format(path=place.cwd))
        note_seen_desktop(bench)
        return await bench.run(place.argv, place.cwd, dict(self._assigned.env_vars))

    def last_words(self, outcome: Outcome) -> list[str]:
        """Say how it ended."""
        return [last_words(outcome)]

    def failed(self, outcome: Outcome) -> int:
        """Return 0: a task has no cases."""
        return 0

    def reports(self, outcome: Outcome) -> Sequence[CaseReport]:
        """Return nothing: a task has no cases."""
        return ()

    def items(self, outcome: Outcome, output: str, now: float) -> Sequence[OwedItem]:
        """Owe the `task_result`."""
        return task_items(self._assigned.job_id, outcome, output, now)
