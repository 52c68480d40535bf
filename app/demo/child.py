"""The agent of the demo: the real one, as a child process with its own home."""

import asyncio
import contextlib
import locale
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import app
from app.demo import players
from app.i18n import language

GRACE = 20.0  # seconds for an orderly end, the jobs' own grace included
KILL_LIMIT = 5.0  # seconds for the system to end a killed process
# Ctrl+C is for the demo alone: it ends the agent in its own order.
APART = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows; elsewhere a new session
ASK = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)


class AgentChild:
    """`ats-agent --headless`; what it says goes to `console` in its folder."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self.home = folder / "home"
        self.token_file = folder / "token"
        self._console = folder / "console.log"
        self.url = url
        self._token = token
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def command(self) -> list[str]:
        """The command line, without secrets."""
        flags = ["--server-url", self.url, "--token-file", str(self.token_file)]
        flags += ["--home", str(self.home), "--lang", language()]
        return [*players.agent(), "--headless", *flags]

    def start(self) -> None:
        """Start it. Raises OSError."""
        descriptor = os.open(self.token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(self._token + "\n")
        with self._console.open("wb") as console:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=Path(app.__file__).parents[1],
                env={k: v for k, v in os.environ.items() if not k.startswith("ATS_AGENT_")},
                start_new_session=True,
                creationflags=APART,
            )

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        if self._process is None:
            return 0
        return await asyncio.to_thread(self._process.wait)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Ask it to end; kill it after its grace, or at once when there is a `hurry`."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if not _asked(process):
            hurry.set()
        async with asyncio.TaskGroup() as waiting:
            end = waiting.create_task(self.ended(), name="the agent's end")
            rush = waiting.create_task(hurry.wait(), name="hurry")
            await asyncio.wait({end, rush}, timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
            rush.cancel()
            process.kill()
            await asyncio.wait({end}, timeout=KILL_LIMIT)
            end.cancel()

    def last_words(self, lines: int = 15) -> list[str]:
        """Return the end of what it said."""
        try:
            data = self._console.read_bytes()
        except OSError:
            return []
        text = data.decode(locale.getpreferredencoding(False), "replace")
        return text.splitlines()[-lines:]


def _asked(process: subprocess.Popen[bytes]) -> bool:
    """Ask for an orderly end; False when that cannot be delivered (no console on Windows)."""
    try:
        process.send_signal(ASK)
    except (OSError, SystemError):  # os.kill of CPython on Windows: both at once
        return False
    return True


@contextlib.asynccontextmanager
async def running(child: AgentChild, hurry: asyncio.Event) -> AsyncIterator[AgentChild]:
    """Run the agent for the length of an `async with`."""
    child.start()
    try:
        yield child
    finally:
        await child.stop(hurry)
