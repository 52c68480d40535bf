"""Tests of app.jobs.evidence."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.errors import AgentError
from app.jobs import evidence
from app.jobs.evidence import Evidence
from app.journal.lines import Kind
from tests.jobs.conftest import open_room
from tests.jobs.suites import python


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


# ------------------------------------------------------------------- when they are taken


class Screen:
    """A screen that shows itself only when `open` is set; the pictures taken so far."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.taken: list[Path] = []

    def grab(self, path: Path) -> None:
        """Take a picture."""
        assert self.open.wait(10)
        touch(path)
        self.taken.append(path)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """The screen of this computer."""
    screen = Screen()
    defaults = Evidence.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "grab", screen.grab)
    yield screen
    screen.open.set()


@pytest.mark.integration
async def test_one_is_taken_when_a_case_fails(tmp_path: Path, screen: Screen) -> None:
    """While it runs, in the execution's folder, named after the case; none of a good one."""
    code = """
        write(item("100001", "passed"))
        time.sleep(0.3)
        write(item("100001", "passed"), item("100002", "failed"))
        while not list(__import__("pathlib").Path("../../tasks/e1").glob("evidence/*.png")):
            time.sleep(0.01)
    """
    async with open_room(tmp_path, screenshots=True) as room:
        await room.suite("e1", python(tmp_path, code))
        assert (await room.end("e1")).status == "failed"
        path = room.work_dir.tasks / "e1" / "evidence" / "100002.png"
        assert screen.taken == [path]
        assert f"*Screenshot: {path}" in room.log_lines("e1")


@pytest.mark.integration
async def test_results_do_not_wait_for_pictures(
    tmp_path: Path, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a screen that hangs this result and the next one are owed all the same."""
    code = """
        write(item("100001", "failed"))
        time.sleep(0.4)
        write(item("100001", "failed"), item("100002", "failed"))
        time.sleep(60)
    """
    monkeypatch.setattr(evidence, "LIMIT", 60.0)
    screen.open.clear()
    cases = {"case_ids": ("c1", "c2", "c3"), "case_codes": ("100001", "100002", "100003")}
    async with open_room(tmp_path, screenshots=True) as room:
        await room.suite("e1", python(tmp_path, code), **cases)
        async with asyncio.timeout(5):
            while len(await room.items("s1/e1")) < 2:  # noqa: ASYNC110 (the journal has no event)
                await asyncio.sleep(0.01)
        assert not screen.taken
        assert [item["case_id"] for item in await room.items("s1/e1")] == ["c1", "c2"]
        screen.open.set()
        await room.cancel_suite("s1", "e1")
        await room.end("e1")
        assert screen.taken[0].stem == "100001"


@pytest.mark.integration
async def test_one_is_taken_before_a_timeout_ends_the_job(tmp_path: Path, screen: Screen) -> None:
    """Of a task too, and while what is to be seen is still there."""
    async with open_room(tmp_path, screenshots=True) as room:
        await room.assign("t1", "echo $$ >pid; exec sleep 60", timeout=0.3)
        await room.result("t1")
        path = room.work_dir.tasks / "t1" / "evidence" / "timeout.png"
        assert screen.taken == [path]
        lines = room.log_lines("t1")
        assert lines.index(f"*Screenshot: {path}") < next(
            at for at, line in enumerate(lines) if line.endswith("Ending:")
        )


@pytest.mark.integration
async def test_none_is_taken_unless_it_is_wanted(tmp_path: Path, screen: Screen) -> None:
    """By default a failing case costs no picture."""
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, 'write(item("100001", "failed")); time.sleep(60)'))
        await room.first_reports("e1")
        await room.cancel_suite("s1", "e1")
        await room.end("e1")
        assert not screen.taken
