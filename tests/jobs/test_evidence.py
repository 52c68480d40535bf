"""Tests of app.jobs.evidence."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import AgentError
from app.jobs import evidence
from app.jobs.evidence import Evidence
from app.journal.lines import Kind


class Notes:
    """An output that only collects remarks."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Kind]] = []

    def note(self, text: str, kind: Kind = Kind.NOTE) -> None:
        """Take a remark."""
        self.lines.append((text, kind))


def touch(path: Path) -> None:
    """A screen that is always there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def no_screen(_path: Path) -> None:
    """A screen that never is."""
    raise AgentError("no display")


def made(
    folder: Path, notes: Notes, grab: Callable[[Path], None], *, wanted: bool = True
) -> Evidence:
    """Evidence of one job."""
    return Evidence(folder, notes, wanted=wanted, grab=grab)


async def test_a_screenshot_is_named_after_its_case(tmp_path: Path) -> None:
    """A hostile name stays in the folder; the log says where it is."""
    notes = Notes()
    shots = made(tmp_path, notes, touch)
    await shots.take("100003")
    await shots.take("../../etc/passwd")
    files = sorted(path.name for path in (tmp_path / "evidence").iterdir())
    assert len(files) == 2
    assert "100003.png" in files
    assert notes.lines[0] == (f"Screenshot: {tmp_path / 'evidence' / '100003.png'}", Kind.NOTE)


async def test_unwanted_ones_are_not_taken(tmp_path: Path) -> None:
    """The setting is off unless somebody turns it on."""
    notes = Notes()
    await made(tmp_path, notes, touch, wanted=False).take("100003")
    assert not (tmp_path / "evidence").exists()
    assert notes.lines == []


async def test_what_cannot_be_taken_is_said_once(tmp_path: Path) -> None:
    """A job is not filled with complaints, and goes on."""
    notes = Notes()
    shots = made(tmp_path, notes, no_screen)
    await shots.take("1")
    await shots.take("2")
    assert notes.lines == [("No screenshots of this job: no display", Kind.WARN)]


async def test_their_number_is_bounded(tmp_path: Path) -> None:
    """A thousand failing cases do not fill the disk."""
    notes = Notes()
    shots = made(tmp_path, notes, touch)
    for number in range(evidence.MOST + 5):
        await shots.take(str(number))
    assert len(list((tmp_path / "evidence").iterdir())) == evidence.MOST


async def test_a_screen_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job goes on after the limit."""
    monkeypatch.setattr(evidence, "LIMIT", 0.02)
    notes, released = Notes(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hangs(_path: Path) -> None:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()

    await made(tmp_path, notes, hangs).take("1")
    released.set()
    assert notes.lines == [("No screenshots of this job: it took too long", Kind.WARN)]
