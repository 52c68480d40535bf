"""Tests of app.jobs.folder."""

from pathlib import Path

import pytest

from app.host.paths import WorkDir
from app.jobs.folder import NotRunnableError, prepare
from app.protocol.messages import JobAssigned


@pytest.fixture
def work_dir(tmp_path: Path) -> WorkDir:
    """A work dir that is ready."""
    work_dir = WorkDir(tmp_path / "work")
    work_dir.prepare()
    return work_dir


def cwd_for(work_dir: WorkDir, wish: str | None) -> Path:
    """Where a job that names `wish` runs."""
    return prepare(JobAssigned("t1", ("true",), wish), work_dir, "t1").cwd


@pytest.mark.parametrize("wish", [None, ""])
def test_a_job_has_its_own_folder(work_dir: WorkDir, wish: str | None) -> None:
    """Without a folder of its own wish it runs in tasks/<name>."""
    assert cwd_for(work_dir, wish) == work_dir.tasks / "t1"
    assert (work_dir.tasks / "t1").is_dir()


def test_a_relative_folder_is_made_in_the_work_dir(work_dir: WorkDir) -> None:
    """A relative wish lies in the work dir and is made with its parents."""
    assert cwd_for(work_dir, "a/b") == work_dir.root / "a" / "b"
    assert (work_dir.root / "a" / "b").is_dir()


def test_an_absolute_folder_inside_is_made(work_dir: WorkDir) -> None:
    """An absolute wish inside the work dir is made too."""
    assert cwd_for(work_dir, str(work_dir.root / "c")).is_dir()


def test_a_folder_elsewhere_must_be_there(work_dir: WorkDir, tmp_path: Path) -> None:
    """Outside the work dir nothing is made; what is there is used."""
    outside = tmp_path / "outside"
    for wish in (str(outside), "../outside"):
        with pytest.raises(NotRunnableError, match="does not exist"):
            cwd_for(work_dir, wish)
    outside.mkdir()
    assert cwd_for(work_dir, str(outside)) == outside


@pytest.mark.parametrize("wish", ["file", "file/below", "bad\0name", "~nobody-has-this-name/x"])
def test_an_impossible_folder_is_named(work_dir: WorkDir, wish: str) -> None:
    """The error names the path and the cause."""
    (work_dir.root / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(NotRunnableError) as caught:
        cwd_for(work_dir, wish)
    assert wish.partition("/")[0] in str(caught.value)
    assert ".." not in str(caught.value)


def test_a_file_in_the_way_outside(work_dir: WorkDir, tmp_path: Path) -> None:
    """A file outside the work dir is no folder either."""
    (tmp_path / "file").touch()
    with pytest.raises(NotRunnableError, match="a file is in the way"):
        cwd_for(work_dir, str(tmp_path / "file"))


@pytest.mark.parametrize("command", [(), ("",)])
def test_an_empty_command_is_refused(work_dir: WorkDir, command: tuple[str, ...]) -> None:
    """A list that names no program cannot be started."""
    with pytest.raises(NotRunnableError, match="empty"):
        prepare(JobAssigned("t1", command), work_dir, "t1")


def test_a_command_that_cannot_be_written(work_dir: WorkDir) -> None:
    """Shell text that no file can hold is the job's error."""
    command = "echo \ud800" + " " * 200_000
    with pytest.raises(NotRunnableError):
        prepare(JobAssigned("t1", command), work_dir, "t1")
