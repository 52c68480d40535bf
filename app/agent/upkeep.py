"""Housekeeping while the agent runs: adopted zombies, old jobs."""

import asyncio
import logging
import time
from collections.abc import Callable

from app.errors import JournalError
from app.host import containment
from app.i18n import _
from app.jobs.retention import Retention

log = logging.getLogger(__name__)

REAP_EVERY = 5.0  # seconds
TIDY_EVERY = 600.0  # seconds between two clean-ups of old jobs


class Upkeep:
    """Does the small regular duties; `run` never ends by itself."""

    def __init__(self, retention: Retention, clock: Callable[[], float] = time.time) -> None:
        self._retention = retention
        self._clock = clock

    async def run(self) -> None:
        """Reap and tidy, for ever."""
        rounds_per_tidy = round(TIDY_EVERY / REAP_EVERY)
        while True:
            await self._tidy_up()
            for _round in range(rounds_per_tidy):
                containment.reap()
                await asyncio.sleep(REAP_EVERY)

    async def _tidy_up(self) -> None:
        try:
            await self._retention.clean(self._clock())
        except JournalError as error:
            log.warning(_("old jobs could not be removed: %s"), error)
