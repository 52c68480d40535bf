"""`build.py test --wine`: the tests with the Windows Python, then its executable on a desktop."""

import os
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import prepare
from place import CHINESE, ROOT, Place, windows_path

TESTS = ROOT / "tests"
LANES = 2  # programs at the same time
LIMIT = 1200  # seconds for one group of tests
# For one test; Wine is slow, and pytest can end a hung one on Windows only with all others.
TEST_LIMIT = "120"
PIPES: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
PIPES |= {"stderr": subprocess.STDOUT}
IN_CHINESE = ("tests/integration", "tests/local")  # jobs in Chinese folders: cmd has no chcp here
LONGEST = [f"tests/integration/test_{name}.py" for name in ("rules", "survival", "control")]
APART = {"integration", "benchmark", "wine", "frozen"}  # in other groups, or not here
DIST = ROOT / ".work" / "wine" / "dist"
WINE_FAILS = "failed: wss"  # the last line of a selftest: CryptoAPI, docs/windows.md
BEGAN = time.monotonic()


def main() -> int:
    """Run everything; returns the exit code."""
    prepare.main()
    place = Place.chosen()
    with prepare.alone(place.folder / "lock"):  # another clone may use the same Windows
        package = place.python / "Lib" / "site-packages" / "ats-agent.pth"
        package.write_text(windows_path(ROOT) + "\n", encoding="utf-8")
        failed = tests(place) + executable(place)
    say(f"FAILED: {', '.join(failed)}" if failed else "Wine: all good")
    return len(failed[:1])


def say(text: str) -> None:
    print(f"[wine {time.monotonic() - BEGAN:4.0f} s] {text}", flush=True)


def tests(place: Place) -> list[str]:
    """Run unit and integration tests in groups, two at a time; return those that failed."""
    groups = [[f"tests/{folder.name}"] for folder in sorted(TESTS.iterdir()) if _has_tests(folder)]
    groups.append([f"tests/{file.name}" for file in sorted(TESTS.glob("test_*.py"))])
    groups = [[name] for name in LONGEST] + [_other_agents()] + groups
    with ThreadPoolExecutor(LANES) as pool:
        return [name for name in pool.map(lambda group: run_group(place, group), groups) if name]


def _other_agents() -> list[str]:
    files = (f"tests/integration/{file.name}" for file in (TESTS / "integration").glob("test_*.py"))
    return sorted({*files} - {*LONGEST})


def _has_tests(folder: Path) -> bool:
    return folder.is_dir() and folder.name not in APART and any(folder.glob("test_*.py"))


def run_group(place: Place, group: list[str]) -> str:
    """Run these tests; print the verdict, all words only when it is bad; its name then."""
    name = group[0] if len(group) == 1 else f"{group[0].rpartition('/')[0]}/test_*.py"
    temporary = f"C:\\t{zlib.crc32(name.encode()) % 1000}"  # short: some make long paths in it
    chinese = [f"WINE_LOCALE={CHINESE}"] if name.startswith(IN_CHINESE) else []
    command = ["env", *chinese, place.program("wpy"), "-m", "pytest", "-q"]
    command += ["-p", "no:cacheprovider", "--timeout", TEST_LIMIT, "--basetemp", temporary]
    return run(name, [*command, *group])


def executable(place: Place) -> list[str]:
    """Make `ats-agent.exe`, let it test itself, and use it on a desktop."""
    shutil.rmtree(DIST.parent, ignore_errors=True)
    DIST.mkdir(parents=True)
    freeze = [place.program("wpy"), "build/freeze.py", "--untested", "--dist", windows_path(DIST)]
    if run("the executable", freeze):
        return ["the executable"]
    program = DIST / "ats-agent.exe"
    os.environ |= {"ATS_AGENT_WINE": str(place.folder), "ATS_AGENT_EXE": str(program)}
    desktop = [str(ROOT / ".venv/bin/python"), "-m", "pytest", "-q", "tests/wine"]
    folder = DIST / "ats-agent-folder"
    failed = [selftest(place, one) for one in (program, folder / "ats-agent.com")]
    return [name for name in [*failed, run("the desktop", desktop)] if name]


def selftest(place: Place, program: Path) -> str:
    """Let a program test itself; the name of the check when it failed."""

    def good(code: int, said: str) -> bool:
        return code == 0 or said.split("\n")[-2:] == [WINE_FAILS, ""]

    command = [place.program("wrun"), windows_path(program), "selftest"]
    return run(f"selftest of {program.name}", command, good)


def ended_well(code: int, _said: str) -> bool:
    return code == 0


def run(name: str, command: list[str], good: Callable[[int, str], bool] = ended_well) -> str:
    """Run a quiet command from the project's folder; its name when it failed."""
    began = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, timeout=LIMIT, check=False, **PIPES)
        said, code = done.stdout.decode("utf-8", "replace").replace("\r", ""), done.returncode
    except subprocess.TimeoutExpired as late:
        said, code = (late.output or b"").decode("utf-8", "replace"), -1
    verdict = good(code, said)
    counts = re.findall(r"\d+ passed.*? in [^=\n]*", said)[-1:]
    took = f"{time.monotonic() - began:.0f} s"
    say(f"{'ok' if verdict else 'failed':7}{name}, {took}  {''.join(counts)}")
    print("" if verdict else said, end="", flush=True)
    return "" if verdict else name


if __name__ == "__main__":
    sys.exit(main())
