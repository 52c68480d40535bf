"""Remembers, across a crash, that the platform may hold a connection of this agent."""

import logging

from app.errors import JournalError
from app.i18n import _
from app.journal.store import Store

log = logging.getLogger(__name__)

MARK = "registered"  # in the journal while a connection stands, or ended without a goodbye


class Registration:
    """A durable mark, set before a connection is opened, taken away after a goodbye."""

    def __init__(self, store: Store, *, haunted: bool) -> None:
        self.haunted = haunted  # the mark was there at the start: an agent died connected
        self._store = store
        self._marked = haunted

    async def begin(self) -> None:
        """A connection is about to be opened."""
        if self._marked:
            return
        try:
            await self._store.put(MARK, "yes")
        except JournalError as why:
            log.warning(_("a crash now would not be remembered: %s"), why)
        else:
            self._marked = True

    def end(self) -> None:
        """The platform holds no connection of ours any more."""
        self._store.forget(MARK)
        self._marked = False
