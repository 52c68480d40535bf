"""Exit codes are few and documented."""

from pathlib import Path

import pytest

from app.cli_help import help_epilog
from app.errors import (
    AlreadyRunningError,
    ConfigError,
    LinkLostError,
    NotDoneError,
    NotRunningError,
    WorkDirError,
)
from app.exit_codes import ExitCode, exit_code_for


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (AlreadyRunningError("x"), 4),
        (WorkDirError(Path("x"), "y"), 5),
        (NotRunningError("x"), 8),
        (NotDoneError("x"), 9),
        (LinkLostError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_error_has_its_code(error: Exception, code: int) -> None:
    """The numbers are a promise to scripts."""
    assert exit_code_for(error) == code


def test_help_documents_every_code() -> None:
    """No code without a line in --help."""
    lines = help_epilog().splitlines()
    for code in ExitCode:
        assert any(line.startswith(f"  {int(code)}  ") for line in lines)
