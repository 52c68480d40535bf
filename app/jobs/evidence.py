"""Screenshots of what went wrong, in the job's folder, named after the case."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from app.errors import AgentError
from app.host.desktop import screenshot
from app.host.paths import safe_name
from app.i18n import _
from app.journal.lines import Kind

MOST = 50  # screenshots of one job
LIMIT = 5.0  # seconds that a job waits for one


class Remarks(Protocol):
    """Where it says what it did: the job's output."""

    def note(self, text: str, kind: Kind = Kind.NOTE) -> None:
        """Write a remark."""


class Evidence:
    """Takes screenshots where they are wanted; what cannot be taken is said once."""

    def __init__(
        self,
        folder: Path,
        output: Remarks,
        *,
        wanted: bool,
        grab: Callable[[Path], None] = screenshot,
    ) -> None:
        self._folder = folder / "evidence"
        self._output = output
        self._room = MOST if wanted else 0
        self._taken: set[str] = set()  # the first picture of a case shows what went wrong
        self._grab = grab

    async def take(self, name: str) -> None:
        """Take a screenshot named after `name`: a case's code, or what happened to the job."""
        if self._room <= 0 or name in self._taken:
            return
        self._room -= 1
        self._taken.add(name)
        path = self._folder / f"{safe_name(name)}.png"
        try:
            async with asyncio.timeout(LIMIT):
                await asyncio.to_thread(partial(self._grab, path))
        except (AgentError, OSError) as why:  # TimeoutError is an OSError
            self._room = 0
            text = _("No screenshots of this job: {why}")
            self._output.note(text.format(why=str(why) or _("it took too long")), Kind.WARN)
        else:
            self._output.note(_("Screenshot: {path}").format(path=path))
