"""A journal with suites in it, for the tests of how they are delivered."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.journal.outbox import LOG_LIMIT, Outbox
from app.journal.records import CaseReport, Finish, JobKind, JobRecord, NewJob, OwedItem, OwedKind
from app.journal.store import Store
from app.journal.worker import Worker
from app.protocol.codec import encode
from app.state import JobState
from tests.fakes.suites import Line, SuitePlatform
from tests.journal.kit import HERE, NOON, new_job

END = "测试套执行完成: 3 passed"  # the agent's own end phrase


def as_suite(new: NewJob) -> NewJob:
    """Return the same job as an execution, such as an older agent has stored it."""
    return replace(new, kind=JobKind.SUITE)


class SuiteDesk:
    """A store and an outbox, a platform and the line between them."""

    def __init__(self, store: Store, worker: Worker, folder: Path, limit: int = LOG_LIMIT) -> None:
        self.store, self.worker, self.folder, self.limit = store, worker, folder, limit
        self.problems: list[str] = []
        self.wall = NOON
        self.platform = SuitePlatform(limit or 10**9)
        self.line = Line(self.platform, HERE)
        self.outbox = self._outbox()
        self.open_logs: list[JobLog] = []

    def _outbox(self) -> Outbox:
        outbox = Outbox(self.store, self.worker, encode, self.problems.append, lambda: self.wall)
        outbox.log_limit = self.limit
        return outbox

    async def restart(self) -> None:
        """The agent dies and comes back."""
        self.line.cut()
        self.outbox = self._outbox()
        await self.outbox.load()

    def connect(self) -> None:
        """A session begins; nothing of it is answered yet."""
        self.line.opens(self.outbox)

    async def suite(self, suite_id: str = "suite", execution: str = "run-1") -> "LiveSuite":
        """Accept an execution; the platform knows it, its sessions may not."""
        self.platform.known.add(suite_id)
        ids = {"suite_id": suite_id, "execution_id": execution}
        new = replace(
            new_job(self.folder, f"{suite_id}/{execution}", execution),
            kind=JobKind.SUITE,
            details=ids,
            group=suite_id,
        )
        record = await self.store.accept(new)
        assert record is not None
        self.outbox.open(record)
        log = await self.worker.submit(JobLog.create_here, self.worker, record.log)
        self.open_logs.append(log)
        return LiveSuite(self, record, log, ids)


class LiveSuite:
    """An execution that prints, reports and ends."""

    def __init__(
        self, desk: SuiteDesk, record: JobRecord, log: JobLog, ids: dict[str, str]
    ) -> None:
        self.desk, self.record, self.log, self.ids = desk, record, log, ids
        self.writer = LineWriter()

    async def prints(self, text: str, kind: Kind = Kind.OUT, at: float = NOON) -> None:
        """Print; the outbox hears of it."""
        data = self.writer.write(text, kind, at)
        length = await self.log.append(data)
        self.desk.outbox.grew(self.record.key, length, data)

    def result(self, case: str, result: str = "passed", **fields: Any) -> CaseReport:
        """Return a report of one case."""
        body = {"suite_id": self.ids["suite_id"], "case_id": case, "result": result}
        item = OwedItem(OwedKind.CASE_RESULT, body | {"executor_id": "user"} | fields)
        return CaseReport(case, result, item)

    async def reports(self, *cases: str) -> None:
        """Report cases as passed."""
        stored = await self.desk.store.report(
            self.record.key, [self.result(case) for case in cases]
        )
        self.desk.outbox.owed(self.record.key, stored)

    async def ends(self, phrase: str = END, *late: str) -> None:
        """End with a phrase and a completion, after the results of some last cases."""
        await self.log.append(self.writer.close_line())
        said = OwedItem(OwedKind.SUITE_LOG, {**self.ids, "text": phrase, "at": NOON + 9})
        done = OwedItem(OwedKind.SUITE_COMPLETED, {**self.ids, "status": "completed"})
        reports = [self.result(case) for case in late]
        end = Finish(JobState.SUCCEEDED, self.log.length, [said, done], NOON + 9, reports)
        stored = await self.desk.store.finish(self.record.key, end)
        self.desk.outbox.finished(self.record.key, self.log.length, stored)
