"""Keeping awake, with a real session bus (app/host/awake.py)."""

import logging
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.host.awake import KeepAwake
from tests.fakes.awake_desktop import ScreenSaver
from tests.fakes.panel import session_bus, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="other system: no D-Bus"),
]


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a session bus with nobody on it; the one of this process."""
    with session_bus(tmp_path) as made:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
        yield made.address


@contextmanager
def screen_saver(address: str, *, silent: bool = False) -> Iterator[ScreenSaver]:
    """A desktop that can be kept awake."""
    made = ScreenSaver(address, silent=silent)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def keeper() -> Iterator[tuple[KeepAwake, "queue.Queue[bool]"]]:
    """What is tested, and what it tells of itself; released at the end."""
    news: queue.Queue[bool] = queue.Queue()
    made = KeepAwake(lambda: news.put(made.held))
    try:
        yield made, news
    finally:
        made.release()
        assert made.wait_released(20.0)


def test_the_desktop_is_inhibited_and_released(bus: str) -> None:
    """The desktop's service sees both, and whoever asks is told of both."""
    with screen_saver(bus) as saver, keeper() as (awake, news):
        awake.hold()
        awake.hold()  # repeating it is no second wish
        assert saver.next_count() == 1
        assert news.get(timeout=10)
        assert awake.held
        assert awake.why_not == ""
        awake.release()
        assert saver.next_count() == 0
        assert not news.get(timeout=10)
        assert awake.wait_released(10.0)
        assert saver.counts.empty()


def test_it_can_be_held_again(bus: str) -> None:
    """Each job is a new wish, also one that comes while the last one is being let go."""
    with screen_saver(bus) as saver, keeper() as (awake, _news):
        for _time in range(3):
            awake.hold()
            assert saver.next_count() == 1
            awake.release()
            assert saver.next_count() == 0


def test_a_killed_agent_leaves_nothing_behind(bus: str) -> None:
    """The bus tells the service that the holder is gone: the system releases."""
    code = (
        "import threading; from app.host.awake import KeepAwake; "
        "KeepAwake(lambda: None).hold(); threading.Event().wait()"
    )
    with screen_saver(bus) as saver:
        process = subprocess.Popen([sys.executable, "-c", code])
        try:
            assert saver.next_count() == 1
            process.kill()
            assert saver.next_count() == 0
        finally:
            process.kill()
            process.wait()


def test_an_agent_that_ends_is_not_delayed(bus: str) -> None:
    """A wish that is still held keeps no process alive."""
    code = (
        "import sys, time; from app.host.awake import KeepAwake\n"
        "awake = KeepAwake(lambda: None); awake.hold()\n"
        "while not awake.held: time.sleep(0.01)\n"
        "sys.exit(7)"
    )
    with screen_saver(bus) as saver:
        assert subprocess.run([sys.executable, "-c", code], timeout=15, check=False).returncode == 7
        assert [saver.next_count(), saver.next_count()] == [1, 0]


def test_without_a_desktop_it_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server needs no keeping awake: a sentence in the log, and no error."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    with caplog.at_level(logging.INFO), keeper() as (awake, news):
        for _time in range(2):
            awake.hold()
            until(lambda: awake.why_not == "there is no desktop session", "it is told")
            awake.release()
            assert awake.wait_released(10.0)
        assert not awake.held
        assert news.qsize() == 1
    assert [record.levelname for record in caplog.records] == ["INFO"]


@pytest.mark.usefixtures("bus")
def test_a_desktop_without_the_service(caplog: pytest.LogCaptureFixture) -> None:
    """A bus where nobody can keep awake: the same, and the connection to it is closed."""
    with caplog.at_level(logging.INFO), keeper() as (awake, _news):
        awake.hold()
        until(lambda: awake.why_not, "it is told")
        assert "no service" in awake.why_not
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_desktop_that_ends_first(bus: str, caplog: pytest.LogCaptureFixture) -> None:
    """Letting go of a service that is gone is no problem to tell of."""
    with caplog.at_level(logging.INFO), keeper() as (awake, _news):
        with screen_saver(bus):
            awake.hold()
            until(lambda: awake.held, "it is held")
        awake.release()
        assert awake.wait_released(10.0)
        assert (awake.held, awake.why_not) == (False, "")
    assert caplog.records == []


@pytest.mark.slow
def test_a_service_that_hangs_holds_nobody(bus: str) -> None:
    """`hold` and `release` return at once, and the waiting for an answer has an end."""
    with screen_saver(bus, silent=True) as saver, keeper() as (awake, _news):
        began = time.monotonic()
        awake.hold()
        assert saver.next_count() == 0  # it was asked, and says nothing
        awake.release()
        assert time.monotonic() - began < 5.0
        assert awake.wait_released(15.0)
        assert not awake.held


@pytest.mark.slow
def test_a_bus_that_hangs_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus that takes the connection and says nothing: given up after seconds, and told."""
    if sys.platform != "win32":  # for the type checker, which knows that it has no AF_UNIX
        with socket.socket(socket.AF_UNIX) as ears, keeper() as (awake, _news):
            ears.bind(str(tmp_path / "bus"))
            ears.listen()
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
            awake.hold()
            until(lambda: awake.why_not, "it is told", 15.0)
            assert not awake.held
