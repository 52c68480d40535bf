"""Tests of app.host.desktop_state: a desktop in words, and what it lacks."""

import pytest

from app.host.desktop_state import (
    DesktopState,
    Needs,
    Resolution,
    describe,
    obstacle,
    shortcomings,
)

OPEN = DesktopState(session=True, locked=False, screensaver=False, width=1920, height=1080, dpi=96)
LOCKED = DesktopState(session=True, locked=True)
NONE = DesktopState(session=False)


@pytest.mark.parametrize(
    ("state", "line", "word"),
    [
        (OPEN, "Desktop: unlocked, 1920x1080 at 96 DPI", ""),
        (LOCKED, "Desktop: locked", "locked"),
        (NONE, "Desktop: no session", "no session"),
        (DesktopState(session=True), "Desktop: lock state not known", ""),
        (
            DesktopState(
                session=True, locked=True, remote=True, disconnected=True, width=8, height=6
            ),
            "Desktop: disconnected, locked, remote session, 8x6",
            "disconnected, locked",
        ),
        (
            DesktopState(session=True, locked=False, screensaver=True),
            "Desktop: screensaver on",
            "screensaver on",
        ),
    ],
)
def test_words(state: DesktopState, line: str, word: str) -> None:
    """The line of a log, and the obstacle that the faces show."""
    assert describe(state) == line
    assert obstacle(state) == word


def whats(state: DesktopState, needs: Needs) -> list[str]:
    """What is missing, each with a remedy that is a sentence."""
    missing = shortcomings(state, needs)
    assert all(each.remedy.endswith(".") for each in missing)
    return [each.what for each in missing]


def test_no_needs_lack_nothing() -> None:
    """A suite without needs runs on a server, too."""
    assert not Needs()
    assert whats(NONE, Needs()) == []


def test_any_session() -> None:
    """`desktop` is met by a locked one; without a session nothing else is looked at."""
    assert whats(LOCKED, Needs(desktop=True)) == []
    everything = Needs(unlocked=True, resolution=Resolution(8, 6), dpi=96)
    assert whats(NONE, everything) == ["there is no desktop session"]


def test_an_unlocked_desktop() -> None:
    """No lock, screensaver or session that nobody sees; what nobody tells counts as open."""
    needs = Needs(unlocked=True)
    assert whats(OPEN, needs) == []
    assert whats(DesktopState(session=True), needs) == []
    assert whats(LOCKED, needs) == ["it is locked"]
    hidden = DesktopState(session=True, locked=False, screensaver=True, disconnected=True)
    shown, saver = whats(hidden, needs)
    assert "remote desktop disconnected" in shown
    assert saver == "the screensaver is on"


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        (Resolution(1920, 1080), []),
        (Resolution(1920, 1080, at_least=True), []),
        (Resolution(1280, 720, at_least=True), []),
        (Resolution(1280, 720), ["its resolution is 1920x1080 instead of 1280x720"]),
        (
            Resolution(1280, 1081, at_least=True),
            ["its resolution is 1920x1080 instead of at least 1280x1081"],
        ),
    ],
)
def test_resolutions(needed: Resolution, said: list[str]) -> None:
    """Exactly, or both sides at least."""
    assert whats(OPEN, Needs(resolution=needed)) == said


def test_what_is_not_known_is_no_size() -> None:
    """A resolution or a scale that nobody can tell is not the needed one."""
    needs = Needs(resolution=Resolution(8, 6, at_least=True), dpi=96)
    size, scale = whats(DesktopState(session=True), needs)
    assert size == "its resolution is unknown instead of at least 8x6"
    assert scale == "its scale is unknown DPI instead of 96 DPI"
