"""Tests of app.agent.desktop_watch."""

import asyncio
from collections.abc import Iterable

import pytest

from app.agent import desktop_watch
from app.agent.desktop_watch import DesktopWatch
from app.host.desktop_state import DesktopState

OPEN = DesktopState(session=True, locked=False)
LOCKED = DesktopState(session=True, locked=True)


async def watched(states: Iterable[DesktopState]) -> tuple[list[str], DesktopWatch]:
    """The words at each change, and the watch that saw these states."""
    left = list(states)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    words: list[str] = []

    def look() -> DesktopState:
        if len(left) == 1:
            loop.call_soon_threadsafe(over.set)
            return left[0]
        return left.pop(0)

    watch = DesktopWatch(lambda: words.append(watch.words), look=look, present=lambda: True)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(), name="desktop")
        await over.wait()
        running.cancel()
    return words, watch


async def test_it_tells_of_changes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop that a test can use needs no word; the last look is kept."""
    monkeypatch.setattr(desktop_watch, "LOOK_EVERY", 0.0)
    small = DesktopState(session=True, locked=False, width=800, height=600)
    states = [OPEN, LOCKED, LOCKED, small, OPEN, OPEN, OPEN]
    words, watch = await watched(states)
    assert words == ["locked", ""]
    assert watch.seen() == OPEN


async def test_without_a_display_it_does_nothing() -> None:
    """No look, no words, and it ends."""

    def look() -> DesktopState:
        raise AssertionError("there is nothing to look at")

    watch = DesktopWatch(lambda: None, look=look, present=lambda: False)
    await watch.run()
    assert (watch.seen(), watch.words) == (None, "")
