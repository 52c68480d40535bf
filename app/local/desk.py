"""One suite through the agent's own machinery in a folder of its own, without a platform."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import JournalError, JournalUnusableError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.deps import JobDeps, JobLimits
from app.jobs.dispatcher import Dispatcher
from app.jobs.order import AtDesk, Order, suite_order
from app.jobs.process import install_child_watcher
from app.journal.journal import Journal
from app.journal.records import Target
from app.local.live import Live
from app.local.paint import Paint
from app.local.report import Report, read_report
from app.local.stop import Stop
from app.local.suite_file import SuiteFile
from app.protocol import codec
from app.protocol.messages import SuiteAssigned
from app.redaction import Redactor
from app.terminal import say

_HERE = Target("run-local", "run-local")
_EXECUTION = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskParts:
    """What a run needs beside its suite."""

    scratch: Path  # journal, log, checkout; nothing else is in it
    limits: JobLimits
    patterns: tuple[str, ...]  # of result files, where neither suite nor .ats.yml names any
    screenshots: bool
    paint: Paint
    redactor: Redactor
    git_token: str = field(repr=False)
    clock: Callable[[], float] = time.time


class Desk:
    """Runs one suite once."""

    def __init__(self, suite: SuiteFile, parts: DeskParts) -> None:
        self._suite = suite
        self._parts = parts

    async def run(self, stop: Stop) -> Report:
        """Run the suite, show its log meanwhile, return what became of it.

        Raises FatalError when the scratch folder or its journal cannot be used.
        """
        install_child_watcher()
        work_dir = WorkDir(self._parts.scratch / "work")
        await asyncio.to_thread(work_dir.prepare)
        path = self._parts.scratch / "journal.db"
        journal = await Journal.open(path, codec.encode, _complain, log_limit=0)
        try:
            return await self._run(journal, work_dir, stop)
        except JournalError as why:
            hint = _("Make room where temporary files are.")
            raise JournalUnusableError(str(why), hint) from why
        finally:
            await journal.close()

    async def _run(self, journal: Journal, work_dir: WorkDir, stop: Stop) -> Report:
        order = self._order()
        dispatcher = Dispatcher(self._deps(journal), max_concurrent=1)
        dispatcher.use_work_dir(work_dir)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(dispatcher.run(), name="jobs")
            stopping = tasks.create_task(self._stop_when_asked(dispatcher, stop), name="stop")
            await asyncio.sleep(0)  # until the dispatcher can start what it gets
            problem = await self._performed(journal, dispatcher, order)
            stopping.cancel()
            await dispatcher.stop(0.0)
        if problem is not None:
            raise problem
        return await self._report(journal, order)

    async def _performed(
        self, journal: Journal, dispatcher: Dispatcher, order: Order
    ) -> JournalError | None:
        """Run the suite to its end; an error is a value: the task group would wrap it."""
        try:
            await dispatcher.assign(order, _HERE)
            await self._show(journal, dispatcher, order)
        except JournalError as why:
            return why
        return None

    def _order(self) -> Order:
        suite = self._suite
        cases = sorted(suite.cases, key=lambda case: case.case_id)  # as the platform sends them
        assigned = SuiteAssigned(
            suite_id=suite.name,
            plan_id="",
            execution_id=_EXECUTION,
            command=suite.command,
            case_ids=tuple(case.case_id for case in cases),
            case_codes=tuple(case.code for case in cases),
            executor_id=_EXECUTION,
            git_repo_url=suite.git_url,
            git_branch=suite.git_branch,
            git_token=self._parts.git_token or None,
        )
        name = "" if cases else suite.name
        desk = AtDesk(folder=suite.folder, patterns=suite.results, every_test=name)
        return suite_order(assigned, desk)

    def _deps(self, journal: Journal) -> JobDeps:
        parts = self._parts
        return JobDeps(
            store=journal.store,
            outbox=journal.outbox,
            worker=journal.worker,
            limits=parts.limits,
            remark=lambda _job, _level, text: _complain(text),
            answer=lambda _item: None,
            on_change=journal.outbox.wake.set,
            clock=parts.clock,
            redactor=parts.redactor,
            result_patterns=parts.patterns,
            screenshots=parts.screenshots,
        )

    async def _show(self, journal: Journal, dispatcher: Dispatcher, order: Order) -> None:
        """Show the log until the job has ended; nothing waits for the terminal but this."""
        record = await journal.store.find(_HERE, order.job_id)
        if record is None:
            return
        live, changed = Live(record.log, self._parts.paint), journal.outbox.wake
        try:
            while dispatcher.busy:
                await changed.wait()
                changed.clear()
                await asyncio.to_thread(live.tell)
            await asyncio.to_thread(live.tell)
        except OSError as why:
            _complain(_("The log cannot be shown: {why}").format(why=why))
        finally:
            live.close()

    async def _stop_when_asked(self, dispatcher: Dispatcher, stop: Stop) -> None:
        await stop.asked.wait()
        grace = self._parts.limits.grace
        text = _("Stopping: the tests have {seconds:g} s to end; Ctrl+C again ends them at once.")
        async with asyncio.TaskGroup() as tasks:
            saying = asyncio.to_thread(_complain, text.format(seconds=grace))
            tasks.create_task(saying, name="say")
            hurry = tasks.create_task(_hurry(dispatcher, stop), name="hurry")
            await dispatcher.stop(grace)
            hurry.cancel()

    async def _report(self, journal: Journal, order: Order) -> Report:
        record = await journal.store.find(_HERE, order.job_id)
        if record is None or not record.state.ended:
            raise JournalError(_("The journal did not take the results."))
        return await read_report(journal.store, record, self._suite.cases)


async def _hurry(dispatcher: Dispatcher, stop: Stop) -> None:
    await stop.hurry.wait()
    await dispatcher.stop(0.0)


def _complain(text: str) -> None:
    say(text, error=True)
