"""Polite answers to what this version cannot do yet: suites and workspace requests.

Every execution_id needs its own completion or it blocks the node's slot for ever
(docs/protocol.md 0.3), so a refusal is owed through the journal like any result.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import JournalError
from app.host.paths import safe_name
from app.i18n import _
from app.journal.outbox import Outbox
from app.journal.records import Finish, JobKind, JobRecord, NewJob, OwedItem, OwedKind, Target
from app.journal.store import Store
from app.protocol.messages import (
    BadSuite,
    CancelSuite,
    Outgoing,
    SuiteAssigned,
    SuiteCompleted,
    WorkspaceAnswer,
    WorkspaceRequest,
)
from app.state import JobState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform is told about one execution."""

    suite_id: str
    execution_id: str
    status: str  # failed | cancelled
    why: str

    @property
    def completion(self) -> SuiteCompleted:
        """The frame without which the execution holds its slot for ever."""
        return SuiteCompleted(self.suite_id, self.execution_id, self.status, self.why)


class SuiteRefusal:
    """Refuses suites durably and workspace requests at once."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        say: Callable[[Outgoing], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._say = say
        self._clock = clock

    async def suite(self, suite: SuiteAssigned | BadSuite, target: Target, work_dir: Path) -> None:
        """Owe a log line with the reason and a `failed` completion."""
        if isinstance(suite, BadSuite):
            why = _("This test suite cannot be read: {why}.").format(why=suite.why)
        else:
            why = _("This version of the agent runs tasks, not test suites; please update it.")
        answer = Answer(suite.suite_id, suite.execution_id, "failed", why)
        await self._complete(answer, target, work_dir)

    async def cancel(self, cancel: CancelSuite, target: Target, work_dir: Path) -> None:
        """Owe a `cancelled` completion: without it the platform dispatches nothing more."""
        if cancel.execution_id is None:
            log.info("cancel of suite %s: nothing of it runs here", cancel.suite_id)
            return
        why = _("Nothing of this execution runs on this computer.")
        answer = Answer(cancel.suite_id, cancel.execution_id, "cancelled", why)
        await self._complete(answer, target, work_dir)

    def workspace(self, request: WorkspaceRequest) -> None:
        """Answer at once, within the platform's 10 s."""
        error = _("This version of the agent does not serve files.")
        self._say(WorkspaceAnswer(request.verb, request.request_id, success=False, error=error))

    async def recover(self, records: Sequence[JobRecord]) -> list[JobRecord]:
        """Owe what a crash left out: accepted executions without their completion.

        Returns those that cannot be stored yet: offer them again.
        """
        left = []
        for record in (record for record in records if record.kind is JobKind.SUITE):
            suite_id, _slash, execution_id = record.job_id.partition("/")
            answer = Answer(suite_id, execution_id, "failed", _("The agent was restarted."))
            try:
                await self._finish(record, answer)
            except JournalError as why:
                log.warning("execution %s cannot be completed: %s", execution_id, why)
                left.append(record)
        return left

    async def _complete(self, answer: Answer, target: Target, work_dir: Path) -> None:
        log.warning("suite %s, execution %s: %s", answer.suite_id, answer.execution_id, answer.why)
        job = NewJob(
            target=target,
            kind=JobKind.SUITE,
            job_id=f"{answer.suite_id}/{answer.execution_id}",
            name=safe_name(answer.execution_id),
            state=JobState.QUEUED,
            marker="",
            work_dir=work_dir,
            accepted_at=self._clock(),
        )
        record = await self._store.accept(job)
        if record is None:  # answered before: late and repeated completions are accepted (4.4)
            self._say(answer.completion)
            return
        self._outbox.open(record)
        await self._finish(record, answer)

    async def _finish(self, record: JobRecord, answer: Answer) -> None:
        ids = {"suite_id": answer.suite_id, "execution_id": answer.execution_id}
        items = [
            OwedItem(OwedKind.SUITE_LOG, {**ids, "text": answer.why, "level": "warning"}),
            OwedItem(
                OwedKind.SUITE_COMPLETED, {**ids, "status": answer.status, "message": answer.why}
            ),
        ]
        end = Finish(state=JobState.ERROR, log_end=0, items=items, now=self._clock())
        stored = await self._store.finish(record.key, end)
        self._outbox.finished(record.key, 0, stored)
