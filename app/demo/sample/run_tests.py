"""Runs the tests of this folder and writes test_results.json as the platform's own framework does.

Only the cases listed in xat/test_cases.json run, if that file is there.
"""

import io
import json
import re
import sys
import time
import unittest
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = Path("test_results.json")
CODE = re.compile(r"test_caseid_(\d{6})")


class LiveResult(unittest.TestResult):
    """Prints a line per test and rewrites the result file after each."""

    def __init__(self, *more: Any, **named: Any) -> None:
        super().__init__(*more, **named)
        self.items: list[dict[str, Any]] = []
        self.began = 0.0
        self.write()

    def startTest(self, test: unittest.TestCase) -> None:
        """Note when it began."""
        self.began = time.time()
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        """It passed."""
        self.note(test, "passed", "")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """An assertion failed."""
        self.note(test, "failed", str(err[1]))

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        """It broke."""
        self.note(test, "error", f"{err[0].__name__}: {err[1]}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """It was not run."""
        self.note(test, "skipped", reason)

    def note(self, test: unittest.TestCase, status: str, error: str) -> None:
        """Add one item, in the platform's format."""
        found = CODE.search(test.id())
        duration = time.time() - self.began
        print(f"{status:8} {test.id()} ({duration:.2f} s) {error}", flush=True)
        item = {"test_name": test.id(), "case_code": found and found[1], "case_id": None}
        item |= {"status": status, "duration": duration, "error": error or None}
        self.items.append(item | {"timestamp": time.time()})
        self.write()

    def write(self) -> None:
        """Rewrite the whole file, in place."""
        RESULTS.write_text(json.dumps(self.items), encoding="utf-8")


def wanted() -> set[str]:
    """Return the codes to run; none: all."""
    try:
        cases = json.loads(Path("xat/test_cases.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    return set(cases["case_codes"])


def chosen(suite: unittest.TestSuite, codes: set[str]) -> unittest.TestSuite:
    """Return the tests with these codes, and those without any."""
    found = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found.addTests(chosen(test, codes))
        elif not codes or not (code := CODE.search(test.id())) or code[1] in codes:
            found.addTest(test)
    return found


def main() -> int:
    """Run; the exit code says whether all passed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    tests = unittest.defaultTestLoader.discover(str(HERE), pattern="shop_test.py")
    result = LiveResult()
    chosen(tests, wanted()).run(result)
    bad = [item for item in result.items if item["status"] in ("failed", "error")]
    print(f"{len(result.items)} tests, {len(bad)} failed (共 {len(result.items)} 个用例)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
