"""Make this system's executables with PyInstaller, then let each test itself.

Run by `python build.py binary`; the outcome is in dist/. The same sources give the same bytes:
the build's time is that of the commit (SOURCE_DATE_EPOCH, when it is set, goes before).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
SYSTEM = {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux")
WORK = ROOT / ".work" / f"freeze-{SYSTEM}"  # Wine's builds may run beside ours
NAME = "ats-agent"
SELFTEST_LIMIT = 300.0  # seconds; a virus scanner may look at each file first


def main() -> int:
    """Build and test; returns the exit code."""
    parser = argparse.ArgumentParser(prog="build.py binary", description=__doc__)
    parser.add_argument("--dist", type=Path, default=DIST, help="where the executables go")
    parser.add_argument("--untested", action="store_true", help="without their selftest")
    options = parser.parse_args()
    began = time.monotonic()
    programs = freeze(options.dist.resolve())
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)
    if options.untested:
        return 0
    failed = [str(one) for one in programs if not passes(one)]
    print(f"FAILED: {', '.join(failed)}" if failed else "All good", flush=True)
    return len(failed[:1])


def freeze(dist: Path) -> list[Path]:
    """Make the executables in `dist`; return the programs."""
    environ = reproducible(os.environ)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    note = json.dumps(build_note(int(environ["SOURCE_DATE_EPOCH"])), indent=1)
    (WORK / "build.json").write_text(note, encoding="utf-8")
    spec = ROOT / "build" / "specs" / f"{SYSTEM}.spec"
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(dist), "--workpath", str(WORK), str(spec)]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)
    return finished(dist)


def reproducible(environ: "os._Environ[str]") -> dict[str, str]:
    """Return an environment in which two builds give the same bytes."""
    pinned = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(commit_time()), "TZ": "UTC"}
    pinned |= {"SOURCE_DATE_EPOCH": environ.get("SOURCE_DATE_EPOCH", pinned["SOURCE_DATE_EPOCH"])}
    # Else pystray's hook would look for a display.
    return dict(environ) | pinned | {"PYSTRAY_BACKEND": "dummy"}


def build_note(epoch: int) -> dict[str, object]:
    """Return what the program is to know of its build."""
    sys.path.insert(0, str(ROOT))
    from app import __version__
    from app.selftest.modules import modules_below, of_this_system

    modules = modules_below(ROOT)
    built = datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z")
    return {
        "version": __version__,
        "commit": commit(),
        "built": built,
        "modules": modules,
        "modules_here": of_this_system(modules, SYSTEM),
    }


def commit() -> str:
    """Return the commit, with a "+" when files differ from it; "" without git."""
    changed = git("status", "--porcelain")
    return git("rev-parse", "HEAD") + ("+" if changed else "")


def commit_time() -> int:
    """Return when the commit was made, in seconds since 1970; without git that of today's day."""
    return int(git("log", "-1", "--format=%ct") or time.time() // 86400 * 86400)


def git(*words: str) -> str:
    """Return what git says; "" when it cannot."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 (whichever git there is)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def finished(dist: Path) -> list[Path]:
    """Put the last hand to it; return the programs, those that talk to a terminal where there are."""
    folder = dist / f"{NAME}-folder"
    if SYSTEM == "windows":
        (folder / f"{NAME}-console.exe").replace(folder / f"{NAME}.com")
        return [dist / f"{NAME}.exe", folder / f"{NAME}.exe", folder / f"{NAME}.com"]
    if SYSTEM == "macos":
        shutil.rmtree(folder)  # the .app is the same once more
        return [dist / "ATS Agent.app" / "Contents" / "MacOS" / NAME]
    sys.path.insert(0, str(ROOT / "build" / "specs"))
    import shared

    (dist / f"{NAME}.desktop").write_text(shared.desktop_file(), encoding="utf-8")
    return [dist / NAME, folder / NAME]


def passes(program: Path) -> bool:
    """Let a program test itself; print what it says."""
    print(f"{program.relative_to(program.parents[1])} selftest", flush=True)
    try:
        done = subprocess.run(
            [str(program), "selftest"],
            timeout=SELFTEST_LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired:
        print(f"no end within {SELFTEST_LIMIT:.0f} s", flush=True)
        return False
    said = done.stdout.decode("utf-8", "replace")
    # A windowed program has no output: its exit code tells.
    print("".join(f"    {line}\n" for line in said.splitlines()), end="", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
