"""What the tests of suites share: commands that write results, and where they run."""

import sys
import textwrap
from pathlib import Path

from tests.jobs.conftest import Room

RESULTS = "test_results.json"


def python(folder: Path, code: str) -> str:
    """A command that runs a piece of Python, with `write(*items)` for the result file."""
    helper = f"""
        import json, sys, time
        def item(code, status, **more):
            return {{"test_name": f"t.py::test_caseid_{{code}}", "case_code": code,
                    "status": status, "duration": 0.25, "error": None}} | more
        def write(*items):
            with open({RESULTS!r}, "w", encoding="utf-8") as file:
                json.dump(items, file)
    """
    script = folder / f"script {abs(hash(code))}.py"
    script.write_text(textwrap.dedent(helper) + textwrap.dedent(code), encoding="utf-8")
    return f'"{sys.executable}" "{script}"'


def suite_folder(room: Room) -> Path:
    """Where the suite s1 runs."""
    return room.work_dir.root / "suites" / "s1"
