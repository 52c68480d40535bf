"""The face without a display (app/tray/headless.py)."""

import signal
import threading

import pytest

from app.state import Command, Snapshot
from app.tray.headless import HeadlessFace
from tests.fakes.signals import signal_ourselves


def test_the_end_of_the_agent_ends_the_face() -> None:
    """The face waits for the final snapshot, and no longer."""
    face = HeadlessFace()
    face.run(threading.Timer(0.05, face.show, [Snapshot(exit_code=0)]).start, lambda _command: True)


def test_a_signal_becomes_quit_and_the_handlers_are_put_back() -> None:
    """SIGTERM asks the agent to end in order; nothing dies at once."""
    before = signal.getsignal(signal.SIGTERM)
    face = HeadlessFace()
    posted: list[Command] = []

    def post(command: Command) -> bool:
        posted.append(command)
        face.show(Snapshot(exit_code=0))
        return True

    face.run(threading.Timer(0.1, signal_ourselves, [signal.SIGTERM]).start, post)
    assert posted == [Command.QUIT]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_ignored_signal_stays_ignored() -> None:
    """Under nohup SIGHUP is ignored, and must stay so."""
    if not hasattr(signal, "SIGHUP"):
        pytest.skip("other system: no SIGHUP")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        face = HeadlessFace()
        threading.Timer(0.1, signal_ourselves, [signal.SIGHUP]).start()
        threading.Timer(0.2, face.show, [Snapshot(exit_code=0)]).start()
        posted: list[Command] = []

        def post(command: Command) -> bool:
            posted.append(command)
            return True

        face.run(lambda: None, post)
        assert posted == []
    finally:
        signal.signal(signal.SIGHUP, before)
