"""Icon and tooltip (app/tray/picture.py)."""

import pytest

from app.state import LinkState
from app.tray import images
from app.tray.picture import TOOLTIP_LENGTH, IconState, picture
from app.tray.words import View
from tests.tray.views import jobs, view

DRAWN = [
    (View(None), "connecting"),
    (view(server_url=""), "not_set_up"),
    (view(LinkState.CONNECTING), "connecting"),
    (view(LinkState.BACKING_OFF, problem="no route"), "connecting"),
    (view(LinkState.REJECTED), "problem"),
    (view(LinkState.STOPPED, wanted=False, paused=True), "disconnected"),
    (view(), "online"),
    (view(jobs=jobs(waiting=1)), "online"),
    (view(jobs=jobs(3)), "running-3"),
    (view(jobs=jobs(9)), "running-9"),
    (view(jobs=jobs(10)), "running-9+"),
    (view(paused=True, jobs=jobs(3)), "paused"),
    (view(draining=True, jobs=jobs(3)), "paused"),
    (view(problem="the disk is full"), "problem"),
    (view(problem="the disk is full", jobs=jobs(1)), "running-1"),
]


@pytest.mark.parametrize(("shown", "name"), DRAWN)
def test_the_icon_shows_the_fact(shown: View, name: str) -> None:
    """Each state has its own drawing."""
    assert picture(shown).image == name


def test_every_icon_has_its_files() -> None:
    """Whatever a picture names can be loaded, for every system."""
    counts = [f"running-{count}" for count in (*range(1, 10), "9+")]
    for name in [*(state.value for state in IconState), *counts]:
        assert [image.width for image in images.sized(name)] == list(images.SIZES)
        assert images.windows_file(name).is_file()
        assert images.template_file(name).is_file()


def test_the_tooltip_says_who_how_and_what() -> None:
    """The environment's name, the state, the problem, as much as Windows can show."""
    shown = view(LinkState.REJECTED, environment="Lab PC 7", problem="Ask\nfor a new token.")
    expected = "ATS agent · Lab PC 7\nToken refused 10:32\nAsk for a new token."
    assert picture(shown).tooltip == expected
    assert len(picture(view(problem="long " * 100)).tooltip) == TOOLTIP_LENGTH


def test_the_tooltip_can_be_said_on_the_bus() -> None:
    """Names come from the network: a NUL would end the connection, a lone surrogate our loop."""
    tooltip = picture(view(environment="Lab\0\x1b", problem="no \ud800 at\0all")).tooltip
    assert tooltip == "ATS agent · Lab\\x00\\x1b\nOnline\nno \\ud800 at\\x00all"
