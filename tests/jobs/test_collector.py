"""Tests of app.jobs.collector and app.jobs.result_file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.jobs import collector, result_file
from app.jobs.collector import Collector
from app.jobs.results.items import TestItem, Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Room:
    """A folder, its collector, and words to play a test tool."""

    def __init__(self, cwd: Path, *patterns: str) -> None:
        self.cwd = cwd
        self.clock = Clock()
        self.collector = Collector(cwd, patterns, self.clock)

    def write(self, name: str, text: str) -> Path:
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def poll(self) -> list[tuple[str, Verdict]]:
        """Poll a second later."""
        self.clock.now += 1.0
        return told(self.collector.poll())


def told(items: list[TestItem] | tuple[TestItem, ...]) -> list[tuple[str, Verdict]]:
    return [(item.name, item.result) for item in items]


def xat(*results: str) -> str:
    """A `test_results.json` with tests t0, t1 … that ended like this."""
    names = enumerate(results)
    return json.dumps([{"test_name": f"t{at}", "status": status} for at, status in names])


def junit(*names: str, inside: str = "") -> str:
    """A JUnit file with these tests."""
    cases = "".join(f'<testcase name="{name}">{inside}</testcase>' for name in names)
    return f"<testsuite>{cases}</testsuite>"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A room with the default patterns and nothing in it yet."""
    room = Room(tmp_path)
    room.collector.note_old()
    return room


def test_live(room: Room) -> None:
    """Items come as the file grows, each once; a changed one again."""
    room.write("test_results.json", "[]")
    assert room.poll() == []
    room.write("test_results.json", xat("passed"))
    assert room.poll() == [("t0", PASSED)]
    assert room.poll() == []
    room.write("test_results.json", xat("passed", "failed"))
    assert room.poll() == [("t1", FAILED)]
    room.write("test_results.json", xat("failed", "failed", "passed"))
    assert room.poll() == [("t0", FAILED), ("t2", PASSED)]
    findings = room.collector.finish()
    assert findings.items == ()
    assert findings.files_seen == ("test_results.json",)
    assert findings.problems == ()


def test_half_written(room: Room) -> None:
    """A look at a file in the middle of a write gives what is there; the next one the rest."""
    whole = xat("passed", "failed")
    room.write("xat/test_results.json", whole[: len(whole) // 2 + 8])
    assert room.poll() == [("t0", PASSED)]
    room.write("xat/test_results.json", "")
    assert room.poll() == []
    room.write("xat/test_results.json", whole)
    assert room.poll() == [("t1", FAILED)]
    assert room.collector.finish().problems == ()


def test_files_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    """They count once they are written anew, even with the same text and size."""
    room = Room(tmp_path)
    room.write("xat/test_results.json", xat("failed"))
    old = room.write("target/surefire-reports/TEST-a.xml", junit("a"))
    room.collector.note_old()
    assert room.poll() == []
    assert room.collector.finish().files_seen == ()
    assert "earlier run" in room.collector.finish().problems[0]
    text = old.read_text(encoding="utf-8")
    old.unlink()
    room.write("target/surefire-reports/TEST-a.xml", text)
    assert room.poll() == [("a", PASSED)]
    assert room.collector.finish().files_seen == ("target/surefire-reports/TEST-a.xml",)


def test_a_new_file_with_an_old_date_counts(tmp_path: Path) -> None:
    """A tool may restore dates; what was not there before is new."""
    room = Room(tmp_path)
    room.collector.note_old()
    path = room.write("junit.xml", junit("a"))
    os.utime(path, (1, 1))
    assert room.poll() == [("a", PASSED)]


def test_the_last_look_trusts_no_date(room: Room) -> None:
    """A write within the clock's grain and with the same size is seen at the end."""
    path = room.write("test_results.json", xat("passed"))
    assert room.poll() == [("t0", PASSED)]
    before = path.stat()
    with path.open("r+", encoding="utf-8") as file:
        file.write(xat("failed"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert told(room.collector.finish().items) == [("t0", FAILED)]


def test_formats_add_up(room: Room) -> None:
    """The platform's own file and others of the same tests are both read."""
    room.write("test_results.json", xat("passed"))
    room.write("junit.xml", junit("t0", inside="<error/>"))
    assert room.poll() == [("t0", PASSED), ("t0", ERROR)]


def test_the_same_name_twice(room: Room) -> None:
    """Two tests of one name in one file are two items, and do not come again."""
    room.write("junit.xml", junit("a", "a"))
    assert room.poll() == [("a", PASSED), ("a", PASSED)]
    room.write("junit.xml", junit("a", "a", "a"))
    assert room.poll() == [("a", PASSED)]


def test_what_was_under_way_comes_at_the_end(room: Room) -> None:
    """A crash of the interpreter names the test, once nobody writes any more."""
    report = {"$report_type": "TestReport", "nodeid": "a", "when": "setup", "outcome": "passed"}
    room.write("reportlog.jsonl", json.dumps(report) + "\n")
    assert room.poll() == []
    findings = room.collector.finish()
    assert told(findings.items) == [("a", ERROR)]
    assert "SessionFinish" in findings.problems[0]


@pytest.mark.parametrize("text", ["", "  \n", "[]", "<testsuites/>", "<testsuite><test"])
def test_empty_files(room: Room, text: str) -> None:
    """A result file without tests is named."""
    name = "test_results.json" if text.startswith("[") else "junit.xml"
    room.write(name, text)
    findings = room.collector.finish()
    assert (findings.items, findings.files_seen) == ((), (name,))


def test_a_cut_file_is_named(room: Room) -> None:
    """It gives what it has, and says so."""
    room.write("junit.xml", junit("a", "b")[:-20])
    findings = room.collector.finish()
    assert told(findings.items) == [("a", PASSED)]
    assert findings.problems == ("Result file junit.xml: its end is missing.",)


def test_patterns_of_the_user(tmp_path: Path) -> None:
    """They replace the defaults, but the platform's own file is always read."""
    room = Room(tmp_path, "out\\**\\*.xml", "../x.xml")
    room.collector.note_old()
    room.write("junit.xml", junit("ignored"))
    room.write("out/deep/测试.xml", junit("a"))
    room.write("test_results.json", xat("passed"))
    assert sorted(room.poll()) == [("a", PASSED), ("t0", PASSED)]
    (problem,) = room.collector.finish().problems
    assert "'../x.xml' is not used: it leads out" in problem


def test_a_wished_file_of_no_known_format(tmp_path: Path) -> None:
    """It is a result file without tests: nobody can say that these tests passed."""
    room = Room(tmp_path, "out/*.xml")
    room.collector.note_old()
    room.write("out/page.xml", "<html><body/></html>")
    findings = room.collector.finish()
    assert (findings.items, findings.files_seen) == ((), ("out/page.xml",))
    assert findings.problems == ("Result file out/page.xml: it is of no known result format.",)


def test_a_guessed_file_of_no_known_format(room: Room) -> None:
    """What merely has a usual name is nobody's result."""
    room.write("reports/coverage.xml", "<coverage/>")
    room.write("test_results.json", '{"numFailedTests": 0}')
    findings = room.collector.finish()
    assert findings.files_seen == findings.problems == ()


def test_nothing_matches(tmp_path: Path) -> None:
    """A pattern without a file is named."""
    findings = Room(tmp_path, "out/*.xml", "a.xml").collector.finish()
    assert findings.problems == ("No file of this run matches: out/*.xml, a.xml.",)


def test_links_leading_out(tmp_path: Path) -> None:
    """Neither a linked file nor a plain name through a linked folder is read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "junit.xml").write_text(junit("secret"), encoding="utf-8")
    (tmp_path / "cwd").mkdir()
    room = Room(tmp_path / "cwd", "*.xml", "out/junit.xml")
    room.collector.note_old()
    (room.cwd / "junit.xml").symlink_to(tmp_path / "outside" / "junit.xml")
    (room.cwd / "out").symlink_to(tmp_path / "outside")
    assert room.poll() == []
    problems = room.collector.finish().problems
    assert [("link" in problem) for problem in problems] == [True, True]


def test_an_unreadable_file(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds it (Windows) nothing is lost: it is read later."""
    room.write("junit.xml", junit("a"))

    def held(_path: Path) -> object:
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(result_file, "open_plain", held)
    assert room.poll() == []
    monkeypatch.undo()
    assert room.poll() == [("a", PASSED)]
    assert room.collector.finish().problems == ()


@pytest.mark.slow
def test_sizes_are_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a huge file the beginning is read; past the limit of tests no further file is."""
    monkeypatch.setattr(result_file, "MAX_BYTES", 2**20)
    long = junit(*(f"t{number}" for number in range(50_000)))
    room.write("junit.xml", long)
    assert 10_000 < len(room.poll()) < 50_000
    assert "larger than 1 MiB" in room.collector.finish().problems[0]
    monkeypatch.setattr(collector, "MAX_ITEMS", 100)
    room.write("report.xml", junit("more"))
    assert room.poll() == []
    assert "Only the first 100 tests" in room.collector.finish().problems[-1]


def test_polling_rests_after_work(tmp_path: Path) -> None:
    """A poll that took long is followed by a rest of four times that; new files by ten."""
    clock = Clock()
    slow = Collector(tmp_path, ["*.xml"], clock)
    slow.poll()
    (tmp_path / "a.xml").write_text(junit("a"), encoding="utf-8")
    assert slow.poll() == []  # no new look for files within half a second
    clock.now += collector.SCAN_EVERY
    assert len(slow.poll()) == 1


@pytest.mark.slow
def test_many_files_are_cheap(room: Room) -> None:
    """A thousand unchanged files are looked at, not read again."""
    for number in range(1000):
        room.write(f"target/surefire-reports/TEST-{number}.xml", junit(f"t{number}"))
    assert len(room.poll()) == 1000
    assert room.poll() == []
    assert len(room.collector.finish().files_seen) == 1000


def test_a_folder_that_vanishes(tmp_path: Path) -> None:
    """Nothing is raised when the folder or a file goes away."""
    room = Room(tmp_path / "gone", "*.xml")
    room.collector.note_old()
    assert room.poll() == []
    path = room.write("a.xml", junit("a"))
    assert room.poll() == [("a", PASSED)]
    path.unlink()
    assert room.poll() == []
    assert room.collector.finish().files_seen == ("a.xml",)


@pytest.mark.slow
def test_a_real_tool(tmp_path: Path) -> None:
    """pytest itself writes the file; the old one is overwritten and counts."""
    room = Room(tmp_path)
    room.write("junit.xml", junit("old"))
    room.write("test_real.py", "def test_a(): pass\ndef test_b(): assert False, '测试'\n")
    room.collector.note_old()
    options = ["-p", "no:cacheprovider", "-p", "no:asyncio", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", *options, "--junitxml=junit.xml", "test_real.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=15)
    assert ended.returncode == 1, ended.stdout
    findings = room.collector.finish()
    assert told(findings.items) == [("test_real.test_a", PASSED), ("test_real.test_b", FAILED)]
    assert "测试" in findings.items[1].message
