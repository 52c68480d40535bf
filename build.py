"""The project's commands, from a fresh clone with nothing but Python (standard library only)."""

import sys

if sys.version_info < (3, 11):  # this file parses from 3.6 on, so that it can say so
    sys.exit("The ATS agent needs Python 3.11 or newer, this is %d.%d." % sys.version_info[:2])

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import tomllib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
sys.path.insert(1, str(ROOT / "build"))

from advice import advice  # noqa: E402 (it lies in the folder build/)

HEADER = "# Made by `python build.py lock` from uv.lock (uv export, all groups). Do not edit.\n"
PYTHON = str(getattr(sys, "_base_executable", sys.executable))  # outside .venv even when run in it
QUIET: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
QUIET |= {"stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
NEWS_EVERY = 10  # seconds between two signs of life where the output is no terminal


class Project:
    """Where things are in one clone, and whether its environment is up to date."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.stamp = self.venv / "made-by-build.py"
        self.requirements = root / "build" / "requirements.txt"
        self.python = self.program("python")

    def program(self, name: str) -> str:
        return str(self.venv / (f"Scripts/{name}.exe" if os.name == "nt" else f"bin/{name}"))

    def wanted(self) -> str:
        """A hash of all that shapes the environment; settings of lint and tests do not."""
        shape = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        shape["tool"] = {name: shape["tool"][name] for name in ("hatch", "uv")}
        shape["place"] = [str(self.root), sys.implementation.cache_tag]
        locked = (self.root / "uv.lock").read_bytes() + self.requirements.read_bytes()
        return hashlib.sha256(json.dumps(shape).encode() + locked).hexdigest()

    def ready(self) -> bool:
        """True when .venv is whole and made from today's lock; a half-made one has no stamp."""
        stamped = self.stamp.read_text() if self.stamp.exists() else ""
        return os.path.exists(self.python) and stamped == self.wanted()


def set_up(project: Project, use_uv: bool = True) -> None:
    """Make .venv, or do nothing when it is up to date; safe beside another build.py."""
    if project.ready():
        return
    with alone(project.root / ".work" / "setup.lock"):
        if project.ready():  # another build.py has made it while we waited
            return
        discard(project)
        for title, command in recipe(project, shutil.which("uv") if use_uv else None):
            run_step(title, command, project)
        project.stamp.write_text(project.wanted())


def recipe(project: Project, uv: str | None) -> Iterator[tuple[str, list[str]]]:
    """The steps that make .venv from nothing, each with its title; nothing unpinned is fetched."""
    if uv:
        yield "installing with uv", [uv, "sync", "--locked", "--all-groups", "--python", PYTHON]
        return
    yield "making .venv", [PYTHON, "-m", "venv", str(project.venv)]
    install = [project.python, "-m", "pip", "install"]
    pinned = [*install, "--require-hashes", "-r", str(project.requirements)]
    yield "installing the pinned packages with pip", pinned
    itself = ["--no-index", "--no-deps", "--no-build-isolation", "-e", str(project.root)]
    yield "installing the agent itself", install + itself


def discard(project: Project) -> None:
    """Remove .venv; renamed first, because a rename is whole or not at all."""
    if os.path.lexists(project.venv):
        old = project.root / ".work" / f"old-venv-{time.time_ns()}"
        project.venv.rename(old)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the file's lock; the system lets go of it when this process dies, however it dies."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        if not try_lock(file.fileno()):
            show("another build.py is making .venv: waiting for it", final=True)
            while not try_lock(file.fileno()):  # never once it is ours: Windows would refuse that
                time.sleep(0.1)
        yield


def try_lock(descriptor: int) -> bool:
    with suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def tool_environment(project: Project) -> dict[str, str]:
    """Our environment for uv and pip: no other virtual environment, the system's certificates."""
    foreign = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX"}
    trust = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}  # the second is for an older uv
    environment = trust | {name: text for name, text in os.environ.items() if name not in foreign}
    environment |= {"UV_PROJECT_ENVIRONMENT": str(project.venv), "PYTHONIOENCODING": "utf-8"}
    environment |= {"PIP_USER": "0", "PIP_PROGRESS_BAR": "off"}
    if "SSL_CERT_FILE" in environment:
        environment.setdefault("PIP_CERT", environment["SSL_CERT_FILE"])
    return environment


def run_step(title: str, command: list[str], project: Project) -> None:
    """Run a quiet, slow tool with a sign of life; a failure raises with its last words."""
    words = deque[str](maxlen=15)
    environment = tool_environment(project)
    with subprocess.Popen(command, cwd=project.root, env=environment, **QUIET) as process:
        reader = threading.Thread(target=words.extend, args=(process.stdout,))
        reader.start()
        try:
            watch(process, title, words)
        finally:  # after Ctrl+C the tool and its children must be gone before a new run begins
            process.terminate()
            reader.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, "".join(words))


def watch(process: subprocess.Popen[str], title: str, words: deque[str]) -> None:
    """Show time and last words until the end: moving on a terminal, else now and then."""
    began = told = time.monotonic()
    moving = sys.stdout.isatty()
    show(title, final=not moving)
    while process.poll() is None:
        time.sleep(0.1)
        now = time.monotonic()
        if moving or now - told >= NEWS_EVERY:
            told = now
            last = words[-1].strip() if words else ""
            show(f"{title}, {now - began:.1f} s  {last}", final=not moving)
    verdict = "failed" if process.returncode else "done"
    show(f"{title}: {verdict}, {time.monotonic() - began:.0f} s", final=True)


def show(text: str, final: bool) -> None:
    """Draw a status line: over the last one on a terminal, as a plain line elsewhere."""
    width = shutil.get_terminal_size().columns - 1
    line = "\r" + text[:width].ljust(width) if sys.stdout.isatty() else text
    print(line, end="\n" if final else "", flush=True)


def run(command: list[str]) -> int:
    """Run a command in this terminal, for its exit code; it ends in its own order, we wait."""
    # The terminal sends Ctrl+C to the command as well.
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return code if code >= 0 else 128 - code


def check(name: str, command: list[str]) -> str:
    """Run a static check and print its verdict, its words only when it fails; the name if so."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, check=False, **QUIET)
    failed = done.returncode != 0
    verdict = f"{'failed' if failed else 'ok':7}{name}, {time.monotonic() - began:.0f} s"
    print((done.stdout if failed else "") + verdict, flush=True)
    return name if failed else ""


def static_checks(project: Project) -> list[str]:
    """Lint, format and types, as each system sees the code; side by side. The names that failed."""
    ruff, mypy = project.program("ruff"), project.program("mypy")
    commands = {"ruff": [ruff, "check"], "format": [ruff, "format", "--check"]}
    for system in ("linux", "win32", "darwin"):
        cache = f".mypy_cache/{system}"
        commands[f"mypy {system}"] = [mypy, "--platform", system, "--cache-dir", cache]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [name for name in pool.map(check, commands, commands.values()) if name]


def setup(project: Project, options: argparse.Namespace) -> int:
    set_up(project, use_uv=not options.pip)
    print("The environment .venv is up to date. Next: python build.py demo")
    return 0


def module(project: Project, options: argparse.Namespace) -> int:
    set_up(project)
    return run([project.python, "-m", options.module, *options.rest])


def script(project: Project, options: argparse.Namespace) -> int:
    set_up(project)
    return run([project.python, str(ROOT / "build" / options.script), *options.rest])


def test(project: Project, options: argparse.Namespace) -> int:
    set_up(project)
    if options.wine:
        return run([project.python, "build/wine/windows_tests.py", *options.rest])
    if options.frozen:
        return run([project.python, "build/frozen_tests.py", *options.rest])
    failed = [] if options.only_pytest else static_checks(project)
    code = run([project.python, "-m", "pytest", *options.rest])
    failed += ["pytest"] if code else []
    print("Failed: " + ", ".join(failed) if failed else "All good")
    return code or len(failed[:1])


def lock(project: Project, options: argparse.Namespace) -> int:
    uv = shutil.which("uv") or project.program("uv")
    if not os.path.exists(uv):
        set_up(project)
    run_step("resolving", [uv, "lock", *(["--upgrade"] if options.upgrade else [])], project)
    project.requirements.write_text(pinned(project, uv), encoding="utf-8", newline="\n")
    return 0


def pinned(project: Project, uv: str) -> str:
    """The text of build/requirements.txt: uv.lock in pip's words."""
    command = [uv, "export", "-q", "--frozen", "--all-groups", "--no-emit-project", "--no-header"]
    return HEADER + subprocess.check_output(command, cwd=project.root, encoding="utf-8")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, work: Callable[..., int], text: str, flag: str = "", run: str = "") -> None:
        own: dict[str, Any] = {"add_help": not run}  # a module answers --help itself
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False, **own)
        command.set_defaults(work=work, module=run, script=run)
        for switch in flag.split():
            command.add_argument(switch, action="store_true")

    add("setup", setup, "make .venv and nothing else; --pip: even where uv is", "--pip")
    add("demo", module, "the agent at work; --once: job and suite, for the outcome", run="app.demo")
    add("test", test, "lint, types, tests; the rest is for pytest", "--only-pytest --frozen --wine")
    add("benchmark", module, "the agent beside this machine's floor", run="tests.benchmark")
    add("catalogs", module, "the texts of the program → app/locale", run="tests.catalogs")
    add("binary", script, "this system's executables → dist/", run="freeze.py")
    add("package", script, "archives, licences, SBOM, SHA256SUMS → dist/packages", run="package.py")
    add("lock", lock, "refresh uv.lock and build/requirements.txt", "--upgrade")
    options, rest = parser.parse_known_args(arguments)
    if rest and options.work in (setup, lock):
        parser.error(f"unknown: {' '.join(rest)}")
    options.rest = rest
    return options


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper
    options = parse(arguments)
    try:
        return int(options.work(Project(ROOT), options))
    except KeyboardInterrupt:
        print("\nStopped; the next run begins from a clean state.", file=sys.stderr)
        return 130
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "output", str(error))
        print(f"\n{said}\n{advice(said)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
