"""Watches the desktop, so that a job's log and the faces can tell of it without a look."""

import asyncio
import logging
from collections.abc import Callable

from app.host.desktop_state import DesktopState, describe, obstacle
from app.host.display import has_display
from app.host.readiness import desktop_state

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds


class DesktopWatch:
    """Looks now and then; `run` never ends by itself where there may be a desktop.

    `changed` is called when the words are different; `seen` and `words` cost nothing.
    """

    def __init__(
        self,
        changed: Callable[[], None],
        *,
        look: Callable[[], DesktopState] = desktop_state,
        present: Callable[[], bool] = has_display,
    ) -> None:
        self._changed = changed
        self._look = look
        self._present = present
        self._seen: DesktopState | None = None

    def seen(self) -> DesktopState | None:
        """Return what the last look found; None before the first, and where nobody looks."""
        return self._seen

    @property
    def words(self) -> str:
        """Why a test could not use the desktop now (Snapshot.desktop), "" when it could."""
        return "" if self._seen is None else obstacle(self._seen)

    async def run(self) -> None:
        """Look in a thread, for ever; without a display there is nothing to do."""
        while self._present():
            self._take(await asyncio.to_thread(self._look))
            await asyncio.sleep(LOOK_EVERY)

    def _take(self, state: DesktopState) -> None:
        before, words = self._seen, self.words
        self._seen = state
        if state != before:
            log.info("%s", describe(state))
        if self.words != words:
            self._changed()
