"""Tests of app.host.readiness on a real X screen, with a real D-Bus."""

import platform
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.host.desktop_state import DesktopState, describe
from app.host.readiness import desktop_state
from tests.fakes.panel import until
from tests.fakes.screen import x_server

if platform.system() != "Linux":  # unlike sys.platform unknown to the type checker
    pytest.skip("other system: X and D-Bus are Linux's", allow_module_level=True)

from Xlib import Xatom, display
from Xlib.protocol import rq

from app.host import _desktop_linux as linux
from app.host._lock_bus import Login
from tests.fakes.lock_bus import LOGIND, SAVER, LockBus, lock_bus

pytestmark = pytest.mark.slow

SESSION = {
    "LockedHint": ("b", False),
    "Active": ("b", True),
    "Remote": ("b", False),
    "Type": ("s", "x11"),
    "Display": ("s", ""),
}
Screen = tuple[str, "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _no_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Neither the computer's own desktop nor that of the test before."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XRDP_SESSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    yield
    linux.forget()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """An X screen of 320 x 200 and its server."""
    with x_server() as made:
        monkeypatch.setenv("DISPLAY", made[0])
        yield made


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LockBus]:
    """One bus that is the session's and the system's."""
    folder = tmp_path / "desk"
    folder.mkdir()
    with lock_bus(folder) as made:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", made.address)
        yield made


def test_no_display_is_no_session() -> None:
    """A server without a desktop is told apart at once, without a thread."""
    assert desktop_state() == DesktopState(session=False)


def test_a_display_that_is_gone_is_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """DISPLAY outlives the server that it names."""
    monkeypatch.setenv("DISPLAY", ":4711")
    assert desktop_state() == DesktopState(session=False)


def test_a_wayland_session_is_its_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without X nothing tells its size."""
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert not desktop_state().session
    (tmp_path / "wayland-0").touch()
    assert desktop_state() == DesktopState(session=True)


@pytest.mark.usefixtures("screen")
def test_a_screen_has_a_size_and_a_dpi() -> None:
    """Without D-Bus nobody tells whether it is locked."""
    state = desktop_state()
    assert state == DesktopState(session=True, width=320, height=200, dpi=state.dpi)
    assert state.dpi in range(90, 110)


def test_the_dpi_is_what_toolkits_use(screen: Screen) -> None:
    """Xft.dpi is the scale that a user sets; it is read anew each time."""
    assert desktop_state().dpi != 144
    x = display.Display(screen[0])
    text = b"Xft.antialias:\t1\nXft.dpi:\t144\n"
    x.screen().root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, text)
    x.sync()
    x.close()
    assert desktop_state().dpi == 144


def test_of_several_monitors_the_primary_one_counts(screen: Screen) -> None:
    """Not the size of all together, and not that of the first."""
    x = display.Display(screen[0])
    for at, width in ((0, 100), (100, 220)):
        _add_monitor(x, at, width)
    x.sync()
    state = desktop_state()
    x.close()
    assert (state.width, state.height) == (220, 200)


def test_a_server_wants_a_cookie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is taken from the user's file: the one for this computer and display."""
    cookies, theirs = tmp_path / "cookies", tmp_path / "the server's"
    here = socket.gethostname().encode()
    monkeypatch.setenv("XAUTHORITY", str(cookies))
    theirs.write_bytes(_cookie(here, b"", b"!" * 16))
    cookies.write_bytes(_cookie(b"elsewhere", b"", b"?" * 16) + theirs.read_bytes())
    with x_server("-noreset", "-auth", str(theirs)) as (name, _process):
        monkeypatch.setenv("DISPLAY", name)
        assert desktop_state().width == 320
        linux.forget()
        for wrong in (_cookie(here, b"4711", b"!" * 16), _cookie(here, b"", b"?" * 16), b"\1"):
            cookies.write_bytes(wrong)
            assert not desktop_state().session


def test_a_new_server_is_taken_up(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A logout and a login: the connection that broke is made anew."""
    assert desktop_state().session
    screen[1].kill()
    screen[1].wait()
    assert not desktop_state().session
    with x_server() as (name, _process):
        monkeypatch.setenv("DISPLAY", name)
        assert desktop_state().width == 320


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize(
    ("saver", "expected"), [(True, (None, True)), (False, (False, False)), (None, (None, None))]
)
def test_the_screensaver_answers(
    bus: LockBus, saver: bool | None, expected: tuple[bool | None, bool | None]
) -> None:
    """While it is off nothing is locked; one that refuses to answer tells nothing."""
    bus.saver = saver
    bus.offer(SAVER)
    state = desktop_state()
    assert (state.locked, state.screensaver) == expected
    assert "GetActive" in bus.asked


@pytest.mark.usefixtures("screen")
def test_logind_tells_of_a_lock(bus: LockBus) -> None:
    """The lock, another user in front, a remote session: each look asks again."""
    bus.session = SESSION
    bus.offer(LOGIND)
    state = desktop_state()
    assert (state.locked, state.disconnected, state.remote) == (False, False, False)
    assert describe(state).startswith("Desktop: unlocked, 320x200 at ")
    bus.session = {**SESSION, "LockedHint": ("b", True), "Remote": ("b", True)}
    state = desktop_state()
    assert (state.locked, state.disconnected, state.remote) == (True, False, True)
    bus.session = {**SESSION, "Active": ("b", False)}
    assert desktop_state().disconnected
    bus.session = None
    assert desktop_state().locked is None


@pytest.mark.parametrize(
    ("kind", "theirs", "env", "ours"),
    [
        ("x11", ":0", {"DISPLAY": ":0.0"}, True),
        ("x11", "", {"DISPLAY": ":5"}, True),
        ("x11", ":0", {"DISPLAY": ":5"}, False),
        ("wayland", "", {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, True),
        ("wayland", "", {"DISPLAY": ":5"}, False),
        ("tty", "", {"DISPLAY": ":5"}, False),
    ],
)
def test_whose_lock_it_is(kind: str, theirs: str, env: dict[str, str], ours: bool) -> None:
    """The lock of the console says nothing of a second desktop (VNC, Xvfb)."""
    login = Login(locked=True, active=True, remote=False, kind=kind, display=theirs)
    assert linux.is_of(login, env) is ours


def test_a_display_that_hangs_takes_little_time(screen: Screen) -> None:
    """It is a session of which nothing is known; later all is well."""
    for first in (True, False):  # at the connect, and later
        with stopped(screen[1]):
            began = time.monotonic()
            assert desktop_state() == DesktopState(session=True), first
            assert time.monotonic() - began < 5.0
        # A server that lost its last client begins anew, and refuses meanwhile.
        until(lambda: desktop_state().width == 320, "the display is back")


@pytest.mark.usefixtures("screen")
def test_callers_share_a_look(bus: LockBus) -> None:
    """However many ask at once, one thread looks."""
    with stopped(bus.process):
        threads = threading.active_count()
        callers = [threading.Thread(target=desktop_state) for _caller in range(5)]
        for caller in callers:
            caller.start()
        assert threading.active_count() <= threads + 6
    for caller in callers:
        caller.join()


@pytest.mark.usefixtures("screen")
def test_a_bus_that_hangs_takes_little_time(bus: LockBus) -> None:
    """The screen is told of all the same."""
    with stopped(bus.process):
        began = time.monotonic()
        assert desktop_state().width == 320
        assert time.monotonic() - began < 5.0


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """The process hangs inside."""
    process.send_signal(signal.Signals["SIGSTOP"])  # a name that Windows lacks
    try:
        yield
    finally:
        process.send_signal(signal.Signals["SIGCONT"])


def _cookie(host: bytes, display: bytes, cookie: bytes) -> bytes:
    """An entry of an Xauthority file (Xau(3))."""
    parts = (host, display, b"MIT-MAGIC-COOKIE-1", cookie)
    return struct.pack(">H", 256) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def _add_monitor(x: Any, at: int, width: int) -> None:
    """Make part of the screen a monitor, the last one the primary (Xlib's own call is broken)."""
    root = x.screen().root
    root.xrandr_get_monitors()
    _SetMonitor(
        display=x.display,
        opcode=x.display.get_extension_major("RANDR"),
        window=root,
        name=x.intern_atom(f"monitor at {at}"),
        primary=at > 0,
        automatic=False,
        outputs=0,
        at=[at, 0],
        size=[width, 200],
        millimetres=[width // 4, 50],
    )


class _SetMonitor(rq.Request):  # type: ignore[misc] # Xlib has no types
    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(43),
        rq.RequestLength(),
        rq.Window("window"),
        rq.Card32("name"),
        rq.Bool("primary"),
        rq.Bool("automatic"),
        rq.Card16("outputs"),
        rq.FixedList("at", 2, rq.Card16Obj),
        rq.FixedList("size", 2, rq.Card16Obj),
        rq.FixedList("millimetres", 2, rq.Card32Obj),
    )
