"""A browser's side of the page, without a browser: what it is told and what it asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect

from app.demo.page import DemoPage
from tests.fakes.listener import Listener, Plain


class Looker(Listener):
    """One open page of the demo."""

    async def calls(self, verb: str, **fields: Any) -> Plain:
        """Send a command and return its answer."""
        return await self.answer({"do": verb, **fields})

    async def says(self, **body: Any) -> None:
        """Send a command."""
        await self.send(body)

    async def run(self, state: str) -> Plain:
        """Return the first run that is told to be in this state."""
        run: Plain = await self.hears(
            lambda m: next((one for one in m.get("runs", ()) if one["state"] == state), None)
        )
        return run

    def lines(self, run: str) -> list[str]:
        """Return the log that the browser has for a run."""
        lines: list[str] = []
        for message in self.seen:
            if message["type"] == "log" and message["run"] == run:
                lines[message["start"] :] = [line[2] for line in message["lines"]]
        return lines


@asynccontextmanager
async def looking(page: DemoPage) -> AsyncIterator[Looker]:
    """Open the page's WebSocket as its own script does."""
    address = page.url.replace("http:", "ws:") + "socket"
    origin = "/".join(page.url.split("/")[:3])
    async with connect(address, additional_headers={"Origin": origin}, max_size=None) as socket:
        yield Looker(socket)
