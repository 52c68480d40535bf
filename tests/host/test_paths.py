"""Folders and safe names."""

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigError, WorkDirError
from app.host.paths import (
    WorkDir,
    check_work_dir,
    default_home,
    portable_file,
    prepare_home,
    resolve_work_dir,
    safe_name,
)


@pytest.mark.skipif(sys.platform != "linux", reason="other system: XDG")
def test_default_home_follows_the_desktops_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's data folder, wherever it was put."""
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_home() == Path("/data/ats-agent")


def test_home_is_made_for_this_user_only(tmp_path: Path) -> None:
    """With parents; a second time changes nothing."""
    home = tmp_path / "a" / "home"
    prepare_home(home)
    prepare_home(home)
    assert list(home.iterdir()) == []
    if sys.platform != "win32":
        assert home.stat().st_mode & 0o777 == 0o700


def test_home_that_cannot_be_made(tmp_path: Path) -> None:
    """Path and cause are named."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "file"))):
        prepare_home(tmp_path / "file" / "home")


def test_work_dir_is_made_with_its_folders(tmp_path: Path) -> None:
    """tasks, suites, logs, logs/tasks and cache, and nothing else is left behind."""
    work = WorkDir(tmp_path / "deep" / "work")
    work.prepare()
    work.prepare()
    made = {str(path.relative_to(work.root)) for path in work.root.rglob("*")}
    assert made == {"tasks", "suites", "logs", os.path.join("logs", "tasks"), "cache"}  # noqa: PTH118


def test_work_dir_that_cannot_be_made(tmp_path: Path) -> None:
    """The error carries the path and the cause."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorkDirError) as caught:
        WorkDir(tmp_path / "file" / "work").prepare()
    assert caught.value.path == tmp_path / "file" / "work"
    assert caught.value.why


@pytest.mark.skipif(sys.platform != "linux", reason="other system: /proc")
def test_work_dir_that_cannot_be_written() -> None:
    """A folder that exists but takes no file is found out by writing, even by root."""
    with pytest.raises(WorkDirError) as caught:
        WorkDir(Path("/proc/self")).prepare()
    assert caught.value.path == Path("/proc/self")


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (None, "/home/workspace"),
        ("", "/home/workspace"),
        ("  ", "/home/workspace"),
        ("mine", "/home/workspace/mine"),
        (Path("a/b"), "/home/workspace/a/b"),
        ("./a//b/../c/", "/home/workspace/a/c"),
        ("~/work", "/user/work"),
        ("/abs/work ", "/abs/work"),
    ],
)
def test_work_dir_wishes(
    monkeypatch: pytest.MonkeyPatch, wish: str | Path | None, expected: str
) -> None:
    """Relative ones lie in home/workspace, "~" is expanded, absolute ones stay."""
    monkeypatch.setenv("HOME", "/user")
    monkeypatch.setenv("USERPROFILE", "/user")
    assert resolve_work_dir(wish, Path("/home")) == Path(expected)


@pytest.mark.parametrize("wish", ["a\0b", "~nobody-of-this-name/work"])
def test_impossible_work_dir(wish: str) -> None:
    """A name that is no folder at all is the same error as one that cannot be made."""
    with pytest.raises(WorkDirError):
        resolve_work_dir(wish, Path("/home"))


@pytest.mark.parametrize(
    "job_id", ["t1", "3f2b8c1e-0d7e-4f57-9c6b-1a2b3c4d5e6f", "A.b_c-1", "con1"]
)
def test_ordinary_id_is_its_own_name(job_id: str) -> None:
    """Users find their job's folder by its id."""
    assert safe_name(job_id) == job_id


@pytest.mark.parametrize(
    ("job_id", "start"),
    [
        ("", "_~"),
        (".", "_~"),
        ("..", "_~"),
        ("../../etc/passwd", "_.._etc_passwd~"),
        (".hidden", "hidden~"),
        ("a.", "a~"),
        ("a ", "a_~"),
        ("a/b", "a_b~"),
        ("a\\b", "a_b~"),
        ("C:x", "C_x~"),
        ("NUL", "_NUL~"),
        ("com1.txt", "_com1.txt~"),
        ("a~b", "a_b~"),
        ("测试", "__~"),
        ("\ud800", "_~"),
        ("x" * 101, "x" * 100 + "~"),
    ],
)
def test_hostile_id_is_disarmed(job_id: str, start: str) -> None:
    """What was altered gets a hash of the original, so different ids keep different names."""
    name = safe_name(job_id)
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{12}", name)


@given(st.text())
def test_any_id_gives_one_safe_part(job_id: str) -> None:
    """One path part, on every system, whatever the network sent."""
    name = safe_name(job_id)
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}(~[0-9a-f]{12})?", name)
    assert not name.endswith((".", " "))
    assert safe_name(name) == name or "~" in name
    assert Path(name).name == name


class TestPortable:
    """A program with `ats-agent.yaml` beside it keeps its memory there."""

    def program(self, folder: Path, text: str = "") -> Path:
        """Make the folder of such a program."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ats-agent.yaml").write_text(text, encoding="utf-8")
        return folder

    def test_home_lies_beside_it(self, tmp_path: Path) -> None:
        """Unless the file says otherwise; a broken file does not move the home."""
        for text in ("", "state: beside", "state: [", "state: desk", "task: {}"):
            assert default_home(self.program(tmp_path, text)) == tmp_path / "ats-agent-data"
        assert default_home(self.program(tmp_path, "state: user")) == default_home()
        assert default_home(tmp_path / "elsewhere") == default_home()

    def test_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        """The user's folder is taken then."""
        (self.program(tmp_path) / "ats-agent-data").write_text("no folder", encoding="utf-8")
        assert default_home(tmp_path) == default_home()

    @pytest.mark.parametrize(
        ("program", "folder"),
        [
            ("tools/ats-agent.exe", "tools"),
            ("tools/ATS Agent.app/Contents/MacOS/ats-agent", "tools"),
            ("x.app/tools/ats-agent", "x.app/tools"),
        ],
    )
    def test_where_the_program_lies(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, folder: str
    ) -> None:
        """Frozen: beside the executable, or beside the bundle; from source: nowhere."""
        file = self.program(tmp_path / folder) / "ats-agent.yaml"
        monkeypatch.setattr(sys, "executable", str(tmp_path / program))
        assert portable_file() is None
        monkeypatch.setattr(sys, "frozen", True, raising=False)
        assert portable_file() == file


@pytest.mark.skipif(sys.platform == "win32", reason="other system: names that are bytes")
def test_a_name_that_no_folder_can_have(tmp_path: Path) -> None:
    """A browser can send half of a character; it is refused before it is saved."""
    with pytest.raises(WorkDirError):
        check_work_dir(tmp_path / "\ud800")


def test_work_dir_is_tried_without_making_it(tmp_path: Path) -> None:
    """What can become a folder for us is fine, and nothing is left behind."""
    check_work_dir(tmp_path / "a" / "b")
    check_work_dir(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("", encoding="utf-8")
    for wrong in (tmp_path / "file", tmp_path / "file" / "below", Path("/" + "x" * 5000)):
        with pytest.raises(WorkDirError):
            check_work_dir(wrong)
