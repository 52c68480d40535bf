"""Settings that change while a real agent runs: in its file, by `login`, by a second start."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.demo.platform import DemoPlatform
from tests.integration.agents import ask_to_end, running_agent
from tests.integration.scripts import command
from tests.integration.test_control import WORDS, Done, ats, status, status_when, text_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(90)]


def environment() -> dict[str, str]:
    """This process's, without settings of the agent."""
    env = {key: text for key, text in os.environ.items() if not key.startswith("ATS_AGENT_")}
    return env | WORDS


@asynccontextmanager
async def bare_agent(home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """An agent that is told nothing but its home folder."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "--headless", "--home", str(home)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            ask_to_end(process, home)
        await process.wait()


async def login(home: Path, platform: DemoPlatform, token: str | None = None) -> Done:
    """`ats-agent login` with the token on its standard input."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "login", "--server-url", platform.url),
        *("--home", str(home)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
    )
    out, err = await process.communicate((token or platform.token).encode() + b"\n")
    return Done(process.returncode or 0, *map(text_of, (out, err)))


async def test_a_changed_file_is_taken_up_and_a_wrong_line_is_not(tmp_path: Path) -> None:
    """More jobs at once start as soon as the file says so; what is wrong is named and ignored."""
    home, gate = tmp_path / "home", tmp_path / "gate"
    home.mkdir()
    file = home / "config.yaml"
    async with DemoPlatform() as platform, running_agent(platform, home):
        for task in ("t1", "t2"):
            await platform.send_task(task, command(tmp_path, f"wait({str(gate)!r})"))
        await status_when(home, lambda now: (now["running"], now["waiting"]) == (1, 1))
        file.write_text("task:\n  max_concurrent: many\n", encoding="utf-8")
        wrong = await status_when(home, lambda now: now["problem"])
        assert f"{file}:2: task.max_concurrent" in wrong["problem"]["text"]
        assert wrong["running"] == 1
        file.write_text("task:\n  max_concurrent: 2\n", encoding="utf-8")
        right = await status_when(home, lambda now: now["running"] == 2)
        assert right["problem"] is None
        gate.touch()
        await status_when(home, lambda now: now["running"] == 0)


async def test_login_moves_a_running_agent_to_another_platform(tmp_path: Path) -> None:
    """It leaves the one in order and greets the other; its token is in no log."""
    home = tmp_path / "home"
    async with DemoPlatform() as one, DemoPlatform() as other:
        assert (await login(home, one)).code == 0
        async with bare_agent(home):
            await one.agent_online()
            refused = await login(home, other, "wrong-token-0123456789")
            assert refused.code == 3
            assert (await status(home))["server_url"] == one.url
            assert (await login(home, other)).code == 0
            await other.agent_online()
            now: Any = await status_when(home, lambda now: now["link"] == "online")
            assert now["server_url"] == other.url
            assert one.open_connections == 0
        texts = [path.read_text("utf-8", "replace") for path in home.rglob("*.log")]
        assert texts
        assert not any(other.token in text or one.token in text for text in texts)


async def test_without_a_connection_a_headless_start_says_what_to_do(tmp_path: Path) -> None:
    """Nobody could paste anything: one line, the exit code of a wrong setting."""
    done = await ats(tmp_path / "home", "--headless")
    assert done.code == 2
    assert "ats-agent login" in done.err
    assert len(done.err.splitlines()) == 1


async def test_the_page_has_an_address_that_works_once_it_is_asked_for(tmp_path: Path) -> None:
    """Also of an agent without a face; a second headless start is refused as ever."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform, running_agent(platform, home):
        done = await ats(home, "dashboard", "--link")
        assert done.code == 0
        assert done.out.startswith("http://127.0.0.1:")
        second = await ats(home, "--headless", "--server-url", platform.url, "--token", "x")
        assert second.code == 4
