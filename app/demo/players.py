"""Programs that the demo starts: with Python, or with the frozen program, which needs none."""

import runpy
import sys
from pathlib import Path

from app.errors import ConfigError
from app.i18n import _

PLAY = "play"  # `ats-agent demo play FILE`: for the demo itself
JOB = "sample_job.py"
TESTS = "run_tests.py"
_SAFE_PATH = "-P"  # Python: our modules beside the script are none of its business
_HERE = Path(__file__).parent


def agent() -> list[str]:
    """Return what starts the agent."""
    return [sys.executable] if _frozen() else [sys.executable, "-m", "app"]


def job() -> list[str]:
    """Return what runs the sample job."""
    if _frozen():
        return [sys.executable, "demo", PLAY, JOB]
    return [sys.executable, _SAFE_PATH, str(_HERE / JOB)]


def command_of_tests(folder: Path | None = None) -> str:
    """Return the shell's words that run the example's tests in `folder`; None: where it is run."""
    if _frozen():
        return f'"{sys.executable}" demo {PLAY} {TESTS}'
    script = TESTS if folder is None else f'"{folder / TESTS}"'
    return f'"{sys.executable}" -u {script}'


def play(name: str) -> int:
    """Be Python for one of the demo's own scripts; returns its exit code."""
    script = _HERE / JOB if name == JOB else Path(TESTS)
    if name not in (JOB, TESTS):
        raise ConfigError(_("The demo has no program of this name."))
    if name == TESTS and not script.is_file():  # there is no git, so there is no checkout
        script = _HERE / "sample" / TESTS
    try:
        runpy.run_path(str(script.absolute()), run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _frozen() -> bool:
    return bool(getattr(sys, "frozen", False))
