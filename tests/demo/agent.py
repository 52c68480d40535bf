"""A scripted agent: a raw WebSocket client that says exactly what a test wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from app.demo.joblog import PREFIX
from app.demo.platform import DemoPlatform, Settings
from app.demo.rows import Case
from app.demo.suites import Execution, Suite

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

    async def hears_of(self, kind: str) -> dict[str, Any]:
        """Return the next message of this type; what comes before is passed over."""
        while (message := await self.hears())["type"] != kind:
            pass
        return message

    async def fence(self) -> None:
        """Let the platform handle everything sent before, and freshen its view of its database."""
        await self.says(type="heartbeat", data=FACTS)
        await self.hears_of("heartbeat_ack")

    async def settle(self, platform: DemoPlatform) -> None:
        """Let the platform handle everything sent before; its view stays as it is."""
        before = len(platform.frames_of("pong"))
        await self.says(type="pong")
        await platform.wait_for(lambda: len(platform.frames_of("pong")) > before)

    async def reports(self, execution: Execution, message: Any, **fields: Any) -> None:
        """Send one piece of log of an execution."""
        await self.says(
            **{
                "type": "test_suite_log",
                "suite_id": execution.suite.id,
                "execution_id": execution.id,
                "message": message,
                **fields,
            }
        )

    async def rates(self, execution: Execution, case: Case, result: Any, **fields: Any) -> None:
        """Send the result of a case."""
        executor = execution.sent["executor_id"] if execution.sent else None
        await self.says(
            **{
                "type": "test_suite_result",
                "suite_id": execution.suite.id,
                "case_id": case.id,
                "result": result,
                "executor_id": executor,
                **fields,
            }
        )

    async def completes(self, execution: Execution, status: Any = "completed") -> None:
        """Send the completion of an execution."""
        await self.says(
            type="test_suite_completed",
            suite_id=execution.suite.id,
            execution_id=execution.id,
            status=status,
        )


class Clock:
    """The platform's clock, set by hand: 2026-11-22 12:00:00 in +08:00 at first."""

    def __init__(self) -> None:
        self.now = 1_795_320_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def at_work(
    clock: Clock | None = None, **settings: Any
) -> AsyncIterator[tuple[DemoPlatform, ScriptedAgent]]:
    """A platform with one agent that is online."""
    async with (
        DemoPlatform(Settings(**settings), clock or Clock()) as platform,
        connected(platform) as agent,
    ):
        await agent.beats()
        yield platform, agent


async def started(
    platform: DemoPlatform, agent: ScriptedAgent, *codes: str
) -> tuple[Suite, Execution]:
    """A suite with these cases, running: the agent has heard of it and sent a heartbeat."""
    suite = platform.create_suite("pytest", codes or ("000001", "000002"))
    execution = await suite.execute()
    await agent.hears_of("execute_test_suite")
    await agent.fence()
    return suite, execution


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
