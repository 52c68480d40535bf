"""`python -m app.demo` from outside: the real agent, the sample job, the exit code."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import app

ROOT = Path(app.__file__).parents[1]
POSIX = pytest.mark.skipif(os.name != "posix", reason="other system: sends Ctrl+C as a signal")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which all temporary folders are in tmp_path."""
    return {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "PYTHONUTF8": "1"}


@contextmanager
def demo(environ: dict[str, str], *flags: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo; whatever the test does, it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app.demo", *flags],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


def said_until(process: subprocess.Popen[str], words: str) -> str:
    """Read its output until these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def agent_is_gone(said: str) -> bool:
    """Tell whether the agent that the demo has named is gone."""
    pid = int(re.findall(r"process (\d+)", said)[0])
    try:
        os.kill(pid, 0)
    except OSError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(60)
def test_once(environ: dict[str, str], tmp_path: Path) -> None:
    """`--once` shows connection, log and result, exits with 0 and leaves nothing behind."""
    with demo(environ, "--once") as process:
        said, _ = process.communicate(timeout=50)
    assert process.returncode == 0, said
    for words in ("Online as", "memory", "8 passed, 0 failed (全部通过)", "success, exit code 0"):
        assert words in said
    assert "complete" in said
    assert said.index("Results:") > said.index("success, exit code 0")
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(60)
@POSIX
@pytest.mark.parametrize("moment", ["agent is starting", "2/8", "stays connected"])
def test_ctrl_c(moment: str, environ: dict[str, str], tmp_path: Path) -> None:
    """Ctrl+C at any moment ends agent and platform in order, without a traceback."""
    with demo(environ) as process:
        said = said_until(process, moment)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said + rest
    assert "Traceback" not in rest
    assert agent_is_gone(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_an_impossible_port(port: str, environ: dict[str, str], tmp_path: Path) -> None:
    """It is refused before anything starts."""
    with demo(environ, "--once", f"--port={port}") as process:
        said, _ = process.communicate(timeout=15)
    assert process.returncode == 2
    assert "expected a number from 0 to 65535" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_port_taken(environ: dict[str, str], tmp_path: Path) -> None:
    """A port that somebody else has is one line and exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with demo(environ, "--once", "--port", port) as process:
            said, _ = process.communicate(timeout=15)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
