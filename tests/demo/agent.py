"""A scripted agent: a raw WebSocket client that says exactly what a test wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from app.demo.joblog import PREFIX
from app.demo.platform import DemoPlatform

FACTS = {
    "node_ip": "127.0.0.1",
    "os_type": "Linux",
    "os_version": "6.1",
    "cpu_info": {"usage_percent": 1.0},
    "memory_info": {"total": 2048},
    "disk_info": {"total": 4096},
}


class ScriptedAgent:
    """One connection to the platform, past `welcome` and `auth_success`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def says(self, **message: Any) -> None:
        """Send one message."""
        await self.socket.send(json.dumps(message))

    async def hears(self) -> dict[str, Any]:
        """Return the next message."""
        message: dict[str, Any] = json.loads(await self.socket.recv())
        return message

    async def beats(self, **facts: Any) -> dict[str, Any]:
        """Send a heartbeat and return the answer."""
        await self.says(type="heartbeat", data={**FACTS, **facts})
        return await self.hears()

    async def logs(self, task_id: str, text: str, offset: int | None, level: str = "info") -> int:
        """Send one piece of log that ends its last line; return the next offset."""
        body = {"type": "task_log", "task_id": task_id, "level": level, "message": text}
        if offset is None:
            await self.says(**body)
            return 0
        await self.says(**body, offset=offset)
        return offset + len(text.encode()) + PREFIX * (text.count("\n") + 1) + 1


@asynccontextmanager
async def connected(
    platform: DemoPlatform, token: str | None = None
) -> AsyncIterator[ScriptedAgent]:
    """Connect and hear both greetings."""
    address = f"{platform.url}?token={token or platform.token}"
    async with connect(address, max_size=None, ping_interval=None) as socket:
        agent = ScriptedAgent(socket)
        assert (await agent.hears())["type"] == "welcome"
        assert (await agent.hears())["type"] == "auth_success"
        yield agent
