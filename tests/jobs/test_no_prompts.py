"""Nothing asks for a password while a job runs (app/jobs/no_prompts.py), with a real git."""

import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.jobs.no_prompts import NO_PROMPTS
from tests.jobs.conftest import open_room

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="other system: a shell script asks"),
    pytest.mark.skipif(shutil.which("git") is None, reason="other system: no git"),
]


class _Refusing(http.server.BaseHTTPRequestHandler):
    """A server that wants a password from everybody."""

    def do_GET(self) -> None:
        """Refuse."""
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """A repository that wants a password."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/repo.git"
        server.shutdown()
        thread.join()


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the desktop's program that asks notes when it is started; set up as KDE does it."""
    note = tmp_path / "asked"
    program = tmp_path / "askpass"
    program.write_text(f'#!/bin/sh\necho "$1" >>"{note}"\necho answer\n', encoding="utf-8")
    program.chmod(0o755)
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "prefer")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("DISPLAY", ":0")
    return note


async def test_git_fails_instead_of_asking(tmp_path: Path, asked: Path, address: str) -> None:
    """The desktop's window is not opened; the job's log says what was wanted."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["git", "ls-remote", address])
        result = await room.result("t1")
        assert result["status"] == "failed"
        assert "terminal prompts disabled" in result["output"]
    assert not asked.exists()


async def test_the_jobs_own_answer_counts(tmp_path: Path, asked: Path, address: str) -> None:
    """What the job names wins: a script that answers is no person who is asked."""
    async with open_room(tmp_path) as room:
        own = (("GIT_ASKPASS", str(tmp_path / "askpass")),)
        await room.assign("t1", ["git", "ls-remote", address], env_vars=own)
        assert (await room.result("t1"))["status"] == "failed"  # the server wants another one
    assert asked.read_text(encoding="utf-8").startswith("Username for 'http://127.0.0.1")


async def test_every_variable_reaches_the_job(tmp_path: Path) -> None:
    """Empty ones too: git and ssh tell them from those that are not set."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["env"])
        lines = (await room.result("t1"))["output"].splitlines()
    assert {f"{name}={value}" for name, value in NO_PROMPTS.items()} <= set(lines)
