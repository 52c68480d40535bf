"""Tests of what delivers CTRL_BREAK; the delivery itself only a real Windows shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.host import ctrl_break

NOBODY = 999_999  # no process has this id
ROOT = Path(ctrl_break.__file__).parents[2]


def test_the_program_delivers_by_itself() -> None:
    """It starts no agent: it says with its exit code that there is no such console."""
    done = subprocess.run(ctrl_break.command(NOBODY), cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_the_frozen_program_knows_its_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot run a module of Python's choice; tests/frozen run the rest."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    program, *arguments = ctrl_break.command(NOBODY)
    assert program == sys.executable
    assert ctrl_break.asked_for(arguments) == NOBODY


@pytest.mark.parametrize(
    "arguments", [[], ["status"], ["--deliver-ctrl-break"], ["--deliver-ctrl-break", "x"]]
)
def test_other_command_lines_are_for_the_program(arguments: list[str]) -> None:
    """Nothing else is taken for it."""
    assert ctrl_break.asked_for(arguments) is None
