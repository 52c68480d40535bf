"""The terminal of the demo."""

import pytest

from app.demo.look import Look
from app.demo.stage import CLEAR_LINE, Stage


def test_plain_output_has_no_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be written over, only the lines that stay are written."""
    stage = Stage()
    stage.status("running")
    stage.line("a line")
    assert capsys.readouterr().out == "a line\n"


def test_lines_go_above_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    """The status line is taken away, the lines are written, and it comes back."""
    stage = Stage()
    stage.look = Look(live=True)
    stage.status("running")
    stage.line("a line")
    stage.status("")
    stage.status("")
    assert capsys.readouterr().out == (
        f"{CLEAR_LINE}running{CLEAR_LINE}a line\n{CLEAR_LINE}running{CLEAR_LINE}"
    )
