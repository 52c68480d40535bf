"""The way to whatever session there is, for parts that are built before the keeper."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from app.journal.records import OwedItem
from app.journal.stream import item_message
from app.link.keeper import Keeper
from app.protocol.messages import JobLog, Level, Outgoing


@dataclass(slots=True)
class Line:
    """Leads nowhere until `keeper` is set."""

    keeper: Keeper | None = None

    def say(self, message: Outgoing) -> None:
        """Send in the control lane; without a session nobody is there to hear it."""
        if self.keeper is not None and self.keeper.serving is not None:
            self.keeper.serving.say(message)

    def remark(self, job_id: str, level: Level, text: str) -> None:
        """Say something about a job that is not in its log."""
        now = datetime.now(UTC)  # noqa: TID251 (wiring knows the clock)
        self.say(JobLog(job_id, level, text, now))

    def answer(self, item: OwedItem) -> None:
        """Say once what the journal cannot keep."""
        if item.body is not None:
            self.say(item_message(item.kind, item.body, UTC, time.time()))

    def greeted(self) -> None:
        """Pass on that the platform greeted."""
        if self.keeper is not None:
            self.keeper.greeted()
