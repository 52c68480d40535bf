"""What the user wants of the agent: connected or not, paused or not; survives a restart."""

import asyncio
import logging

from app.errors import JournalError
from app.i18n import _
from app.journal.store import Store

log = logging.getLogger(__name__)

DISCONNECTED = "disconnected"  # names in the journal; there while the wish is held
PAUSED = "paused"


class Wishes:
    """The wishes, changed at once and written by `run` within milliseconds."""

    def __init__(self, store: Store, held: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._held = held
        self._written = held
        self._changed = asyncio.Event()

    @classmethod
    async def load(cls, store: Store) -> "Wishes":
        """Return what was wanted when an earlier agent ended; raises JournalError."""
        names = [name for name in (DISCONNECTED, PAUSED) if await store.get(name) is not None]
        return cls(store, frozenset(names))

    @property
    def wanted(self) -> bool:
        """The agent is to be connected."""
        return DISCONNECTED not in self._held

    @property
    def paused(self) -> bool:
        """Nothing new is to be started."""
        return PAUSED in self._held

    def want(self, *, connected: bool) -> None:
        """Wish to be connected or not."""
        self._hold(DISCONNECTED, held=not connected)

    def pause(self, *, paused: bool) -> None:
        """Wish to start nothing new, or end that wish."""
        self._hold(PAUSED, held=paused)

    async def run(self) -> None:
        """Write what changes, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.save()

    async def save(self) -> None:
        """Write what is not written yet; on a full disk the agent goes on without."""
        for name in self._held ^ self._written:
            try:
                await self._write(name)
            except JournalError as why:
                log.warning(_("the wish %r would not survive a restart: %s"), name, why)

    async def _write(self, name: str) -> None:
        if name in self._held:
            await self._store.put(name, "yes")
            self._written |= {name}
        else:
            self._store.forget(name)
            self._written -= {name}

    def _hold(self, name: str, *, held: bool) -> None:
        self._held = self._held | {name} if held else self._held - {name}
        self._changed.set()
