"""What the page "Connect this computer" asks of the agent; made when somebody asks first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from app.state import LinkState
from app.wiring.build import Bench, Parts

if TYPE_CHECKING:
    from app.agent.connecting import Connecting
    from app.agent.connection_check import CheckResult, InUse

_ATTEMPT = (LinkState.CONNECTING, LinkState.AUTHENTICATING)


class ConnectPage:
    """Checks and saves connections beside the agent's own; `saved` is called after a save."""

    def __init__(self, bench: Bench, parts: Parts, saved: Callable[[], None]) -> None:
        self._bench = bench
        self._parts = parts
        self._saved = saved
        self._making = asyncio.Lock()
        self._made: Connecting | None = None

    async def check(self, server_url: str, token: str, work_dir: str) -> "CheckResult":
        """Say whether it works."""
        return await (await self._connecting()).check(server_url, token, work_dir)

    async def save(self, server_url: str, token: str, work_dir: str) -> "CheckResult":
        """Check again and save."""
        return await (await self._connecting()).save(server_url, token, work_dir)

    async def _connecting(self) -> "Connecting":
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        return self._made

    def _make(self) -> "Connecting":
        # An agent that is set up and whose page nobody opens needs none of them.
        from app.agent.connecting import Connecting, ConnectingParts  # noqa: PLC0415 (see above)
        from app.agent.connection_check import CheckParts, ConnectionCheck  # noqa: PLC0415
        from app.host.saved_connection import ConnectionStore  # noqa: PLC0415

        home = self._bench.current.config.home
        check = CheckParts(
            home=home,
            in_use=self._in_use,
            hold=self._hold,
            lost_silently=self._parts.keeper.distrust,
        )
        return Connecting(
            ConnectingParts(
                check=ConnectionCheck(check),
                store=ConnectionStore.of(home, self._bench.environ),
                effective=self._bench.load,
                saved=self._saved,
            )
        )

    @asynccontextmanager
    async def _hold(self) -> AsyncIterator[None]:
        """Open no connection while this lasts; an attempt that is under way has ended first."""
        keeper = self._parts.keeper
        with keeper.held():
            while keeper.state in _ATTEMPT:  # noqa: ASYNC110 (its moves have no event)
                await asyncio.sleep(0.02)
            yield

    def _in_use(self) -> "InUse | None":
        from app.agent.connection_check import InUse  # noqa: PLC0415 (as above)

        config = self._bench.current.config
        online = self._parts.keeper.state is LinkState.ONLINE
        if not config.set_up:
            return None
        environment = self._parts.intake.environment if online else ""
        return InUse(config.server_url, config.token, environment)
