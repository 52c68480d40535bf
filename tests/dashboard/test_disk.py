"""What is used on the disk."""

from pathlib import Path
from threading import Event

from app.dashboard.disk import size_of, usage
from app.host.paths import WorkDir


def fill(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def test_each_part_by_itself(tmp_path: Path) -> None:
    """The work folder lies in the home folder as usual, and counts once."""
    home = tmp_path / "home"
    work = WorkDir(home / "workspace")
    fill(work.tasks / "t1" / "deep" / "f", 1)
    fill(work.suites / "s" / "f", 20)
    fill(work.logs / "agent.log", 300)
    fill(work.task_logs / "t1.log", 4000)
    fill(work.cache / "git" / "f", 50_000)
    fill(work.root / "other", 600_000)
    fill(work.root / "more" / "f", 1)
    fill(home / "journal.db", 7_000_000)
    found = usage(work.root, home, Event())
    assert found["work_dir_bytes"] == {
        "tasks": 1,
        "suites": 20,
        "logs": 4300,
        "cache": 50_000,
        "rest": 600_001,
    }
    assert found["home_bytes"] == 7_000_000
    assert 0 < found["free"] < found["total"]


def test_a_work_folder_that_is_not_there(tmp_path: Path) -> None:
    """It uses nothing; the disk that it would be on is told."""
    found = usage(tmp_path / "not" / "yet", tmp_path / "neither", Event())
    assert set(found["work_dir_bytes"].values()) == {0}
    assert found["free"] > 0


def test_links_lead_nowhere(tmp_path: Path) -> None:
    """What a job links to is not the work folder's, and a circle ends nothing."""
    fill(tmp_path / "outside" / "large", 5000)
    inside = tmp_path / "inside"
    fill(inside / "f", 10)
    (inside / "link").symlink_to(tmp_path / "outside")
    (inside / "circle").symlink_to(inside)
    assert 10 <= size_of(inside, Event()) < 5000


def test_it_ends_when_nobody_waits(tmp_path: Path) -> None:
    """A walk through a million files is given up."""
    fill(tmp_path / "a" / "f", 10)
    stop = Event()
    stop.set()
    assert size_of(tmp_path, stop) == 0
