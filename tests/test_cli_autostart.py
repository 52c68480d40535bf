"""`ats-agent autostart` in a terminal (app/cli_autostart.py)."""

import argparse
import json
import sys
from pathlib import Path

import pytest

from app.cli_autostart import add_autostart, run_autostart
from app.errors import NotDoneError
from app.exit_codes import ExitCode, exit_code_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other system: another way")


@pytest.fixture(autouse=True)
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desktop's entry of a user of the test."""
    for name in ("HOME", "CONFIG", "HEADLESS"):
        monkeypatch.delenv(f"ATS_AGENT_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", "/none")  # no systemctl: nobody else is told
    return tmp_path / "autostart" / "ats-agent.desktop"


def ran(*argv: str, **flags: str) -> int:
    """Run the command with flags of the table of settings."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_autostart(lambda _name, _about: parser)
    options = parser.parse_args(argv)
    options.flags = flags
    return run_autostart(options)


def test_on_status_off(entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what is the case from now on."""
    assert ran("status") == ExitCode.OK
    assert capsys.readouterr().out == "The agent is not started at login.\n"
    ran("on")
    assert entry.exists()
    assert capsys.readouterr().out.startswith("The agent is started at login. This system does not")
    ran("off")
    assert not entry.exists()
    assert capsys.readouterr().out == "The agent is not started at login.\n"


def test_json(entry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts, with the place and the command."""
    ran("on", "--json", home="/h 测试", headless="yes", config="/c.yaml")
    said = json.loads(capsys.readouterr().out)
    assert said["on"] is True
    assert said["where"] == str(entry)
    assert said["command"].endswith('-m app --home "/h 测试" --config /c.yaml --headless')


def test_the_variables_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login does not know this terminal's variables: they become flags."""
    monkeypatch.setenv("ATS_AGENT_HOME", "/h")
    monkeypatch.setenv("ATS_AGENT_HEADLESS", "1")
    ran("on", "--json")
    assert json.loads(capsys.readouterr().out)["command"].endswith("-m app --home /h --headless")


def test_another_home_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The user learns of the other one, and how to change that."""
    ran("on", home="/other")
    capsys.readouterr()
    ran("status")
    said = capsys.readouterr().out
    assert "This agent is not started at login." in said
    assert "/other" in said
    assert "`ats-agent autostart on`" in said


def test_a_system_without_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither desktop nor systemd: a sentence and its own exit code."""
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(NotDoneError, match="offers no such way") as caught:
        ran("status")
    assert exit_code_for(caught.value) is ExitCode.NOT_DONE
