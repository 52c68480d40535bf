"""The state in words (app/tray/words.py)."""

import pytest

from app.state import LinkState
from app.tray.words import View, status
from tests.tray.views import jobs, view

SAID = [
    (View(None), "Starting…"),
    (view(server_url=""), "Not set up"),
    (view(LinkState.CONNECTING), "Connecting…"),
    (view(LinkState.AUTHENTICATING), "Connecting…"),
    (view(LinkState.BACKING_OFF), "No connection, trying again"),
    (view(LinkState.BACKING_OFF, jobs=jobs(1)), "No connection, trying again: 1 running"),
    (view(LinkState.REJECTED), "Token refused 10:32"),
    (view(LinkState.REJECTED, link_since=0.0), "Token refused"),
    (view(LinkState.STOPPED, wanted=False), "Disconnected"),
    (view(LinkState.STOPPED), "Not connected"),
    (view(), "Online"),
    (view(jobs=jobs(2, 1)), "Online: 2 running, 1 waiting"),
    (view(jobs=jobs(waiting=3)), "Online: 3 waiting"),
    (view(paused=True, jobs=jobs(1)), "Paused: 1 running"),
    (view(draining=True, jobs=jobs(1)), "Ending when the jobs have ended: 1 running"),
]


@pytest.mark.parametrize(("shown", "text"), SAID)
def test_every_state_has_its_words(shown: View, text: str) -> None:
    """The status line says the fact, and how many jobs there are."""
    assert status(shown) == text
