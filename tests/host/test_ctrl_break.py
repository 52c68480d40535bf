"""Tests of what delivers CTRL_BREAK; the delivery itself only a real Windows shows."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.host import ctrl_break

NOBODY = 999_999  # no process has this id
ROOT = Path(ctrl_break.__file__).parents[2]


def test_from_source_python_delivers() -> None:
    """A line of Python does it, and fails where there is no such console."""
    done = subprocess.run(ctrl_break.command(NOBODY), capture_output=True, check=False)
    assert done.returncode == 1


def test_the_frozen_program_delivers_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot run a line of Python: it knows its own command line again."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    program, *arguments = ctrl_break.command(NOBODY)
    assert program == sys.executable
    assert ctrl_break.is_wanted(arguments)
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize(
    "arguments", [[], ["status"], ["--deliver-ctrl-break"], ["--deliver-ctrl-break", "x"]]
)
def test_other_command_lines_are_for_the_program(arguments: list[str]) -> None:
    """Nothing else is taken for it."""
    assert not ctrl_break.is_wanted(arguments)
