"""A browser's side of the page, without a browser: what it is told and what it asks."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from app.demo.page import DemoPage

Plain = dict[str, Any]


class Looker:
    """One open page; `seen` holds all that it was told, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.seen: list[Plain] = []
        self._socket = socket
        self._number = 0

    async def hears(self, wanted: Callable[[Plain], Any]) -> Any:
        """Return the first truthy value of `wanted` for what has been or will be told."""
        place = 0
        while True:
            for message in self.seen[place:]:
                if found := wanted(message):
                    return found
            place = len(self.seen)
            self.seen.append(json.loads(await self._socket.recv()))

    async def calls(self, verb: str, **fields: Any) -> Plain:
        """Send a command and return its answer."""
        self._number += 1
        number = self._number
        await self.says(id=number, do=verb, **fields)
        answer: Plain = await self.hears(lambda m: m.get("id") == number and m)
        return answer

    async def says(self, **body: Any) -> None:
        """Send a command."""
        await self._socket.send(json.dumps(body))

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
