"""The programs under test, each with a platform of its own, and what is seen from there."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from app.demo.platform import DemoPlatform, Settings
from app.demo.record import Limits
from tests.benchmark.children import HERE

ROOT = HERE.parent.parent
P = TypeVar("P", bound="Program")
STOP_TIMEOUT = 5.0  # seconds for an end in order, then it is killed


@dataclass(slots=True)
class Tap:
    """Looks at every frame as the platform takes it; monotonic seconds."""

    last_log: dict[str, float] = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)
    watched: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def __call__(self, body: dict[str, Any]) -> bool:
        """Note when the frame came. (Nothing is poisoned.)"""
        task_id = body.get("task_id", "")
        if body["type"] == "task_log":
            self.last_log[task_id] = time.monotonic()
            if task_id in self.watched:
                self.watched[task_id].append((time.monotonic(), body["message"]))
        elif body["type"] == "task_result":
            self.results.setdefault(task_id, time.monotonic())
        return False


@dataclass(frozen=True, slots=True)
class Done:
    """One task, seen from the platform; monotonic seconds."""

    task_id: str
    sent_at: float
    result_at: float
    result: dict[str, Any]


class Program:
    """A running agent, ours or the bare one."""

    def __init__(self, command: list[str], environ: dict[str, str], said: Path) -> None:
        self.tap = Tap()
        self.platform = new_platform(self.tap)
        self.started_at = 0.0
        self._command = command
        self._environ = environ
        self._said = said
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start it, without waiting for anything."""
        values = {"URL": self.platform.url, "TOKEN": self.platform.token}
        environ = {name: text.format(**values) for name, text in self._environ.items()}
        command = [word.format(**values) for word in self._command]
        with self._said.open("ab") as said:
            self.started_at = time.monotonic()
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment() | environ, stdout=said, stderr=said
            )

    async def connected(self) -> float:
        """Wait until it is online; return when the platform accepted it, in seconds."""
        try:
            await self.platform.agent_online(timeout=30)
        except TimeoutError as late:
            raise RuntimeError(f"it did not connect; it said: {self.words()}") from late
        return self.platform.connected_at[-1]

    def words(self) -> str:
        """Return the last of what it said."""
        return self._said.read_text(encoding="utf-8", errors="replace")[-2000:]

    def new_task(self) -> str:
        """Return an id for a task."""
        return f"task-{next(self._numbers)}"

    async def run(self, command: list[str], limit: float = 120.0) -> Done:
        """Run one task to its end, within `limit` seconds."""
        task_id = self.new_task()
        await self.platform.send_task(task_id, command)
        return await self.done(task_id, limit)

    async def done(self, task_id: str, limit: float = 120.0) -> Done:
        """Wait for the end of a task that was sent."""
        try:
            result = await self.platform.result(task_id, timeout=limit)
        except TimeoutError as late:
            raise RuntimeError(f"{late}; it said: {self.words()}") from late
        sent_at = self.platform.sent_at[task_id]
        return Done(task_id, sent_at, self.tap.results[task_id], result)

    async def end(self) -> None:
        """Stop it: asked first, killed soon; what it still owes is lost with its folder."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)


def clean_environment() -> dict[str, str]:
    """Return our environment without settings for an agent, and with byte code as usual."""
    foreign = ("ATS_AGENT_", "PYTHONDONTWRITEBYTECODE")
    return {name: text for name, text in os.environ.items() if not name.startswith(foreign)}


def new_platform(tap: Tap) -> DemoPlatform:
    """Return a platform that counts and checks all it gets, and keeps no log."""
    platform = DemoPlatform(Settings(limits=Limits(keep_logs=False)))
    platform.poison_on(tap)  # asked about every frame, before anything is done with it
    return platform


class OurAgent(Program):
    """`python -m app` with a home of its own."""

    def __init__(self, home: Path, *, at_once: int = 1, beat: float = 5.0) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        command = [sys.executable, "-m", "app", "--headless", "--server-url", "{URL}"]
        settings = {
            "ATS_AGENT_TOKEN": "{TOKEN}",
            "ATS_AGENT_TASK_MAX_CONCURRENT": str(at_once),
            "ATS_AGENT_MONITOR_INTERVAL": str(beat),
        }
        super().__init__([*command, "--home", str(home)], settings, home / "said")

    def log_file(self, task_id: str) -> Path:
        """Where it writes the log of a task."""
        return self.home / "workspace" / "logs" / "tasks" / f"{task_id}.log"


class Floor(Program):
    """The bare agent of floor.py."""

    def __init__(self, home: Path, *, at_once: int = 1) -> None:
        home.mkdir(parents=True, exist_ok=True)
        program = [sys.executable, str(HERE / "floor.py"), "agent"]
        super().__init__([*program, "{URL}?token={TOKEN}", str(at_once)], {}, home / "said")


@asynccontextmanager
async def running(program: P) -> AsyncIterator[P]:
    """Start a program with its platform and wait until it is online; end both."""
    async with program.platform:
        program.launch()
        try:
            await program.connected()
            yield program
        finally:
            await program.end()
