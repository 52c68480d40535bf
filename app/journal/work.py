"""What the journal's thread is given to do, and what it needs of others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol


class Database(Protocol):
    """What the worker needs of the store; all is called on the worker's thread."""

    def begin(self, *, durable: bool) -> None:
        """Open a transaction; a durable one survives a power cut once committed."""

    def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Run one submission; when it fails, the transaction is to be rolled back."""

    def commit(self) -> None:
        """Make the batch lasting; JournalError when that fails, nothing is kept then."""

    def rollback(self) -> None:
        """Forget the transaction, if one is open."""


class Dirty(Protocol):
    """A file with bytes that are not synced yet."""

    length: int  # bytes that are safely in it

    @property
    def path(self) -> Path:
        """Which file it is."""

    def sync(self) -> None:
        """Make them lasting; OSError when that fails."""


class Lane(Enum):
    """Whether, and how lastingly, a piece of work is part of a transaction."""

    FILE = "file"  # no transaction
    LOG = "log"  # no transaction, and its waiter is told before the batch is committed
    AFTER = "after"  # no transaction, and the one before it is committed first
    COMMIT = "commit"  # in the batch's transaction; a power cut may lose it
    DURABLE = "durable"  # in the batch's transaction, synced


@dataclass(slots=True)
class Work:
    """One submission, and what came of it."""

    lane: Lane
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any] | None  # None: posted
    result: Any = field(default=None)
    error: BaseException | None = field(default=None)
    told: bool = field(default=False)  # its waiter knows
