"""Small suites for a real agent, and what the platform's user sees of them."""

import shlex
import sys
import textwrap
from pathlib import Path

from app.demo.platform import DemoPlatform
from app.demo.suites import Execution

PYTHON = shlex.quote(sys.executable)
PYTHON_WORDS = (sys.executable, "-m", "app")
HELPER = """
import json, sys, time
from pathlib import Path
def item(code, status, **more):
    return {"test_name": f"t.py::test_caseid_{code}", "case_code": code, "case_id": None,
            "status": status, "duration": 0.25, "error": None} | more
def write(*items):
    Path("test_results.json").write_text(json.dumps(items), encoding="utf-8")
def wait(path):
    while not Path(path).exists():
        time.sleep(0.02)
"""


def command(folder: Path, code: str) -> str:
    """A command that runs a piece of Python with HELPER before it."""
    script = folder / f"suite{len(list(folder.glob('suite*.py')))}.py"
    script.write_text(HELPER + textwrap.dedent(code), encoding="utf-8")
    return f"{PYTHON} -u {shlex.quote(str(script))}"


def results(execution: Execution) -> dict[str, str]:
    """The last result of each case, by its code."""
    return {row.code: row.result for row in execution.results}


def sound(platform: DemoPlatform) -> bool:
    """Nothing was sent that the platform's database rejects or cannot store."""
    return not platform.poisonings and not platform.dropped
