"""Flags, sub-commands, help and exit codes, as a shell sees them."""

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import cli_control
from app.cli import main
from app.cli_parser import parse
from app.errors import ConfigError
from app.exit_codes import ExitCode

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ATS_AGENT_* of the developer, a home of the test, English texts."""
    for name in os.environ:
        if name.startswith("ATS_AGENT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ATS_AGENT_HOME", str(tmp_path))
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.mark.parametrize(
    ("argv", "flags"),
    [
        ([], {}),
        (["--token", "-abc"], {"token": "-abc"}),
        (["--token=-abc"], {"token": "-abc"}),
        (["--token", "--abc"], {"token": "--abc"}),
        (["--token", "-abc", "--headless"], {"token": "-abc", "headless": "yes"}),
        (
            ["--url='ws://h:1/ws/agent'", "--token='-T'", "--work_dir='D'"],
            {"server.url": "'ws://h:1/ws/agent'", "token": "'-T'", "work_dir": "'D'"},
        ),
        (["--server-url", "h", "--work-dir", ""], {"server.url": "h", "work_dir": ""}),
        (["--url", "a", "--server-url", "b"], {"server.url": "b"}),
        (["--home", "H", "config", "show", "--config", "C"], {"home": "H", "config": "C"}),
        (["--log-level=debug", "--token-file=F"], {"logging.level": "debug", "token_file": "F"}),
    ],
)
def test_flags(argv: list[str], flags: dict[str, str]) -> None:
    """Every flag and alias reaches its setting as text."""
    assert parse(argv).flags == flags


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--tokn", "s3cret"], "Unknown flag --tokn. Did you mean --token?"),
        (["--tokn=s3cret"], "Unknown flag --tokn. Did you mean --token?"),
        (["--s3cret"], "Unknown flag --…."),
        (["-s3cret"], "belongs to no flag"),
        (["s3cret"], "config show"),
        (["config"], "Something is missing: show."),
        (["config", "s3cret"], "config show"),
        (["config", "show", "s3cret"], "belongs to no flag"),
        (["--token"], "--token needs a value."),
        (["--token", "--headless"], "--token needs a value."),
        (["--headless=s3cret"], "--headless takes no value."),
        (["run-local"], "Something is missing: SUITE.yml."),
        (["run-local", "--junit"], "--junit needs a value."),
        (["run-local", "--keep=s3cret", "x.yml"], "--keep takes no value."),
        (["run-local", "a.yml", "s3cret"], "belongs to no flag"),
        (["run-local", "a.yml", "--junt", "s3cret"], "Did you mean --junit?"),
        (["--tok", "s3cret"], "Unknown flag --tok. Did you mean --token?"),
        (["cancel"], "Something is missing: ID."),
        (["cancel", "t1", "s3cret"], "belongs to no flag"),
        (["status", "s3cret"], "belongs to no flag"),
        (["status", "--token", "s3cret"], "--token does not belong to this command."),
        (["status", "--junit=s3cret"], "--junit does not belong to this command."),
        (["--json", "--token", "s3cret"], "--json needs a command, or --version."),
        (["logs", "--follow=s3cret"], "--follow takes no value."),
        (["logs", "--lines"], "--lines needs a value."),
        (["logs", "--folow"], "Did you mean --follow?"),
    ],
)
def test_wrong_command_line_is_explained_without_values(argv: list[str], words: str) -> None:
    """A mistyped --token does not put the token on the screen."""
    with pytest.raises(ConfigError) as caught:
        parse(argv)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", cli_control.COMMANDS)
def test_commands_for_a_running_agent_know_its_home(name: str, tmp_path: Path) -> None:
    """--home before or behind the command, --json everywhere."""
    job = ["t1"] if name == "cancel" else []
    for argv in (["--home", "H", name, *job, "--json"], [name, *job, "--home", "H", "--json"]):
        options = parse(argv)
        assert (options.command, options.json, options.flags) == (name, True, {"home": "H"})


@pytest.mark.parametrize("name", cli_control.COMMANDS)
def test_no_agent_is_code_8(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so and what to do; neither token nor address are needed."""
    assert main([name, *(["t1"] if name == "cancel" else [])]) == 8
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"No agent is running for the home folder {tmp_path}." in err
    assert "--home" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["stop", "--now", "--after-jobs"], "exclude each other"),
        (["logs", "-n", "-5"], "--lines"),
        (["logs", "-n", "many"], "--lines: expected a number"),
        (["logs", "-n", "\u0661"], "--lines: expected a number"),
    ],
)
def test_wrong_command_for_a_running_agent(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code 2, before anything is asked."""
    assert main(argv) == 2
    assert words in capsys.readouterr().err


def test_error_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Bad usage and bad configuration end alike; nothing goes to stdout."""
    assert main(["--url", "h", "--token", "T", "--log-level", "loud"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ats-agent: --log-level: 'loud' is not a level")
    assert err.count("\n") == 1


def test_missing_token_is_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    """What to do is in the same line."""
    assert main(["--url", "h", "--headless"]) == 2
    assert "--token-file" in capsys.readouterr().err


def test_config_show(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each setting, its value, its origin; the token masked; warnings on stderr."""
    (tmp_path / "config.yaml").write_text("task: {timeout: 60, timout: 1}", encoding="utf-8")
    assert main(["config", "show", "--token", "s3cret-s3cret"]) == 0
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert "s3cret" not in out + err
    assert "set (13 characters)" in rows["token"]
    assert rows["token"].endswith(" --token")
    assert rows["task.timeout"].split()[1:] == ["60", f"{tmp_path / 'config.yaml'}:1"]
    assert rows["home"].endswith("environment ATS_AGENT_HOME")
    (tmp_path / "config.yaml").unlink()
    assert main(["config", "show"]) == 0
    assert f"{tmp_path / 'config.yaml'} when it exists" in capsys.readouterr().out
    assert "Did you mean task.timeout?" in err


def test_config_show_json(capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts: null is not set, numbers are numbers; no token is needed."""
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["token"] == {"value": None, "from": "default"}
    assert shown["task.timeout"] == {"value": 3600, "from": "default"}


def test_config_show_says_what_is_meant(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Not what was written: the folder that a relative one is, the file that is read."""
    (tmp_path / "config.yaml").write_text("{}", encoding="utf-8")
    assert main(["config", "show", "--json", "--work-dir", "mine"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["work_dir"] == {"value": str(tmp_path / "workspace/mine"), "from": "--work-dir"}
    assert shown["config"] == {"value": str(tmp_path / "config.yaml"), "from": "default"}
    assert main(["config", "show", "--json", "--work-dir", "~nobody-has-this-name"]) == 0
    shown = json.loads(capsys.readouterr().out)  # on Windows it is the folder beside one's own
    assert shown["work_dir"]["value"].endswith("nobody-has-this-name")


def test_ctrl_c_before_the_start_is_an_orderly_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user asked for the end, so it is 0 and silent, as it is later."""

    def interrupted(_argv: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.parse", interrupted)
    assert main([]) == 0


def run(*argv: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run `python -m app` as a shell would."""
    command = [sys.executable, "-m", "app", *argv]
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, cwd=ROOT, capture_output=True, text=True, timeout=15, check=False, **options
    )


def test_version() -> None:
    """The version is one line on stdout."""
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ats-agent 0.1.0\n", "")


def test_help_names_every_flag() -> None:
    """--help is complete and exits 0."""
    done = run("--help")
    assert done.returncode == 0
    for flag in ("--token", "--token-file", "--server-url", "--url", "--work_dir", "--headless"):
        assert flag in done.stdout


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(argument: str) -> None:
    """Start-up stays fast: no loop, no vendor, until they are needed."""
    done = run(argument, env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {"asyncio", "yaml", "psutil", "platformdirs", "websockets", "sqlite3", "ssl", "json"}
    heavy |= {"socket", "app.control"}
    assert "app.cli" in imported
    assert not imported & heavy


def test_console_that_cannot_show_a_character() -> None:
    """A GBK or ASCII console gets an escape instead of a traceback."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "ATS_AGENT_WORK_DIR": "测试"}
    done = run("config", "show", env=env)
    assert done.returncode == 0
    assert r"\u6d4b\u8bd5" in done.stdout


@pytest.mark.skipif(
    sys.platform == "win32", reason="other system: file descriptors of a POSIX shell"
)
@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "| true", ">/dev/full"])
def test_broken_stdout(redirection: str) -> None:
    """A closed, missing or full stdout does not change how the program ends."""
    text = f'"{sys.executable}" -m app config show {redirection}; exit ${{PIPESTATUS:-$?}}'
    done = subprocess.run(
        ["/bin/bash", "-c", text], cwd=ROOT, capture_output=True, timeout=15, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_start_that_fails_leaves_the_collector_on(tmp_path: Path) -> None:
    """It is off while the agent is being built, and only then."""
    assert main(["--headless", "--home", str(tmp_path)]) == ExitCode.USAGE
    assert gc.isenabled()
