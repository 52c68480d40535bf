"""agent.log: rotation, permissions, and a disk that refuses."""

import shutil
import stat
import sys
from pathlib import Path

import pytest

from app.log_file import RotatingFile

LINE = "x" * 99  # with its newline 100 bytes


def lines_in(folder: Path) -> list[str]:
    """Return all lines of all log files, oldest first."""
    paths = sorted(folder.glob("agent.log*"), key=lambda path: (len(path.name), path.name))
    head, *backups = paths
    texts = [path.read_text(encoding="utf-8") for path in (*reversed(backups), head)]
    return "".join(texts).splitlines()


def test_rotates_by_size_and_count(tmp_path: Path) -> None:
    """No file exceeds the size, the oldest one goes, nothing else is lost."""
    file = RotatingFile(max_size=300, backup_count=2)
    file.open(tmp_path)
    for number in range(20):
        file.write(f"{number:099}")
    file.close()
    assert {path.name for path in tmp_path.iterdir()} == {"agent.log", "agent.log.1", "agent.log.2"}
    assert all(path.stat().st_size <= 300 for path in tmp_path.iterdir())
    assert [int(line) for line in lines_in(tmp_path)] == list(range(12, 20))


def test_no_backups_wanted(tmp_path: Path) -> None:
    """With a count of 0 the size is a limit all the same."""
    file = RotatingFile(max_size=300, backup_count=0)
    file.open(tmp_path)
    for _ in range(10):
        file.write(LINE)
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["agent.log"]
    assert (tmp_path / "agent.log").stat().st_size <= 300


def test_goes_on_with_the_file_of_an_earlier_run(tmp_path: Path) -> None:
    """A restart appends and counts what is there."""
    for _ in range(2):
        file = RotatingFile(max_size=250, backup_count=1)
        file.open(tmp_path)
        file.write(LINE)
        file.close()
    assert len(lines_in(tmp_path)) == 2


def test_failing_rename_loses_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file (Windows) it grows; later it is put aside."""

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "in use", str(self), 32, str(target))

    file = RotatingFile(max_size=300, backup_count=2)
    file.open(tmp_path)
    with monkeypatch.context() as held:
        held.setattr(Path, "replace", refuse)
        for number in range(10):
            file.write(f"{number:099}")
    assert [path.name for path in tmp_path.iterdir()] == ["agent.log"]
    for number in range(10, 12):
        file.write(f"{number:099}")
    file.close()
    assert [int(line) for line in lines_in(tmp_path)] == list(range(12))
    assert (tmp_path / "agent.log.1").exists()


def test_rename_that_fails_half_way_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked middle file stops the shift; the retry fills the gap instead of pushing on."""
    rename = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "agent.log.1":
            raise PermissionError(13, "in use")
        return rename(self, target)

    file = RotatingFile(max_size=100, backup_count=3)
    file.open(tmp_path)
    for number in range(3):
        file.write(f"{number:099}")
    with monkeypatch.context() as held:
        held.setattr(Path, "replace", refuse)
        for number in range(3, 6):
            file.write(f"{number:099}")
    file.write(f"{6:099}")
    file.close()
    assert [int(line) for line in lines_in(tmp_path)] == list(range(7))


@pytest.mark.skipif(sys.platform != "linux", reason="other system: /dev/full")
def test_full_disk_is_counted(tmp_path: Path) -> None:
    """Refused lines never raise; their number is written once the disk works again."""
    (tmp_path / "agent.log").symlink_to("/dev/full")
    file = RotatingFile(max_size=10_000, backup_count=1)
    file.open(tmp_path)
    file.write(LINE)
    file.write(LINE)
    (tmp_path / "agent.log").unlink()
    file.write("back")
    file.close()
    assert lines_in(tmp_path) == ["", "(2 lines were lost: the log could not be written)", "back"]


def test_file_that_cannot_be_opened_keeps_the_old_one(tmp_path: Path) -> None:
    """The switch to a bad folder raises and changes nothing."""
    file = RotatingFile(max_size=10_000, backup_count=1)
    file.open(tmp_path / "a")
    (tmp_path / "b").write_text("a file", encoding="utf-8")
    with pytest.raises(OSError, match="b"):
        file.open(tmp_path / "b")
    file.write(LINE)
    file.close()
    assert lines_in(tmp_path / "a") == [LINE]


@pytest.mark.skipif(sys.platform == "win32", reason="other system: an open file stays there")
def test_a_deleted_folder_is_made_again(tmp_path: Path) -> None:
    """Whoever deletes the log, or all of the work folder, finds what follows in a new file."""
    file = RotatingFile(max_size=10_000, backup_count=1)
    file.open(tmp_path / "logs")
    file.write("gone")
    shutil.rmtree(tmp_path / "logs")
    file.write("after the folder")
    (tmp_path / "logs" / "agent.log").unlink()
    file.write("after the file")
    file.write("again")
    file.close()
    assert lines_in(tmp_path / "logs") == ["after the file", "again"]


def test_never_opened(tmp_path: Path) -> None:
    """Writing without a file is no error."""
    file = RotatingFile(max_size=10_000, backup_count=1)
    file.write(LINE)
    file.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="other system: mode bits")
def test_only_this_user_may_read(tmp_path: Path) -> None:
    """The log names servers and jobs."""
    file = RotatingFile(max_size=100, backup_count=1)
    file.open(tmp_path)
    file.write(LINE)
    file.write(LINE)
    file.close()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}
