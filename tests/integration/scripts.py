"""Small jobs and suites for a real agent, and what the platform's user sees of them.

Their texts are for the shell of whichever system this is: lines with a program of Python in
each, or what /bin/sh and cmd have in common (`echo one`, `echo two>&2`, `exit 3`).
"""

import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

from app.demo.platform import DemoPlatform
from app.demo.suites import Execution

PYTHON_WORDS = (sys.executable, "-m", "app")
WHERE = "cd" if sys.platform == "win32" else "pwd"  # prints the folder
HELPER = """
import json, os, signal, subprocess, sys, time
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
# The beginning of a program that does not care when it is asked to end.
DEAF = """
import signal, sys, time
for name in {"SIGTERM", "SIGINT", "SIGBREAK"} & {*dir(signal)}:
    signal.signal(getattr(signal, name), signal.SIG_IGN)
"""


def quoted(*words: str | Path) -> str:
    """A line of this system's shell that starts a program with these arguments."""
    texts = [str(word) for word in words]
    on_windows = os.name == "nt"
    return subprocess.list2cmdline(texts).replace("%", "%%") if on_windows else shlex.join(texts)


# UTF-8 also where the console has a code page: what a job writes is the same everywhere.
PYTHON = quoted(sys.executable, "-X", "utf8", "-u")


def command(folder: Path, code: str) -> str:
    """A line of the shell that runs a piece of Python with HELPER before it."""
    script = folder / f"suite{len(list(folder.glob('suite*.py')))}.py"
    script.write_text(HELPER + textwrap.dedent(code), encoding="utf-8")
    return f"{PYTHON} {quoted(script)}"


def results(execution: Execution) -> dict[str, str]:
    """The last result of each case, by its code."""
    return {row.code: row.result for row in execution.results}


def sound(platform: DemoPlatform) -> bool:
    """Nothing was sent that the platform's database rejects or cannot store."""
    return not platform.poisonings and not platform.dropped
