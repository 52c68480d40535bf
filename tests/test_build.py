"""Tests of build.py: what it pins, when it makes the environment, and how it fails."""

import ast
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import app
import build

HERE = build.Project(build.ROOT)
FAKE_UV = """#!{python}
import os, pathlib, sys, time
pathlib.Path("calls").open("a").write("x")
venv = pathlib.Path(os.environ["UV_PROJECT_ENVIRONMENT"])
(venv / "bin").mkdir(parents=True)
time.sleep(float(os.environ.get("UV_TAKES", "0")))
if os.environ.get("UV_SAYS"):
    sys.exit(os.environ["UV_SAYS"])
(venv / "bin" / "python").touch()
"""

posix = pytest.mark.skipif(os.name == "nt", reason="other system: the stand-in for uv is a script")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> build.Project:
    """A clone without environment, and a uv that makes one at once."""
    for name in (
        "build.py",
        "build/advice.py",
        "pyproject.toml",
        "uv.lock",
        "build/requirements.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(build.ROOT / name, tmp_path / name)
    uv = tmp_path / "tools" / "uv"
    uv.parent.mkdir()
    uv.write_text(FAKE_UV.format(python=sys.executable), encoding="utf-8")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(uv.parent), prepend=os.pathsep)
    return build.Project(tmp_path)


def times_made(clone: build.Project) -> int:
    calls = clone.root / "calls"
    return len(calls.read_text(encoding="utf-8")) if calls.exists() else 0


def start(clone: build.Project, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(clone.root / "build.py"), *arguments]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True)


def test_requirements_are_the_lock_in_other_words() -> None:
    """build/requirements.txt is what `uv export` writes today, byte for byte."""
    text = HERE.requirements.read_text(encoding="utf-8")
    assert text == build.pinned(HERE, HERE.program("uv")), "run `python build.py lock`"


def test_lock_fits_pyproject() -> None:
    """uv.lock was made from today's pyproject.toml."""
    command = [HERE.program("uv"), "lock", "--check", "--offline", "--quiet"]
    assert subprocess.run(command, cwd=build.ROOT, check=False).returncode == 0, "build.py lock"


def test_there_is_one_version() -> None:
    """The package says the version that the program says."""
    with (build.ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == app.__version__


def test_pins_know_no_machine() -> None:
    """Neither lock file names a folder or an index of the machine that made it."""
    text = HERE.requirements.read_text(encoding="utf-8")
    lock = (build.ROOT / "uv.lock").read_text(encoding="utf-8")
    assert not any(word in text for word in ("file:", "http", "--index", "--find-links", "/"))
    assert "file:" not in lock
    assert len({line for line in lock.splitlines() if line.startswith("source = { registry")}) == 1


def test_old_python_can_read_it() -> None:
    """The file parses with the grammar of 3.6, so that an old Python says what is needed."""
    source = (build.ROOT / "build.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    first = ast.parse(source).body[2]
    assert isinstance(first, ast.If)
    assert "3.11 or newer" in ast.unparse(first)


@posix
def test_environment_is_made_once(clone: build.Project) -> None:
    """An environment that is up to date is not touched again."""
    build.set_up(clone)
    marks = clone.venv.stat()
    build.set_up(clone)
    assert times_made(clone) == 1
    assert clone.venv.stat() == marks


@posix
@pytest.mark.parametrize("name", ["uv.lock", "build/requirements.txt"])
def test_new_pins_make_a_new_environment(clone: build.Project, name: str) -> None:
    """A changed lock file counts; what was in the old environment is gone."""
    build.set_up(clone)
    (clone.venv / "old").touch()
    with (clone.root / name).open("a", encoding="utf-8") as file:
        file.write("# newer\n")
    build.set_up(clone)
    assert times_made(clone) == 2
    assert not (clone.venv / "old").exists()


@posix
def test_lint_settings_do_not_matter(clone: build.Project) -> None:
    """A new lint setting does not cost anybody a new environment."""
    build.set_up(clone)
    settings = clone.root / "pyproject.toml"
    text = settings.read_text(encoding="utf-8").replace("line-length = 100", "line-length = 90")
    settings.write_text(text, encoding="utf-8")
    assert clone.ready()


@posix
def test_half_made_environment_is_made_again(clone: build.Project) -> None:
    """What an interrupted run left has no stamp and is thrown away as a whole."""
    (clone.venv / "bin").mkdir(parents=True)
    (clone.venv / "bin" / "half").touch()
    build.set_up(clone)
    assert clone.ready()
    assert not (clone.venv / "bin" / "half").exists()
    assert not list((clone.root / ".work").glob("old-venv*"))


@posix
def test_lost_python_is_noticed(clone: build.Project) -> None:
    """An environment whose interpreter is gone is made again."""
    build.set_up(clone)
    Path(clone.python).unlink()
    build.set_up(clone)
    assert times_made(clone) == 2


@posix
def test_two_at_once_make_one(clone: build.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second build.py waits for the first and uses what it made."""
    monkeypatch.setenv("UV_TAKES", "0.5")
    both = [start(clone, "setup") for _ in range(2)]
    said = [process.communicate(timeout=15)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert times_made(clone) == 1
    assert sum("waiting" in text for text in said) == 1


@posix
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_setup_leaves_no_stamp(
    clone: build.Project, monkeypatch: pytest.MonkeyPatch, sign: signal.Signals
) -> None:
    """Ctrl+C ends the tool too, without a traceback; the next run makes the environment whole."""
    monkeypatch.setenv("UV_TAKES", "15")
    process = start(clone, "setup")
    while not (clone.venv / "bin").exists():
        time.sleep(0.02)
    os.kill(-process.pid, sign) if sign == signal.SIGINT else process.send_signal(sign)
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 128 + sign
    assert "Traceback" not in errors
    assert not clone.ready()
    monkeypatch.setenv("UV_TAKES", "0")
    build.set_up(clone)
    assert clone.ready()


@posix
def test_failure_says_cause_and_next_step(
    clone: build.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool's last words and what to do come out, not a traceback."""
    monkeypatch.setenv("UV_SAYS", "error: No space left on device (os error 28)")
    process = start(clone, "setup")
    said, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "installing with uv: failed" in said
    assert errors.splitlines()[-2:] == ["", "The disk is full: free about 700 MB."]
    assert "os error 28" in errors


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("ensurepip is not available", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("SSL: CERTIFICATE_VERIFY_FAILED", "SSL_CERT_FILE"),
        ("Temporary failure in name resolution", "check the network"),
        ("dns error: failed to lookup address", "check the network"),
        ("The lockfile at `uv.lock` needs to be updated", "build.py lock"),
        ("[Errno 13] Permission denied: '.venv'", "end what runs"),
        ("something unheard of", "again"),
    ],
)
def test_advice(words: str, answer: str) -> None:
    """Each common failure has its next step."""
    assert answer in import_module("advice").advice(words)


def test_pip_takes_only_what_is_pinned() -> None:
    """Without uv every package comes with a hash, and the agent itself without any download."""
    _, pinned, itself = (command for _, command in build.recipe(HERE, uv=None))
    assert "--require-hashes" in pinned
    assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(itself)


@pytest.mark.parametrize(
    ("arguments", "rest"),
    [
        (
            ["test", "-m", "not slow", "tests/test_build.py"],
            ["-m", "not slow", "tests/test_build.py"],
        ),
        (["test", "--only-pytest", "-x"], ["-x"]),
        (["demo", "--once"], ["--once"]),
        (["setup"], []),
    ],
)
def test_what_it_does_not_know_goes_on(arguments: list[str], rest: list[str]) -> None:
    """Arguments of pytest and of the demo pass through in order."""
    assert build.parse(arguments).rest == rest


def test_setup_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped switch of setup is no silent success."""
    with pytest.raises(SystemExit):
        build.parse(["setup", "--pipp"])
    assert "--pipp" in capsys.readouterr().err


@posix
def test_ctrl_c_is_the_childs_business(tmp_path: Path) -> None:
    """After Ctrl+C the child ends in its own order; build.py waits and passes its code on."""
    child = (
        "import time\ntry:\n  print('up', flush=True); time.sleep(9)\nfinally: raise SystemExit(7)"
    )
    code = f"import build, sys; sys.exit(build.run([sys.executable, '-c', {child!r}]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=build.ROOT, stdout=-1, text=True, start_new_session=True
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    os.kill(-process.pid, signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 7


def test_lock_is_free_after_its_owner(tmp_path: Path) -> None:
    """The lock keeps a second one out while it is held, and lets it in afterwards."""
    inside = threading.Event()

    def second() -> None:
        with build.alone(tmp_path / ".work" / "lock"):
            inside.set()

    with build.alone(tmp_path / ".work" / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert not inside.wait(0.2)
    assert inside.wait(5)
    thread.join()
