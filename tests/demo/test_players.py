"""Tests of app.demo.players: the same programs from source and from the executable."""

import sys
from pathlib import Path

import pytest

from app.demo import players
from app.errors import ConfigError


def test_from_source_python_runs_them() -> None:
    """The interpreter, and never our modules as those of the script."""
    assert players.agent() == [sys.executable, "-m", "app"]
    assert players.job()[1] == "-P"
    assert players.command_of_tests().endswith("-u run_tests.py")


def test_frozen_the_program_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Python is needed."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert players.agent() == [sys.executable]
    assert players.job() == [sys.executable, "demo", "play", "sample_job.py"]
    assert players.command_of_tests(Path("x")) == f'"{sys.executable}" demo play run_tests.py'


def test_nothing_else_is_run() -> None:
    """A name that is not one of the demo's own is refused."""
    with pytest.raises(ConfigError):
        players.play("../../etc/passwd")


def test_a_script_says_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the folder in which it is run go before the example's own."""
    (tmp_path / "run_tests.py").write_text("raise SystemExit(3)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert players.play("run_tests.py") == 3
