"""Foreground, nohup, screen, tmux: the ways in which people start the agent without a display."""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.demo.platform import DemoPlatform

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(60)]


def agent_command(platform: DemoPlatform, home: Path) -> str:
    """The shell command of an agent with its token in a file."""
    token = home.parent / "token.txt"
    token.write_text(platform.token + "\n", encoding="utf-8")
    return shlex.join(
        [
            *(sys.executable, "-m", "app", "--server-url", platform.url),
            *("--token-file", str(token), "--home", str(home)),
        ]
    )


def pid_of(home: Path) -> int:
    """The pid that the agent noted in its home."""
    return int((home / "agent.lock").read_text(encoding="ascii").split()[0])


def end(home: Path) -> None:
    """Ask the agent of this home to end and wait for it."""
    agent = psutil.Process(pid_of(home))
    agent.terminate()
    agent.wait(15)


async def test_under_nohup_it_outlives_its_terminal(tmp_path: Path) -> None:
    """SIGHUP, which a closing terminal sends, does not end an agent started with nohup."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform:
        out = shlex.quote(str(tmp_path / "agent.out"))
        command = f"cd {Path.cwd()} && nohup {agent_command(platform, home)} >{out} 2>&1 &"
        subprocess.run(["/bin/sh", "-c", command], check=True, cwd=tmp_path)  # noqa: ASYNC221 (returns at once)
        await platform.agent_online()
        os.kill(pid_of(home), signal.Signals["SIGHUP"])
        await platform.send_task("t1", "echo still here")
        assert (await platform.result("t1"))["status"] == "success"
        await asyncio.to_thread(end, home)


async def test_in_tmux(tmp_path: Path) -> None:
    """A detached tmux session runs it; killing the session (SIGHUP) ends it in order."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    home, socket = tmp_path / "home", tmp_path / "tmux"
    async with DemoPlatform() as platform:
        tmux = ["tmux", "-S", str(socket)]
        start = [*tmux, "new-session", "-d", "-s", "ats", agent_command(platform, home)]
        subprocess.run(start, check=True)  # noqa: ASYNC221 (returns at once)
        await platform.agent_online()
        subprocess.run([*tmux, "kill-session", "-t", "ats"], check=True)  # noqa: ASYNC221 (as above)
        await platform.agent_gone(timeout=20)
        assert platform.closings[-1].code == 1000


async def test_in_screen(tmp_path: Path) -> None:
    """A detached screen runs it; quitting the screen ends it in order."""
    if shutil.which("screen") is None:
        pytest.skip("screen is not installed")
    home, folder = tmp_path / "home", tmp_path / "screens"
    folder.mkdir(mode=0o700)
    env = {**os.environ, "SCREENDIR": str(folder)}
    async with DemoPlatform() as platform:
        start = ["screen", "-dmS", "ats", *shlex.split(agent_command(platform, home))]
        subprocess.run(start, check=True, env=env)  # noqa: ASYNC221 (returns at once)
        await platform.agent_online()
        quit_it = ["screen", "-S", "ats", "-X", "quit"]
        subprocess.run(quit_it, check=True, env=env)  # noqa: ASYNC221 (as above)
        await platform.agent_gone(timeout=20)
        assert platform.closings[-1].code == 1000


async def test_ctrl_c_in_the_foreground_ends_in_order(tmp_path: Path) -> None:
    """Exit code 0, a clean goodbye, and not a word of a traceback."""
    home = tmp_path / "home"
    async with DemoPlatform() as platform:
        agent = subprocess.Popen(  # noqa: ASYNC220 (waited for below)
            shlex.split(agent_command(platform, home)), stderr=subprocess.PIPE, text=True
        )
        await platform.agent_online()
        agent.send_signal(signal.SIGINT)
        await platform.agent_gone(timeout=20)
        _out, err = agent.communicate(timeout=10)
        assert agent.returncode == 0
        assert platform.closings[-1].code == 1000
        assert "Traceback" not in err
