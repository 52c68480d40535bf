"""Which platforms have greeted this computer before; survives a restart."""

import logging

from app.errors import JournalError
from app.i18n import _
from app.journal.records import Target
from app.journal.store import Store

log = logging.getLogger(__name__)


class Acquaintances:
    """Remembers each environment that has greeted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def meet(self, target: Target) -> bool:
        """Remember `target`; True when it greets for the first time ever."""
        name = f"met {target.server} {target.environment_id}"
        try:
            known = await self._store.get(name) is not None
            if not known:
                await self._store.put(name, "yes")
        except JournalError as why:
            log.warning(_("the platform will seem new after a restart: %s"), why)
            return False
        return not known
