"""One end of a page's WebSocket, without a browser: what it was told, in order."""

import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

Plain = dict[str, Any]


class Listener:
    """One open page; `seen` holds all that it was told, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Plain] = []
        self._number = 0

    async def hears(self, wanted: Callable[[Plain], Any]) -> Any:
        """Return the first truthy value of `wanted` for what has been or will be told."""
        place = 0
        while True:
            for message in self.seen[place:]:
                if found := wanted(message):
                    return found
            place = len(self.seen)
            self.seen.append(json.loads(await self.socket.recv()))

    async def answer(self, body: Plain) -> Plain:
        """Send a frame with a number of its own, and return the frame that answers it."""
        self._number += 1
        number = self._number
        await self.send({"id": number, **body})
        told: Plain = await self.hears(lambda m: m.get("id") == number and m)
        return told

    async def send(self, body: Plain) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(body))
