"""The agent's page: nothing until somebody wants to see it, then served until the agent ends."""

import asyncio
from typing import TYPE_CHECKING

from app.errors import NotDoneError
from app.i18n import _

if TYPE_CHECKING:
    from app.dashboard.hall import Hall
    from app.dashboard.parts import DashboardParts


class Dashboard:
    """A long-lived part of the agent: `run` it beside the others, then `show` it at any time."""

    def __init__(self, parts: "DashboardParts") -> None:
        self._parts = parts
        self._hall: Hall | None = None
        self._opening = asyncio.Lock()
        self._opened = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Serve from the first `open` on until it is cancelled; ends within seconds then."""
        try:
            await self._opened.wait()
            if self._hall is not None:
                await self._hall.run()
        finally:
            self._ended.set()
            if self._hall is not None:
                await self._hall.stop()

    async def open(self, view: str = "") -> str:
        """Return the page's address, at a view; it holds the secret, so it stays out of logs.

        NotDoneError when the page cannot be served.
        """
        return _at(view, (await self._served()).url)

    async def show(self, view: str = "") -> None:
        """Open the page in the user's browser; AgentError when that is not possible."""
        hall = await self._served()
        await asyncio.to_thread(self._parts.open_url, _at(view, hall.new_link()))

    def changed(self) -> None:
        """The snapshot is another one now; costs nothing while nobody looks."""
        if self._hall is not None:
            self._hall.changed()

    async def _served(self) -> "Hall":
        async with self._opening:
            if self._hall is None and not self._ended.is_set():
                hall = await self._new_hall()
                if self._ended.is_set():  # meanwhile
                    await hall.stop()
                else:
                    self._hall = hall
                    self._opened.set()
        if self._hall is None or self._ended.is_set():
            raise NotDoneError(_("The agent is just ending."))
        return self._hall

    async def _new_hall(self) -> "Hall":
        hall = await asyncio.to_thread(_load)
        try:
            return await hall.open(self._parts)
        except OSError as why:
            text = _("The page cannot be served: {why}.").format(why=why.strerror or why)
            raise NotDoneError(text) from why


def _load() -> "type[Hall]":
    """Import what serves; takes tens of milliseconds, so it is done in a thread."""
    from app.dashboard.hall import Hall  # noqa: PLC0415 (an idle agent needs no web server)

    return Hall


def _at(view: str, url: str) -> str:
    return f"{url}#{view}" if view else url
