"""How this agent opens its connection: the mark first, the facts before anybody is greeted."""

import asyncio
from collections.abc import Awaitable, Callable

from app.agent.registration import Registration
from app.host.facts import FactsSampler
from app.link.transport import Transport

FIRST_SAMPLE = 0.1  # seconds that the first connection waits for facts to greet with


class Dial:
    """Opens one transport per call; raises what `open_link` raises."""

    def __init__(
        self,
        open_link: Callable[[], Awaitable[Transport]],
        registration: Registration,
        sampler: FactsSampler,
    ) -> None:
        self._open_link = open_link
        self._registration = registration
        self._sampler = sampler

    async def __call__(self) -> Transport:
        """Open a connection that may greet: there is a sample, or none will come soon."""
        await self._registration.begin()
        transport = await self._open_link()
        try:
            if self._sampler.sampled_at is None:
                await asyncio.to_thread(self._sampler.wait_first, FIRST_SAMPLE)
        except BaseException:
            transport.abort()
            raise
        return transport
