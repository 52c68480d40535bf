"""A real agent as a child process, for tests that kill it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from app.control.client import Agent
from app.demo.platform import DemoPlatform
from app.state import Command

START_TIMEOUT = 30.0  # seconds until it is online: under Wine an interpreter takes its time
END_TIMEOUT = 25.0  # seconds for an orderly end: the jobs' grace and the flush included


def ask_to_end(process: asyncio.subprocess.Process, home: Path) -> None:
    """Send SIGTERM; on Windows, where nothing like it reaches a process, do as `ats-agent stop`."""
    if sys.platform == "win32":
        with Agent(home) as agent:
            agent.ask(Command.QUIT)
    else:
        process.send_signal(signal.SIGTERM)


class AgentProcess:
    """`python -m app` with its own home; started again it finds its journal."""

    program: tuple[str, ...] = ("-m", "app")  # after the name of the interpreter

    def __init__(self, platform: DemoPlatform, home: Path, *flags: str, face: bool = False) -> None:
        self.home = home
        self._flags = flags if face else ("--headless", *flags)
        self._url = platform.url
        self._token = platform.token
        self._process: asyncio.subprocess.Process | None = None
        self.output = ""

    @property
    def pid(self) -> int:
        """The agent's process id."""
        return self._running.pid

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def start(self, **environ: str) -> None:
        """Start it; the token goes through the environment."""
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ATS_AGENT_")},
            "ATS_AGENT_TOKEN": self._token,
            "ATS_AGENT_LANGUAGE": "en",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONWARNINGS": "error",
            "PYTHONASYNCIODEBUG": "1",
            **environ,
        }
        flags = ("--server-url", self._url, "--home", str(self.home), *self._flags)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.program,
            *flags,
            env=env,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )

    async def ended(self) -> int:
        """Wait for its end and return the exit code; `output` then holds what it said."""
        async with asyncio.timeout(END_TIMEOUT):
            _out, err = await self._running.communicate()
        self.output += err.decode("utf-8", "replace")
        code = self._running.returncode
        assert code is not None
        return code

    def ask_to_end(self) -> None:
        """Ask it to end in order and wait for nothing."""
        ask_to_end(self._running, self.home)

    async def stop(self) -> int:
        """Ask it to end in order, and wait for that."""
        self.ask_to_end()
        return await self.ended()

    async def kill(self) -> None:
        """End it as a crash would: nothing of it gets a last word."""
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            self._running.kill()
        await self.ended()

    @property
    def log(self) -> str:
        """Everything in its agent.log files."""
        files = sorted(self.home.rglob("agent.log*"))
        return "\n".join(file.read_text(encoding="utf-8") for file in files)


@contextlib.asynccontextmanager
async def running_agent(
    platform: DemoPlatform, home: Path, *flags: str
) -> AsyncIterator[AgentProcess]:
    """An agent that is online; killed at the end if the test did not end it."""
    agent = AgentProcess(platform, home, *flags)
    before = platform.connections
    await agent.start()
    try:
        await _comes_online(agent, platform, before + 1)
        yield agent
    finally:
        if agent._running.returncode is None:
            await agent.kill()


async def _comes_online(agent: AgentProcess, platform: DemoPlatform, connections: int) -> None:
    """Wait for it; an agent that does not come tells in the error what it did instead."""
    try:
        await platform.agent_online(START_TIMEOUT, connections)
    except TimeoutError as silence:
        await agent.kill()
        silence.add_note(f"its stderr:\n{agent.output}\nthe end of its log:\n{agent.log[-4000:]}")
        raise


async def appears(file: Path) -> None:
    """Wait until a file exists (another program makes it, so there is no event)."""
    async with asyncio.timeout(10):
        while not file.exists():  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.02)


async def vanishes(path: Path) -> None:
    """Wait until a file or folder is gone (as above)."""
    async with asyncio.timeout(10):
        while path.exists():  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.02)
