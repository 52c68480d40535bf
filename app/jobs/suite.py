"""A suite: a checkout, a command, one result per case, reported while it runs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.errors import AgentError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.ats_yml import AtsYml, read_ats_yml
from app.jobs.bench import Bench
from app.jobs.case_files import remember_codes, remembered_codes, write_case_file
from app.jobs.cases import CaseBook, CasesEnd
from app.jobs.closing import case_line, case_reports, ending_of, suite_items, suite_words
from app.jobs.collector import Collector
from app.jobs.desktop import note_desktop, wait_for_desktop
from app.jobs.every_test import EveryTestBook
from app.jobs.folder import Workplace, command_line, prepare_suite
from app.jobs.git import GitBench, GitLimits, GitSource, checkout, secrets_of
from app.jobs.job import Outcome, first_line, stopped_outcome
from app.jobs.order import Order
from app.jobs.reporter import Reporter
from app.jobs.supervision import stop_reason
from app.journal.lines import Kind
from app.journal.records import CaseReport, OwedItem
from app.protocol.messages import SuiteAssigned
from app.redaction import Redactor
from app.state import JobState


class SuiteWork:
    """Runs one execution of a suite (app.jobs.work.Work)."""

    def __init__(self, order: Order, assigned: SuiteAssigned) -> None:
        self._order = order
        self._assigned = assigned
        self._book = self._new_book({})
        self._reporter: Reporter | None = None
        self._end: CasesEnd | None = None

    def secrets(self, redactor: Redactor) -> None:
        """Hide the git token, and a password in the repository's address."""
        redactor.add(self._assigned.git_token or "")
        source = self._source
        for secret in () if source is None else secrets_of(source):
            redactor.add(secret)

    def prepare(self, work_dir: WorkDir, name: str) -> Workplace:
        """Make the suite's folder and this execution's own."""
        return prepare_suite(self._assigned.suite_id, work_dir, name)

    async def perform(self, bench: Bench) -> Outcome:
        """Check out, run, collect; a failed case fails the suite whatever the exit code."""
        await note_desktop(bench)
        cwd = await self._checkout(bench)
        if isinstance(cwd, Outcome):
            return cwd
        yml = await asyncio.to_thread(read_ats_yml, cwd)
        for warning in yml.warnings:
            bench.output.note(warning, Kind.WARN)
        await self._write_cases(bench, cwd)
        ended = await wait_for_desktop(bench, yml.needs)
        return ended or await self._run(bench, cwd, yml)

    def last_words(self, outcome: Outcome) -> list[str]:
        """Say what is to be said of the cases, and how the suite ended."""
        cases = self._cases_end(outcome)
        lines = [case_line(self._book.code_of(one.case_id), one) for one in cases.results]
        return [*lines, *cases.remarks, suite_words(outcome, cases)]

    def failed(self, outcome: Outcome) -> int:
        """Count the cases that failed or could not run."""
        counts = self._cases_end(outcome).counts
        return counts.failed + counts.error

    def reports(self, outcome: Outcome) -> Sequence[CaseReport]:
        """Owe the rest of the results."""
        rest = case_reports(self._order.details, self._cases_end(outcome).results)
        unstored = self._reporter.unstored if self._reporter is not None else []
        return [*unstored, *rest]

    def items(self, outcome: Outcome, output: str, now: float) -> Sequence[OwedItem]:
        """Owe the end phrase and the completion."""
        return suite_items(self._order.details, outcome, self._cases_end(outcome), now)

    # ------------------------------------------------------------------------- checkout

    @property
    def _source(self) -> GitSource | None:
        suite = self._assigned
        if not suite.git_repo_url:
            return None
        return GitSource(suite.git_repo_url, suite.git_branch, suite.git_token)

    async def _checkout(self, bench: Bench) -> Path | Outcome:
        """Return where the command runs, or how the job ended before it could."""
        source, folder = self._source, bench.place.cwd
        if source is None:
            desk = self._order.at_desk
            folder = desk.folder if desk else folder
            bench.output.note(_("No repository is configured; folder: {path}").format(path=folder))
            return folder
        tools = GitBench(
            cache=WorkDir(bench.job.record.work_dir).cache / "git",
            marker=bench.job.record.marker,
            say=bench.output.note,
            limits=GitLimits(whole=bench.limits.task_timeout + 1),  # the wait below is shorter
        )
        try:
            async with asyncio.timeout(bench.deps.limits.task_timeout) as limit:
                with bench.job.interruptible(limit):
                    await checkout(source, folder / "repo", tools)
        except TimeoutError:
            return self._stopped_early(bench)
        if bench.job.stop_wanted is not None:
            return self._stopped_early(bench)
        return folder / "repo"

    def _stopped_early(self, bench: Bench) -> Outcome:
        why = bench.job.stop_wanted or JobState.TIMED_OUT
        text = _("The checkout took longer than {seconds:g} s.")
        if why is not JobState.TIMED_OUT:
            text = stop_reason(why, bench.job)
        text = text.format(seconds=bench.deps.limits.task_timeout)
        bench.output.note(text, Kind.WARN)
        return stopped_outcome(why, None, 0.0, text)

    # ----------------------------------------------------------------------------- cases

    async def _write_cases(self, bench: Bench, cwd: Path) -> None:
        """Tell the test framework which cases to run (protocol.md 9)."""
        suite, folder = self._assigned, bench.place.cwd
        remembered = await asyncio.to_thread(remembered_codes, folder)
        self._book = self._new_book(remembered)
        if isinstance(self._book, EveryTestBook):
            return  # nobody named any case: a list that is there stays as it is
        written = await asyncio.to_thread(write_case_file, cwd, suite, self._book.codes)
        if written.path is not None:
            bench.output.note(_("Case list: {path}").format(path=written.path))
        elif written.remark:
            bench.output.note(written.remark)

    def _new_book(self, remembered: Mapping[str, str]) -> CaseBook:
        desk = self._order.at_desk
        if desk is not None and desk.every_test:
            return EveryTestBook(desk.every_test)
        return CaseBook(self._assigned.case_ids, self._assigned.case_codes, remembered)

    async def _run(self, bench: Bench, cwd: Path, yml: AtsYml) -> Outcome:
        """Run the command and report results meanwhile."""
        suite, place, desk = self._assigned, bench.place, self._order.at_desk
        wished = (desk.patterns if desk else ()) or yml.results
        mask = bench.redactor.mask
        collector = Collector(cwd, wished or bench.deps.result_patterns, mask=mask)
        await asyncio.to_thread(collector.note_old)
        argv = await asyncio.to_thread(command_line, suite.command, place.own, cwd)
        if bench.job.stop_wanted is not None:
            return self._stopped_early(bench)
        line = first_line(bench.redactor.mask(suite.command))
        bench.output.note(_("Suite started: {line}").format(line=line))
        self._reporter = reporter = Reporter(bench, self._book, collector)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reporter.watch(), name=f"results of {self._order.job_id}")
            tasks.create_task(reporter.photograph(), name=f"pictures of {self._order.job_id}")
            outcome = await _outcome(bench, argv, cwd)
            reporter.stop()
        findings = await reporter.finish()
        await asyncio.to_thread(remember_codes, place.cwd, self._book.learned)
        end = self._book.end(ending_of(outcome, findings))
        self._end = replace(end, results=tuple(reporter.masked(end.results)))
        return _judged(outcome, self._end)

    def _cases_end(self, outcome: Outcome) -> CasesEnd:
        """Return what became of the cases; of a suite that never ran, that nothing did."""
        if self._end is None:
            self._end = self._book.end(ending_of(outcome))
        return self._end


async def _outcome(bench: Bench, argv: list[str], cwd: Path) -> Outcome:
    """Run the command; what keeps it from starting is a value: a task group would wrap it."""
    try:
        return await bench.run(argv, cwd, {})
    except AgentError as why:
        return Outcome(JobState.ERROR, error=bench.redactor.mask(str(why)))


def _judged(outcome: Outcome, cases: CasesEnd) -> Outcome:
    """Return the outcome of the suite: exit code 0 is not enough (protocol.md 0.4)."""
    if outcome.state is not JobState.SUCCEEDED or cases.ok:
        return outcome
    return replace(outcome, state=JobState.FAILED, error=cases.reason)
