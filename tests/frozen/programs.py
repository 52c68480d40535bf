"""The executables under test, and a running agent of one of them."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from app.demo.platform import DemoPlatform
from tests.fakes.panel import until

DIST = Path(__file__).parents[2] / "dist"
ONE_FILE, ONE_FOLDER = DIST / "ats-agent", DIST / "ats-agent-folder" / "ats-agent"
PROGRAMS = [
    pytest.param(ONE_FILE, id="one-file"),
    pytest.param(ONE_FOLDER, id="one-folder"),
]
END_LIMIT = 25.0  # seconds for an orderly end


def environment(temp: Path, **more: str) -> dict[str, str]:
    """Our environment, with a temporary folder of the test's own, no settings of the agent."""
    temp.mkdir(parents=True, exist_ok=True)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ATS_AGENT_")}
    return {**kept, "TMPDIR": str(temp), "ATS_AGENT_LANGUAGE": "en", **more}


def run(
    program: Path, *words: str, env: dict[str, str], limit: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [str(program), *words], env=env, capture_output=True, text=True, timeout=limit, check=False
    )


class Running:
    """A frozen agent with its family of processes."""

    def __init__(self, command: Iterable[str], env: dict[str, str]) -> None:
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed with it)
        self.process = subprocess.Popen(
            list(command),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
        )
        self.family: list[psutil.Process] = []

    def look(self) -> list[psutil.Process]:
        """Note and return who belongs to it now, the first process before the others."""
        first = psutil.Process(self.process.pid)
        self.family = [first, *first.children(recursive=True)]
        return self.family

    def kill(self) -> None:
        """Kill its first process as `kill -9` would."""
        self.process.kill()
        self.process.wait()

    def quit(self) -> int:
        """Ask it to end; return its exit code. Its log must not tell of a bug."""
        self.process.terminate()
        code = self.process.wait(END_LIMIT)
        self._said.seek(0)
        said = self._said.read()
        assert "Traceback" not in said, said
        return code

    def nobody_left(self) -> bool:
        """Tell whether all that `look` has seen are gone."""
        return not any(one.is_running() and one.status() != "zombie" for one in self.family)

    def clean_up(self) -> None:
        """Leave nothing of a test that failed."""
        for one in self.family:
            if one.is_running():
                one.kill()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._said.close()


@asynccontextmanager
async def online(
    program: Path, platform: DemoPlatform, folder: Path, **more: str
) -> AsyncIterator[Running]:
    """A headless agent of this program, online, with temporary folder `folder`/tmp."""
    flags = ["--headless", "--server-url", platform.url, "--home", str(folder / "home")]
    env = environment(folder / "tmp", ATS_AGENT_TOKEN=platform.token, **more)
    before = platform.connections
    agent = Running([str(program), *flags], env)
    try:
        await platform.agent_online(connections=before + 1)
        agent.look()
        yield agent
    finally:
        agent.clean_up()


async def all_gone(agent: Running) -> None:
    """Wait until its processes are gone."""
    await asyncio.to_thread(until, agent.nobody_left, "nobody is left", 20.0)


def unpacked(temp: Path) -> list[Path]:
    """The folders that one-file programs have unpacked there."""
    return sorted(temp.glob("_MEI*"))


def empty(folder: Path) -> None:
    """Delete what is in a folder, as cleaners of temporary folders do that ask nobody."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
