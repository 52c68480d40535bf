"""Tests of app.jobs.patterns."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs import patterns
from app.jobs.patterns import (
    DEFAULT_PATTERNS,
    PLATFORM_FILES,
    Finder,
    PatternError,
    parse_pattern,
    regular_stat,
)


def grow(root: Path, *names: str) -> None:
    """Make files, with their folders."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def found(root: Path, *texts: str) -> set[str]:
    """What the patterns find below `root`."""
    finder = Finder(root, [parse_pattern(text) for text in texts], time.monotonic)
    return set(finder.scan().files)


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "/etc/passwd", "/*.xml", "..", "../x.xml", "a/../../x", "a\\..\\x.xml"),
        *("C:\\x.xml", "c:x.xml", "C:/x", "\\\\server\\share\\x.xml", "//server/share/x"),
        *("\\\\?\\C:\\x", "\\\\.\\pipe\\x", "~/x.xml", "~root/x", "x.xml:stream", "a\0b", "a\nb"),
        *(".", "x" * 501, "a/" * 40 + "x"),
    ],
)
def test_hostile_patterns_are_refused(text: str) -> None:
    """Whatever leads or may lead out of the folder is refused, in words."""
    with pytest.raises(PatternError, match=r"\w+ \w+"):
        parse_pattern(text)


@given(st.text(max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    """A pattern is taken or refused; what is taken stays below the folder."""
    try:
        pattern = parse_pattern(text)
    except PatternError:
        return
    assert ".." not in pattern.parts
    assert not Path(*pattern.parts).is_absolute()


def test_shapes(tmp_path: Path) -> None:
    """Stars within a name, "**" over folders, a final "/" for all below, both separators."""
    grow(tmp_path, "a.xml", "b.json", "r/a.xml", "r/s/b.xml", "r/s/t/c.xml", "测试 报告/结果.xml")
    assert found(tmp_path, "*.xml") == {"a.xml"}
    assert found(tmp_path, "./a.xml", "nothing.xml") == {"a.xml"}
    assert found(tmp_path, "r/*.xml") == {"r/a.xml"}
    assert found(tmp_path, "r\\*\\*.xml") == {"r/s/b.xml"}
    assert found(tmp_path, "r/**/*.xml") == {"r/a.xml", "r/s/b.xml", "r/s/t/c.xml"}
    assert found(tmp_path, "r/") == found(tmp_path, "r/**") == found(tmp_path, "r/**/*.xml")
    assert found(tmp_path, "**/c.xml") == {"r/s/t/c.xml"}
    assert found(tmp_path, "**/s/**/[bc].xml") == {"r/s/b.xml", "r/s/t/c.xml"}
    assert found(tmp_path, "测试 */*.xml") == {"测试 报告/结果.xml"}
    assert found(tmp_path, "?.xml", "**/?.json") == {"a.xml", "b.json"}


def test_wildcards_enter_no_hidden_or_foreign_folder(tmp_path: Path) -> None:
    """.git, .venv and node_modules are passed by, unless they are named."""
    grow(
        tmp_path, ".git/a.xml", ".venv/a.xml", "node_modules/m/a.xml", "r/.hidden/a.xml", "r/a.xml"
    )
    assert found(tmp_path, "**/*.xml", "*/*.xml") == {"r/a.xml"}
    assert found(tmp_path, ".venv/*.xml", "r/.hidden/*.xml") == {".venv/a.xml", "r/.hidden/a.xml"}


def test_links(tmp_path: Path) -> None:
    """No folder that leads out is entered; inside, only one that is named; loops end."""
    root = tmp_path / "root"
    grow(tmp_path, "outside/a.xml", "root/real/a.xml")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "real")
    (root / "real" / "loop").symlink_to(root)
    assert found(root, "out/*.xml", "*/*.xml") == {"real/a.xml"}
    assert found(root, "in/*.xml") == {"in/a.xml"}
    assert found(root, "**/*.xml") == {"real/a.xml"}


def test_pipes_are_no_files(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("other system: no named pipes in folders")
    os.mkfifo(tmp_path / "a.xml")
    (tmp_path / "b.xml").mkdir()
    assert found(tmp_path, "*.xml") == set()
    assert regular_stat(tmp_path / "a.xml") is None
    assert regular_stat(tmp_path / "b.xml") is None
    assert regular_stat(tmp_path / "a\0b") is None


def test_a_scan_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries, files, depth and time have limits, and the scan says that it was cut."""
    grow(tmp_path, *(f"d{number}/{file}.xml" for number in range(10) for file in range(10)))
    finder = Finder(tmp_path, [parse_pattern("**/*.xml")], time.monotonic)
    assert len(finder.scan().files) == 100
    monkeypatch.setattr(patterns, "MAX_FILES", 20)
    assert (len(finder.scan().files), finder.scan().cut) == (20, True)
    monkeypatch.setattr(patterns, "MAX_ENTRIES", 15)
    assert finder.scan().cut
    ticks = iter(range(1000))
    slow = Finder(tmp_path, [parse_pattern("**/*.xml")], lambda: float(next(ticks)))
    assert slow.scan().cut


def test_a_missing_folder_holds_nothing(tmp_path: Path) -> None:
    """A folder that is gone or is a file raises nothing."""
    grow(tmp_path, "file")
    for root in (tmp_path / "gone", tmp_path / "file"):
        assert found(root, "**/*.xml") == set()


@pytest.mark.parametrize(
    "name",
    [
        *("test_results.json", "xat/test_results.json", "junit.xml", "my-junit-report.xml"),
        *("report.xml", "results.xml", "xunit.xml", "TEST-demo.xml", "test-results/a/b.xml"),
        *("target/surefire-reports/TEST-demo.LoginTest.xml", "results/xunit.xml"),
        *("target/failsafe-reports/TEST-demo.xml", "core/target/surefire-reports/TEST-a.xml"),
        *("build/test-results/test/TEST-demo.xml", "app/build/test-results/test/TEST-a.xml"),
        *("reportlog.jsonl", "pytest.reportlog", "report-log.json", "reports/junit.xml"),
    ],
)
def test_defaults_find_the_usual_files(tmp_path: Path, name: str) -> None:
    """Where the usual tools write, without anything configured."""
    grow(tmp_path, name, "pom.xml", "src/main.xml")
    assert found(tmp_path, *PLATFORM_FILES, *DEFAULT_PATTERNS) == {name}
