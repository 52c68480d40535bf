"""The floor: bare asyncio and websockets, a few dozen lines, nothing durable, nothing safe.

Run as a program: floor.py agent URL JOBS_AT_ONCE | send URL BYTES | pipe ARGV…
"""

import asyncio
import codecs
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PIECE = 65_536  # bytes read, and characters sent, at once
BEAT_EVERY = 5.0  # seconds
FACTS = {"node_ip": "127.0.0.1", "os_type": "Linux", "os_version": "", "cpu_info": {}}
HEARTBEAT = json.dumps({"type": "heartbeat", "data": {**FACTS, "memory_info": {}, "disk_info": {}}})


class BareAgent:
    """Runs what it is told, sends what it reads."""

    def __init__(self, socket: ClientConnection, at_once: int) -> None:
        self._socket = socket
        self._free = asyncio.Semaphore(at_once)
        self._pids: dict[str, int] = {}

    async def serve(self) -> None:
        """Take work until the connection ends."""
        async with asyncio.TaskGroup() as tasks:
            beat = tasks.create_task(self._beat(), name="heartbeats")
            async for frame in self._socket:
                message = json.loads(frame)
                if message["type"] == "task":
                    tasks.create_task(self._run(message), name=message["task_id"])
                elif message["type"] == "cancel_task":
                    self._cancel(message["task_id"])
            beat.cancel()

    async def _beat(self) -> None:
        while True:
            await self._socket.send(HEARTBEAT)
            await asyncio.sleep(BEAT_EVERY)

    def _cancel(self, task_id: str) -> None:
        if sys.platform != "win32":
            os.killpg(self._pids[task_id], signal.SIGTERM)

    async def _run(self, message: dict[str, Any]) -> None:
        task_id = message["task_id"]
        async with self._free:
            process = await start(message["command"])
            self._pids[task_id] = process.pid
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            assert process.stdout is not None
            while data := await process.stdout.read(PIECE):
                await self._say("task_log", task_id, level="info", message=decoder.decode(data))
            code = await process.wait()
        await self._say("task_result", task_id, status="success", exit_code=code)

    async def _say(self, kind: str, task_id: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, "task_id": task_id, **fields}))


async def start(command: list[str]) -> asyncio.subprocess.Process:
    """Start a child whose output is read in large pieces."""
    nothing = asyncio.subprocess.DEVNULL
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *command, stdin=nothing, stdout=pipe, start_new_session=True, limit=4 * PIECE
    )


async def agent(url: str, at_once: str) -> None:
    """Be a bare agent."""
    async with connect(url, compression=None) as socket:
        await BareAgent(socket, int(at_once)).serve()


async def send(url: str, size: str) -> None:
    """Send so many characters of log in 64 KiB frames, then wait for an ack: all were handled."""
    text = "\n".join(["x" * 79] * (PIECE // 80))
    body = {"type": "task_log", "task_id": "floor", "level": "info", "message": text}
    async with connect(url, compression=None) as socket:
        for _ in range(int(size) // len(text)):
            await socket.send(json.dumps(body))
        await socket.send(HEARTBEAT)
        async for frame in socket:
            if json.loads(frame)["type"] == "heartbeat_ack":
                return


async def pipe(*command: str) -> None:
    """Read all that a child prints; print bytes and seconds."""
    process = await start(list(command))
    assert process.stdout is not None
    size, began = 0, 0.0
    while data := await process.stdout.read(PIECE):
        began = began or time.monotonic()
        size += len(data)
    print(size, time.monotonic() - began)
    await process.wait()


MODES: dict[str, Callable[..., Awaitable[None]]] = {"agent": agent, "send": send, "pipe": pipe}


def use_cheap_watcher() -> None:
    """Before 3.12 asyncio would start a thread per child."""
    if sys.platform == "linux" and sys.version_info < (3, 12):
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.set_child_watcher(watcher)


async def main() -> None:
    """Do what the command line says."""
    use_cheap_watcher()
    await MODES[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    asyncio.run(main())
