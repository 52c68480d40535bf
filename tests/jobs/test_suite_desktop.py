"""Suites that need a desktop, and the desktop in the log of a job: real children."""

import asyncio
import sys
import time
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from app.host.desktop_state import DesktopState
from app.jobs import desktop as gate
from app.state import JobState
from tests.fakes.screen import x_screen
from tests.jobs.conftest import LIMITS, Room, open_room
from tests.jobs.suites import suite_folder

pytestmark = pytest.mark.integration

OPEN = DesktopState(session=True, locked=False, width=1920, height=1080, dpi=96)
LOCKED = replace(OPEN, locked=True)
NONE = DesktopState(session=False)
LINE = "*Desktop: unlocked, 1920x1080 at 96 DPI"


class Desk:
    """A desktop as a test wants it; `seen` is what somebody saw earlier."""

    def __init__(self, state: DesktopState, seen: DesktopState | None = None) -> None:
        self.state = state
        self.seen = seen
        self.looks = 0

    def look(self) -> DesktopState:
        """What a look finds."""
        self.looks += 1
        return self.state


def room_at(
    desk: Desk, home: Path, needs_timeout: float = 0.0, task_timeout: float = 60.0
) -> AbstractAsyncContextManager[Room]:
    """A room with this desktop."""
    limits = replace(LIMITS, task_timeout=task_timeout, needs_timeout=needs_timeout)
    return open_room(home, limits=limits, desktop=desk.look, desktop_seen=lambda: desk.seen)


def needs(room: Room, text: str) -> None:
    """What the suite's folder says that it needs."""
    folder = suite_folder(room)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".ats.yml").write_text(f"needs: {text}\n", encoding="utf-8")


async def said(room: Room, words: str) -> None:
    """Wait until the log of e1 says something."""
    log = room.work_dir.task_logs / "e1.log"
    await room.until(lambda: log.exists() and words in log.read_text(encoding="utf-8"))


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow one another quickly."""
    monkeypatch.setattr(gate, "LOOK_EVERY", 0.02)


async def test_a_task_tells_of_the_desktop_that_was_seen(tmp_path: Path) -> None:
    """A short task does not wait for a look; nothing is said where there is no desktop."""
    desk = Desk(LOCKED, seen=OPEN)
    async with room_at(desk, tmp_path) as room:
        await room.python("t1", "pass")
        await room.result("t1")
        assert room.log_lines("t1")[2] == LINE
        for job_id, desk.seen in (("t2", None), ("t3", NONE)):
            await room.python(job_id, "pass")
            await room.result(job_id)
            assert "Desktop" not in "".join(room.log_lines(job_id))
        assert desk.looks == 0


async def test_a_suite_tells_of_the_desktop(tmp_path: Path) -> None:
    """What was seen; where nobody watches (run-local) it looks; without needs no more than that."""
    desk = Desk(OPEN, seen=LOCKED)
    async with room_at(desk, tmp_path) as room:
        await room.suite("e1", "exit 0")
        assert (await room.end("e1")).status == "completed"
        assert room.log_lines("e1")[0] == "*Desktop: locked, 1920x1080 at 96 DPI"
        assert desk.looks == 0
        desk.seen = None
        await room.suite("e2", "exit 0")
        await room.end("e2")
        assert room.log_lines("e2")[0] == LINE
        desk.state = NONE
        await room.suite("e3", "exit 0")
        assert (await room.end("e3")).status == "completed"
        assert "Desktop" not in "".join(room.log_lines("e3"))


async def test_a_desktop_as_needed_is_no_delay(tmp_path: Path) -> None:
    """One look right before the command; nothing more is said."""
    desk = Desk(OPEN, seen=OPEN)
    async with room_at(desk, tmp_path) as room:
        needs(room, "[unlocked-desktop, resolution: 1920x1080, dpi: 96]")
        await room.suite("e1", "exit 0")
        assert (await room.end("e1")).status == "completed"
        assert desk.looks == 1
        assert not any("needs it" in line for line in room.log_lines("e1"))


async def test_without_a_wait_it_fails_at_once(tmp_path: Path) -> None:
    """The cases are errors with the reason and what to do; the command never runs."""
    async with room_at(Desk(LOCKED), tmp_path) as room:
        needs(room, "[unlocked-desktop, dpi: 120]")
        await room.suite("e1", "echo > ran")
        end = await room.end("e1")
        message = str(end.completion["message"])
        assert end.verdicts == [("c2", "error"), ("c1", "error")]
        assert end.status == "failed"
        assert (await room.record("s1/e1")).state is JobState.ERROR
        assert message == (
            "The desktop is not as .ats.yml needs it: it is locked, its scale is 96 DPI instead of "
            "120 DPI. Unlock it, and switch off the automatic lock. Change the scale in the "
            "system's display settings."
        )
        assert message in end.results[0]["error_message"]
        assert not (suite_folder(room) / "ran").exists()


@pytest.mark.usefixtures("_quick")
async def test_it_waits_until_the_desktop_is_as_needed(tmp_path: Path) -> None:
    """The log says what is missing, also when that changes, and when it goes on."""
    desk = Desk(LOCKED)
    async with room_at(desk, tmp_path, needs_timeout=600.0) as room:
        needs(room, "[unlocked-desktop, resolution: 1920x1080]")
        await room.suite("e1", "exit 0")
        await said(room, "it is locked. Waiting up to 600 s for it (desktop.needs_timeout).")
        desk.state = replace(OPEN, width=800)
        await said(room, "its resolution is 800x1080 instead of 1920x1080. Waiting up to")
        desk.state = OPEN
        assert (await room.end("e1")).status == "completed"
        lines = room.log_lines("e1")
        warned = [line for line in lines if "Waiting" in line]
        assert [line[0] for line in warned] == ["?", "?"]
        assert any("as the suite needs it now; it waited" in line for line in lines)


@pytest.mark.usefixtures("_quick")
async def test_the_wait_has_an_end(tmp_path: Path) -> None:
    """Then it failed for that reason, not for its time limit."""
    async with room_at(Desk(NONE), tmp_path, needs_timeout=0.2) as room:
        needs(room, "desktop")
        await room.suite("e1", "exit 0")
        end = await room.end("e1")
        assert (await room.record("s1/e1")).state is JobState.ERROR
        assert end.completion["message"] == (
            "The desktop is not as .ats.yml needs it: there is no desktop session. It waited 0.2 s "
            "(desktop.needs_timeout). Log in to this computer's desktop and start the agent there."
        )


@pytest.mark.slow
@pytest.mark.usefixtures("_quick")
async def test_the_wait_is_not_the_commands_time(tmp_path: Path) -> None:
    """Time limits begin with the command: it waits for longer than it may take."""
    desk = Desk(LOCKED)
    async with room_at(desk, tmp_path, needs_timeout=60.0, task_timeout=2.0) as room:
        needs(room, "unlocked-desktop")
        await room.suite("e1", "exit 0")
        await said(room, "Waiting")
        await asyncio.sleep(2.1)
        desk.state = OPEN
        assert (await room.end("e1")).status == "completed"


async def test_a_waiting_suite_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and not when it looks again."""
    monkeypatch.setattr(gate, "LOOK_EVERY", 60.0)
    async with room_at(Desk(LOCKED), tmp_path, needs_timeout=600.0) as room:
        needs(room, "unlocked-desktop")
        await room.suite("e1", "echo > ran")
        await said(room, "Waiting")
        began = time.monotonic()
        await room.cancel_suite("s1", "e1")
        end = await room.end("e1")
        assert time.monotonic() - began < 10.0
        assert (end.status, end.results) == ("cancelled", [])
        assert not (suite_folder(room) / "ran").exists()


async def test_a_waiting_suite_ends_with_the_agent(tmp_path: Path) -> None:
    """It is interrupted, not failed."""
    async with room_at(Desk(LOCKED), tmp_path, needs_timeout=600.0) as room:
        needs(room, "unlocked-desktop")
        await room.suite("e1", "exit 0")
        await said(room, "Waiting")
        await room.dispatcher.stop(grace=0.0)
        assert (await room.record("s1/e1")).state is JobState.INTERRUPTED


@pytest.mark.skipif(sys.platform != "linux", reason="other system: X screens are Linux's")
async def test_a_real_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way, with an X screen of 320 x 200."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with x_screen() as display:
        monkeypatch.setenv("DISPLAY", display)
        async with open_room(tmp_path) as room:
            needs(room, '[desktop, resolution: ">=320x200"]')
            await room.suite("e1", "exit 0")
            assert (await room.end("e1")).status == "completed"
            assert ", 320x200 at " in room.log_lines("e1")[0]
            needs(room, "[resolution: 1920x1080]")
            await room.suite("e2", "exit 0")
            message = (await room.end("e2")).completion["message"]
            assert "its resolution is 320x200 instead of 1920x1080" in message
    import_module("app.host._desktop_linux").forget()
