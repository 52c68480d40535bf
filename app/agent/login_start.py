"""Start at login, as the faces switch it: the system is asked, and changed, in a thread."""

import asyncio
import logging
from collections.abc import Callable

from app.errors import AgentError
from app.host.autostart import Autostart
from app.i18n import _

log = logging.getLogger(__name__)


class LoginStart:
    """What the system does at the next login, as far as it was last seen.

    `on` is None while that is not known, and where the system offers nothing of the kind.
    """

    def __init__(self, system: Autostart | None, ring: Callable[[], None]) -> None:
        """`ring` is called when `on` may have changed."""
        self._system = system
        self._ring = ring
        self.on: bool | None = None

    async def run(self) -> None:
        """Look once; whoever changes it elsewhere is seen at the next start."""
        await self._look()

    async def switch(self, wanted: bool) -> None:
        """Switch it on or off; raises AgentError when the system does not let us."""
        if self._system is None:
            return
        try:
            change = self._system.install if wanted else self._system.remove
            await asyncio.to_thread(change)
        finally:
            await self._look()
        if wanted:
            log.info(_("the agent will start at login"))
        else:
            log.info(_("the agent will not start at login"))

    async def _look(self) -> None:
        if self._system is None:
            return
        try:
            self.on = (await asyncio.to_thread(self._system.state)).on
        except AgentError as why:
            log.warning("%s", why)
        self._ring()
