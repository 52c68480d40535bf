"""Tests of app.jobs.case_files."""

import json
from pathlib import Path

import pytest

from app.jobs.case_files import CODES_FILE, remember_codes, remembered_codes, write_case_file
from app.protocol.messages import SuiteAssigned

IDS = ("id-b", "id-c", "id-a")


def suite(
    codes: tuple[str, ...] | None = ("1", "2", "3"), ids: tuple[str, ...] = IDS
) -> SuiteAssigned:
    """An assignment of three cases."""
    return SuiteAssigned(
        suite_id="suite",
        plan_id="plan",
        execution_id="execution",
        command="pytest",
        case_ids=ids,
        case_codes=codes,
        executor_id="user",
    )


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    """A folder with a Chinese name that holds `xat`."""
    folder = tmp_path / "测试 目录"
    (folder / "xat").mkdir(parents=True)
    return folder


def lists(cwd: Path) -> tuple[list[str], list[str]]:
    """Codes and ids of the case list."""
    value = json.loads((cwd / "xat" / "test_cases.json").read_bytes())
    return value["case_codes"], value["case_ids"]


def test_aligned(cwd: Path) -> None:
    """The codes stand beside the sorted ids, with the ids of suite, plan and execution."""
    written = write_case_file(cwd, suite(), {})
    assert written.path == cwd / "xat" / "test_cases.json"
    assert json.loads(written.path.read_bytes()) == {
        "case_codes": ["1", "2", "3"],
        "case_ids": ["id-a", "id-b", "id-c"],
        "suite_id": "suite",
        "plan_id": "plan",
        "execution_id": "execution",
    }
    assert [path.name for path in written.path.parent.iterdir()] == ["test_cases.json"]


def test_no_folder(tmp_path: Path) -> None:
    """`xat` is never made; a suite of another framework hears nothing of it."""
    written = write_case_file(tmp_path, suite(), {})
    assert (written.path, written.remark) == (None, "")
    assert list(tmp_path.iterdir()) == []


def test_remembered_codes_stand_in(cwd: Path) -> None:
    """Absent codes are taken from memory when it knows all of them."""
    known = {"9": "id-a", "8": "id-b", "7": "id-c", "6": "elsewhere"}
    assert write_case_file(cwd, suite(None), known).path is not None
    assert lists(cwd) == (["9", "8", "7"], ["id-a", "id-b", "id-c"])


def test_an_incomplete_list_is_no_list(cwd: Path) -> None:
    """It would leave out cases; the one of an earlier run would filter wrongly and goes."""
    write_case_file(cwd, suite(), {})
    written = write_case_file(cwd, suite(None), {"9": "id-a", "8": "id-b"})
    assert written.path is None
    assert "no case list" in written.remark
    assert list((cwd / "xat").iterdir()) == []


def test_a_deleted_case(cwd: Path) -> None:
    """Fewer codes than ids: xat filters by the codes; ids only where memory knows them all."""
    write_case_file(cwd, suite(("1", "2")), {"1": "id-c"})
    assert lists(cwd) == (["1", "2"], ["id-a", "id-b", "id-c"])
    write_case_file(cwd, suite(("1", "2")), {"1": "id-c", "2": "id-a"})
    assert lists(cwd) == (["1", "2"], ["id-c", "id-a"])


def test_an_unwritable_list_is_a_remark(cwd: Path) -> None:
    """The suite goes on without it, as the stock agent does."""
    (cwd / "xat" / "test_cases.json").mkdir()
    written = write_case_file(cwd, suite(), {})
    assert written.path is None
    assert "cannot be written" in written.remark


def test_memory(tmp_path: Path) -> None:
    """Codes add up over the runs; a case's new code replaces its old one."""
    assert remembered_codes(tmp_path) == {}
    remember_codes(tmp_path, {"登录1": "a", "2": "b"})
    remember_codes(tmp_path, {"3": "c", "22": "b"})
    assert remembered_codes(tmp_path) == {"登录1": "a", "3": "c", "22": "b"}


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    """Without anything to remember there is no file, and the same again does not touch it."""
    remember_codes(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    remember_codes(tmp_path, {"1": "a"})
    before = (tmp_path / CODES_FILE).stat().st_mtime_ns
    remember_codes(tmp_path, {"1": "a"})
    assert (tmp_path / CODES_FILE).stat().st_mtime_ns == before


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'{"a": 1, "b": [2]}', b"\xff", b"[" * 99_999])
def test_a_damaged_memory_is_empty(tmp_path: Path, data: bytes) -> None:
    """It costs the memory, never the run."""
    (tmp_path / CODES_FILE).write_bytes(data)
    assert remembered_codes(tmp_path) == {}


def test_memory_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is gone raises nothing."""
    remember_codes(tmp_path / "gone", {"1": "a"})
