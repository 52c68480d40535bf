"""`login` and `logout`, as a shell and a person at the terminal see them."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cli_login import run_login
from app.cli_parser import parse
from app.demo.platform import DemoPlatform
from app.errors import ConfigError
from app.exit_codes import ExitCode
from app.host.loading import load
from tests.control.conftest import served

ROOT = Path(__file__).parent.parent


class Shell:
    """A shell with a home folder of its own and texts to pipe in."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._monkeypatch = monkeypatch

    async def run(self, *argv: str, piped: str = "", beside: Path | None = None) -> int:
        """Run a command and return its exit code."""
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
        return await asyncio.to_thread(run_login, parse(argv), beside)

    @property
    def saved(self) -> dict[str, str]:
        """What is saved now."""
        path = self.home / "connection.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """No ATS_AGENT_* of the developer, a home of the test."""
    for name in os.environ:
        if name.startswith("ATS_AGENT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ATS_AGENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ATS_AGENT_KEYRING", "0")
    return Shell(tmp_path / "home", monkeypatch)


@pytest.fixture
async def platform() -> AsyncIterator[DemoPlatform]:
    """A platform with one environment."""
    async with DemoPlatform() as running:
        yield running


@pytest.mark.slow
async def test_piped_token(
    shell: Shell, platform: DemoPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checked, named, saved, and never shown."""
    assert await shell.run("login", "--server-url", platform.url, piped=platform.token + "\n") == 0
    out, err = capsys.readouterr()
    assert "Demo environment" in out
    assert "start it with `ats-agent`" in out
    assert platform.token not in out + err
    assert shell.saved == {"server_url": platform.url, "token": platform.token}
    assert load({}, os.environ).config().token == platform.token


async def test_piped_start_command(shell: Shell, platform: DemoPlatform) -> None:
    """The platform's own command is all it takes; a token file and a new work folder later on."""
    command = f"python agent.py --url='{platform.url}' --token='{platform.token}' --work_dir='W'"
    assert await shell.run("login", "--no-check", piped=command) == 0
    assert shell.saved == {
        "server_url": platform.url,
        "token": platform.token,
        "work_dir": "W",
    }
    token = shell.home / "token"
    token.write_text("T2\n", encoding="utf-8")
    assert await shell.run("login", "--no-check", "--token-file", str(token)) == 0
    assert shell.saved == {"server_url": platform.url, "token": "T2", "work_dir": "W"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"address": "ws://127.0.0.1:1"}, ExitCode.NOT_CONNECTED),
        ({"token": "wrong"}, ExitCode.TOKEN_REFUSED),
        ({"folder": f"{__file__}/x"}, ExitCode.FOLDER),
    ],
)
async def test_what_does_not_work_is_not_saved(
    shell: Shell,
    platform: DemoPlatform,
    capsys: pytest.CaptureFixture[str],
    wrong: dict[str, str],
    code: ExitCode,
) -> None:
    """Each cause has its exit code, and a next step."""
    said = {"address": platform.url, "token": platform.token, "folder": "", **wrong}
    flags = ("--server-url", said["address"], "--work-dir", said["folder"])
    assert await shell.run("login", *flags, piped=said["token"]) == code
    assert shell.saved == {}
    assert "Nothing was saved." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "piped", "words"),
    [
        (["login"], "s3cret", "address is missing"),
        (["login", "--server-url", "ftp://h"], "s3cret", "scheme"),
        (["login", "--server-url", "not an address"], "s3cret", "a space"),
        (["login", "--server-url", "ws://h"], "", "token is missing"),
        (["login", "--server-url", "ws://h"], "s3cret s3cret", "characters that no token has"),
        (["login", "--server-url", "ws://h", "--token-file", "/no/file"], "", "cannot be read"),
    ],
)
async def test_too_little_or_wrong_is_usage(
    shell: Shell, argv: list[str], piped: str, words: str
) -> None:
    """Nothing is sent, and what was piped in is not shown."""
    with pytest.raises(ConfigError) as caught:
        await shell.run(*argv, piped=piped)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.slow
async def test_what_wins_is_said(
    shell: Shell,
    platform: DemoPlatform,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A login without effect does not look like one with it."""
    monkeypatch.setenv("ATS_AGENT_TOKEN", "other")
    assert await shell.run("login", "--server-url", platform.url, piped=platform.token) == 0
    assert "environment ATS_AGENT_TOKEN says otherwise" in capsys.readouterr().err
    assert await shell.run("logout") == 0
    assert "A token is still given by environment ATS_AGENT_TOKEN" in capsys.readouterr().err
    assert shell.saved == {}


async def test_running_agent_is_not_disturbed(
    shell: Shell, platform: DemoPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is online with this token: no second connection is opened."""
    assert await shell.run("login", "--no-check", "--server-url", "h", piped=platform.token) == 0
    async with served(shell.home):
        assert await shell.run("login", "--server-url", platform.url, piped=platform.token) == 0
    out = capsys.readouterr().out
    assert "The running agent takes it up" in out
    assert "This computer is Lab" in out
    assert (platform.connections, platform.refusals) == (0, 1)
    assert shell.saved["server_url"] == platform.url


async def test_logout_repairs_anything(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file and wrong settings do not stop it; twice is no error."""
    shell.home.mkdir()
    (shell.home / "connection.json").write_text("{", encoding="utf-8")
    (shell.home / "config.yaml").write_text("task: [", encoding="utf-8")
    assert await shell.run("logout") == 0
    assert await shell.run("logout") == 0
    assert "Nothing was saved" in capsys.readouterr().out
    assert shell.saved == {}


@pytest.mark.slow
async def test_copied_program(
    shell: Shell, platform: DemoPlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It saves beside itself, and is set up where the file has all it takes."""
    monkeypatch.delenv("ATS_AGENT_HOME")
    file = tmp_path / "ats-agent.yaml"
    file.write_text("", encoding="utf-8")
    argv = ("login", "--server-url", platform.url)
    assert await shell.run(*argv, piped=platform.token, beside=tmp_path) == 0
    assert (tmp_path / "ats-agent-data" / "connection.json").exists()
    file.write_text(f"server: {{url: '{platform.url}'}}\ntoken: T2", encoding="utf-8")
    assert load({}, os.environ, tmp_path).config().token == "T2"
    assert await shell.run("logout", beside=tmp_path) == 0
    assert not (tmp_path / "ats-agent-data" / "connection.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="other system: a POSIX terminal")
async def test_a_person_at_a_terminal(shell: Shell, platform: DemoPlatform) -> None:
    """Address and token are asked for; the terminal shows the first and not the second."""
    if sys.platform != "win32":
        import pty  # noqa: PLC0415 (POSIX only)

        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "login",
            cwd=ROOT, env={**os.environ, "LANGUAGE": "en"},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        seen = await answered(
            ours, ["start command: ", "(not shown): "], [platform.url, platform.token]
        )
        assert await process.wait() == 0
        os.close(ours)
        assert platform.url in seen
        assert platform.token not in seen
        assert shell.saved["token"] == platform.token


async def answered(terminal: int, questions: list[str], answers: list[str]) -> str:
    """Answer each question; return all that the terminal showed."""
    seen = ""
    while True:
        try:
            seen += (await asyncio.to_thread(os.read, terminal, 4096)).decode()
        except OSError:  # Linux: the other end is closed
            return seen
        if questions and questions[0] in seen:
            os.write(terminal, answers.pop(0).encode() + b"\n")
            questions.pop(0)
