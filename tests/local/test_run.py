"""Tests of `ats-agent run-local`, as a shell sees it: real children, files, git and signals."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.jobs.results import junit
from app.jobs.results.items import TestItem
from app.local.run import _put_away

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(60)]

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds that a run or a wait in a test may take
# A shell's background, which a test may run in, lets its children ignore Ctrl+C.
START = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from app.cli import main
sys.exit(main())
"""
PASSED = '<testsuite><testcase name="test_100001" time="0.5"/></testsuite>'
THREE = """<testsuite>
<testcase name="test_100001" time="0.5"><system-out>输出</system-out></testcase>
<testcase name="test_100002" time="1.25"><failure message="1 != 2">at 中文.py:7</failure></testcase>
<testcase name="test_100003"><skipped message="not now"/></testcase>
</testsuite>"""


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def table(self) -> list[str]:
        """The lines of the results."""
        lines = self.out.splitlines()
        start = next(at for at, line in enumerate(lines) if line.startswith("  CASE "))
        return lines[start + 1 : lines.index("", start)]

    @property
    def words(self) -> list[tuple[str, ...]]:
        """The first two words of each: case and result."""
        return [tuple(line.split()[:2]) for line in self.table]


class Place:
    """A folder with Chinese and a space in its name, for suite files and what they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "测试 套件"
        self.temp = folder / "temp"
        self.home = folder / "home"
        for made in (self.folder, self.temp, self.home):
            made.mkdir()
        self.junit = self.folder / "ats-results.xml"

    def python(self, code: str) -> str:
        """A command that runs a piece of Python, with `write` for the result file."""
        helper = (
            "import os, sys, time\n"
            "def write(text, name='report.xml'):\n"
            "    with open(name, 'w', encoding='utf-8') as file: file.write(text)\n"
        )
        script = self.folder / f"script{len(list(self.folder.iterdir()))}.py"
        script.write_text(helper + textwrap.dedent(code), encoding="utf-8")
        return f'"{sys.executable}" "{script}"'

    def suite(self, command: str, **keys: object) -> Path:
        """A suite file; JSON is YAML."""
        path = self.folder / "登录.yml"
        text = json.dumps({"command": command, **keys}, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *argv: str | Path, **env: str) -> "subprocess.Popen[bytes]":
        """Begin a run."""
        ours = {key: value for key, value in os.environ.items() if not key.startswith("ATS_")}
        ours |= {"ATS_AGENT_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        ours |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temp))
        ours |= {"PYTHONIOENCODING": "utf-8", "ATS_AGENT_LANGUAGE": "en", **env}
        return subprocess.Popen(
            [sys.executable, "-c", START, "run-local", *map(str, argv)],
            cwd=self.home,
            env=ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *argv: str | Path, **env: str) -> Done:
        """Run to the end."""
        return self.end(self.start(*argv, **env), env.get("PYTHONIOENCODING", "utf-8"))

    def end(self, process: "subprocess.Popen[bytes]", encoding: str = "utf-8") -> Done:
        """Wait for the end of a run."""
        with process:
            out, err = process.communicate(timeout=PATIENCE)
        texts = [text.decode(encoding).replace("\r\n", "\n") for text in (out, err)]
        return Done(process.returncode, *texts)

    @property
    def items(self) -> tuple[TestItem, ...]:
        """What the JUnit file says, read by our own reader."""
        reading = junit.read(self.junit.read_bytes())
        assert reading is not None
        assert reading.whole
        return reading.items

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Name and verdict of each case in the JUnit file."""
        return [(item.name.removeprefix("登录."), item.result.value) for item in self.items]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place that holds no temporary files in the end."""
    made = Place(tmp_path)
    yield made
    assert list(made.temp.iterdir()) == []


def test_all_passed(place: Place) -> None:
    """0; the log, the table and the JUnit file beside the suite file."""
    command = place.python(f"print('你好'); print('err', file=sys.stderr); write({PASSED!r})")
    done = place.run(place.suite(command, cases=["100001"]))
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert f"* No repository is configured; folder: {place.folder}" in lines
    assert {"你好", "err", "* Case 100001: passed (0.50 s)"} <= set(lines)
    assert done.table == ["  100001  passed  0.50 s"]
    assert lines[-3].startswith("1 cases: 1 passed, 0 failed, 0 with errors, 0 skipped; ")
    assert lines[-2:] == ["登录: passed.", f"JUnit XML: {place.junit}"]
    assert place.verdicts == [("100001", "passed")]
    assert {path.name for path in place.folder.iterdir()} == {
        *("登录.yml", "script0.py", "report.xml", "ats-results.xml"),
    }


def test_some_failed(place: Place) -> None:
    """6; the cases in the order of the file, by code, with what the file said of each."""
    command = place.python(f"write({THREE!r}); sys.exit(1)")
    cases = ["100003", {"code": "100001", "id": "z"}, {"code": 100002, "id": "a"}, "100004"]
    done = place.run(place.suite(command, cases=cases))
    assert done.code == 6
    assert done.table == [
        "  100003  skipped          not now",
        "  100001  passed   0.50 s",
        "  100002  failed   1.25 s  1 != 2",
        "  100004  error            process exited 1 before this case ran",
    ]
    assert "登录: failed. The command ended with exit code 1." in done.out
    assert [name for name, _result in place.verdicts] == ["100003", "100001", "100002", "100004"]
    assert place.items[1].output == "输出"
    assert place.items[2].message == "1 != 2\nat 中文.py:7"
    assert place.items[2].duration == 1.25


def test_without_cases_every_test_is_one(place: Place) -> None:
    """Nobody has to list them; no remark calls them strangers."""
    done = place.run(place.suite(place.python(f"write({THREE!r})")))
    assert done.code == 6
    assert done.words == [
        ("test_100001", "passed"),
        ("test_100002", "failed"),
        ("test_100003", "skipped"),
    ]
    assert "belong to no case" not in done.out
    assert "登录: failed. 1 of 3 cases failed" in done.out


def test_without_result_file_the_command_is_the_case(place: Place) -> None:
    """A plain script passes or fails."""
    assert place.run(place.suite(place.python("pass"))).code == 0
    assert place.verdicts == [("登录", "passed")]
    assert place.run(place.suite(place.python("sys.exit(3)"))).code == 6
    assert place.verdicts == [("登录", "failed")]


def test_cases_of_which_nothing_is_known(place: Place) -> None:
    """Several cases without a result file have no result; the file does not call them passed."""
    done = place.run(place.suite(place.python("sys.exit(3)"), cases=["a", "b"]))
    assert done.code == 6
    assert done.table == ["  a     no result", "  b     no result"]
    assert ", 2 without a result; " in done.out
    assert place.verdicts == [("a", "error"), ("b", "error")]


def test_timeout(place: Place) -> None:
    """6; what ran is named before it is ended, what was reported stays."""
    command = place.python(f"write({PASSED!r}); print('waits', flush=True); time.sleep(60)")
    done = place.run(place.suite(command, cases=["100001", "100002"], timeout=4))
    assert done.code == 6
    assert done.words == [("100001", "passed"), ("100002", "error")]
    assert "登录: timed out. It ran into its timeout of 4 s." in done.out


def test_the_agents_settings_count(place: Place) -> None:
    """The usual file is read, of which a run without a platform needs no address or token."""
    (place.home / "config.yaml").write_text(
        "task: {idle_timeout: 4}\nsuite: {results: [own.xml]}\nsuit: 1", encoding="utf-8"
    )
    command = place.python(f"write({PASSED!r}, 'own.xml'); time.sleep(60)")
    done = place.run(place.suite(command), ATS_AGENT_TOKEN_FILE="/nowhere")
    assert done.code == 6
    assert done.words == [("test_100001", "passed")]
    assert "It printed nothing for 4 s" in done.out
    assert "suit: unknown key" in done.err


def test_ats_yml_and_the_suites_own_patterns(place: Place) -> None:
    """A file .ats.yml counts as on the platform; the suite file is more particular."""
    (place.folder / ".ats.yml").write_text("results: [theirs.xml]", encoding="utf-8")
    command = place.python(f"write({PASSED!r}, 'theirs.xml'); write({THREE!r}, 'mine.xml')")
    assert place.run(place.suite(command)).words == [("test_100001", "passed")]
    done = place.run(place.suite(command, results="mine.xml"))
    assert [result for _name, result in done.words] == ["passed", "failed", "skipped"]


@pytest.mark.skipif(sys.platform != "linux", reason="other system: always a desktop")
def test_needs_of_the_desktop(place: Place) -> None:
    """They count as on the platform: here is no desktop, and nobody wants to wait for one."""
    (place.folder / ".ats.yml").write_text("needs: [unlocked-desktop]", encoding="utf-8")
    nowhere = {"DISPLAY": ":4711", "WAYLAND_DISPLAY": "", "ATS_AGENT_DESKTOP_NEEDS_TIMEOUT": "0"}
    suite = place.suite(place.python("write('ran', 'ran')"))
    done = place.run(suite, **nowhere)
    assert done.code == 7
    assert "there is no desktop session. Log in to this computer" in done.out
    assert not (place.folder / "ran").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("command: [a]", "登录.yml:1: command: "), ("comand: x", "Did you mean command?"), (None, "")],
)
def test_bad_file(place: Place, text: str | None, words: str) -> None:
    """2, one line on stderr, and nothing was started or written."""
    path = place.folder / "登录.yml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = place.run(path)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert done.err.splitlines()[-1].startswith("ats-agent: ")
    assert not place.junit.exists()


def test_junit_file_that_cannot_be_written(place: Place) -> None:
    """2 before anything ran; 5 when it turns out in the end."""
    suite = place.suite(place.python("print('ran'); os.mkdir('out.xml')"))
    done = place.run(suite, "--junit", place.folder)
    assert (done.code, done.out) == (2, "")
    assert "--junit FILE" in done.err
    done = place.run(suite, "--junit", place.folder / "out.xml")
    assert done.code == 5
    assert "The results cannot be written to" in done.err


def test_junit_file_elsewhere(place: Place) -> None:
    """Its folder is made."""
    place.junit = place.home / "新" / "r.xml"
    done = place.run(place.suite(place.python("pass")), "--junit", "新/r.xml")
    assert done.code == 0
    assert place.verdicts == [("登录", "passed")]


def git(folder: Path, *words: str) -> None:
    """Run git with an identity of the test."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    subprocess.run(
        ["git", *identity, *words],  # noqa: S607 (whichever git there is)
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_git_checkout_without_a_trace_of_the_token(place: Place) -> None:
    """The command runs in the checkout and finds no token; what prints it prints stars."""
    repository = place.home / "repo 仓库"
    repository.mkdir()
    code = f"import os; open('report.xml', 'w').write({PASSED!r}); print(sorted(os.environ))"
    (repository / "tests.py").write_text(code, encoding="utf-8")
    git(repository, "init", "--quiet", "--initial-branch", "main")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "first")
    suite = place.suite(
        f'"{sys.executable}" tests.py && echo s3cret-{"token"}',
        cases=["100001"],
        git={"url": repository.as_uri(), "branch": "main"},
    )
    done = place.run(suite, ATS_GIT_TOKEN="s3cret-token")
    assert done.code == 0
    assert "ATS_GIT_TOKEN" not in done.out
    assert "s3cret" not in done.out + done.err + place.junit.read_text(encoding="utf-8")
    assert "***" in done.out
    assert done.words == [("100001", "passed")]


def test_no_git(place: Place) -> None:
    """7; the reason and what to do stand in the last lines and in the JUnit file."""
    done = place.run(place.suite("x", git={"url": "https://h.invalid/p.git"}), PATH="")
    assert done.code == 7
    assert "登录: not run. " in done.out
    assert "Install git" in done.out
    assert "Install git" in place.items[0].message


def test_gbk_console(place: Place) -> None:
    """Chinese is readable, what GBK lacks is escaped."""
    command = place.python("sys.stdout.buffer.write('通过 \\U0001f600\\n'.encode())")
    done = place.run(place.suite(command), PYTHONIOENCODING="gbk")
    assert done.code == 0
    assert "通过 \\U0001f600" in done.out.splitlines()
    assert "登录: passed." in done.out


def test_colours_stay_out_of_a_pipe(place: Place) -> None:
    """No program drives the terminal of whoever reads the output later."""
    done = place.run(place.suite(place.python(r"print('\x1b[31mred\x1b[0m\x07')")))
    assert "red\\x07" in done.out.splitlines()
    assert "\x1b" not in done.out


def test_keep(place: Place) -> None:
    """The temporary folder stays and is named; the job's log is in it."""
    done = place.run(place.suite(place.python("print('kept words')")), "--keep")
    kept = Path(done.out.splitlines()[-1].removeprefix("Kept: "))
    assert kept.parent == place.temp
    log = next((kept / "work" / "logs" / "tasks").iterdir())
    assert "kept words" in log.read_text(encoding="utf-8")
    kept.rename(place.home / "kept")


def test_screenshots_are_not_thrown_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log names their paths, so they are there afterwards."""
    evidence = tmp_path / "scratch" / "work" / "tasks" / "local" / "evidence"
    evidence.mkdir(parents=True)
    _put_away(tmp_path / "scratch", keep=False)
    assert not (tmp_path / "scratch").exists()
    evidence.mkdir(parents=True)
    (evidence / "100001.png").touch()
    _put_away(tmp_path / "scratch", keep=False)
    assert (evidence / "100001.png").exists()
    assert capsys.readouterr().out == f"Kept: {tmp_path / 'scratch'}\n"


def test_case_list(place: Place) -> None:
    """xat is told the cases; a list by somebody else stays where none are named."""
    path = place.folder / "xat" / "test_cases.json"
    path.parent.mkdir()
    path.write_text("mine", encoding="utf-8")
    place.run(place.suite(place.python("pass")))
    assert path.read_text(encoding="utf-8") == "mine"
    cases = [{"code": "100001", "id": "z"}, {"code": "100002", "id": "a"}]
    place.run(place.suite(place.python("pass"), cases=cases))
    told = json.loads(path.read_text(encoding="utf-8"))
    assert (told["case_codes"], told["case_ids"]) == (["100002", "100001"], ["a", "z"])


# -------------------------------------------------------------------------------- stopping

no_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="other system: Windows sends Ctrl+C to a whole console"
)


def begun(place: Place, code: str, **keys: object) -> "subprocess.Popen[bytes]":
    """A run whose command has written its first result and its pid."""
    command = place.python(f"write({PASSED!r}); write(str(os.getpid()), 'pid')\n" + code)
    process = place.start(place.suite(command, cases=["100001", "100002"], **keys))
    deadline = time.monotonic() + PATIENCE
    assert process.stdout is not None
    while b"100001" not in process.stdout.readline():
        assert time.monotonic() < deadline
    return process


def is_gone(place: Place) -> bool:
    """Whether nothing is left of the command."""
    pid = int((place.folder / "pid").read_text(encoding="utf-8"))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@no_signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(place: Place, number: int) -> None:
    """130; the tree has ended, and table and file tell what there was."""
    process = begun(place, "time.sleep(60)")
    process.send_signal(number)
    done = place.end(process)
    assert done.code == 130
    assert done.words == [("100001", "passed"), ("100002", "error")]
    assert "Ctrl+C again" in done.err
    assert place.verdicts == [("100001", "passed"), ("100002", "error")]
    assert is_gone(place)


@no_signals
def test_second_ctrl_c_hurries(place: Place) -> None:
    """A command that takes its time is ended at once."""
    stubborn = "import signal\nfor s in (2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(60)"
    process = begun(place, stubborn)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert b"Ctrl+C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = place.end(process)
    assert done.code == 130
    assert time.monotonic() - asked < 8  # far less than its 10 s
    assert is_gone(place)


@no_signals
def test_reader_that_goes_away(place: Place) -> None:
    """`| head` ends the showing, not the run."""
    process = begun(place, "for n in range(300): print('x' * 1000)")
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.wait(PATIENCE) == 0
    assert place.verdicts == [("100001", "passed"), ("100002", "skipped")]


def test_in_this_process(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line's own function returns the code and takes the token out of sight."""
    monkeypatch.setenv("ATS_AGENT_HOME", str(place.home))
    monkeypatch.setenv("ATS_GIT_TOKEN", "s3cret-token")
    monkeypatch.setattr("tempfile.tempdir", str(place.temp))
    suite = place.suite(place.python("print(os.environ.get('ATS_GIT_TOKEN'))"), tokens=1)
    before = signal.getsignal(signal.SIGINT)
    assert main(["run-local", str(suite)]) == 0
    out, err = capsys.readouterr()
    assert "None" in out.splitlines()
    assert "tokens: unknown key, ignored." in err
    assert "ATS_GIT_TOKEN" not in os.environ
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing passed, so it is not 0."""

    def interrupted(_options: object, _effective: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setenv("ATS_AGENT_HOME", str(place.home))
    monkeypatch.setattr("app.local.run.run_local", interrupted)
    assert main(["run-local", "x.yml"]) == 130
