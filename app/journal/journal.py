"""The journal as a whole: its thread, its store and what is owed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.i18n import _
from app.journal.outbox import LOG_LIMIT, Outbox
from app.journal.store import Store
from app.journal.worker import Worker
from app.protocol.messages import Outgoing


@dataclass(frozen=True, slots=True)
class Journal:
    """Opened and closed as one."""

    worker: Worker
    store: Store
    outbox: Outbox

    @classmethod
    async def open(
        cls,
        path: Path,
        encode: Callable[[Outgoing], str],
        on_problem: Callable[[str], None],
        log_limit: int = LOG_LIMIT,
    ) -> "Journal":
        """Open the file at `path`, or begin it; take up what is owed.

        `log_limit`: bytes of log that one execution of a suite may send, 0 = any number.
        `on_problem` hears of a damaged predecessor and of whatever must be set aside.
        Raises FatalError when the file cannot be used.
        """
        worker = Worker()
        worker.start()
        store = await Store.open(path, worker)
        if store.moved_aside is not None:
            text = _("The journal was damaged; it was put aside as {path} and a new one begun.")
            on_problem(text.format(path=store.moved_aside))
        outbox = Outbox(store, worker, encode, on_problem)
        outbox.log_limit = log_limit
        await outbox.load()
        return cls(worker, store, outbox)

    async def close(self) -> None:
        """Write what is queued and close; bounded."""
        await self.store.close()
        await self.worker.stop()
