"""Linux: the desktop as X, the session bus and logind know it."""

import atexit
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from app.host._lock_bus import LockBus, Login
from app.host._x_screen import XScreen
from app.host.desktop_state import DesktopState
from app.host.display import session_bus

log = logging.getLogger(__name__)

_NUMBER = re.compile(r":(\d+)(?:\.\d+)?$")  # the display's in DISPLAY
_GRAPHICAL = ("x11", "wayland", "mir")


class _Closable(Protocol):
    def close(self) -> None: ...


_C = TypeVar("_C", bound=_Closable)
_R = TypeVar("_R")


class _Kept(Generic[_C]):
    """A connection that stays open from look to look; one that broke is made anew."""

    def __init__(self, connect: Callable[[str], _C]) -> None:
        self._connect = connect
        self._address = ""
        self._open: _C | None = None
        self.hangs = False

    def ask(self, address: str, question: Callable[[_C], _R]) -> _R | None:
        """Return the answer of who listens at `address`; None when there is none.

        `hangs` then says whether it was there and kept silent.
        """
        self.hangs = False
        if self._address != address:
            self.close()
        kept = self._open is not None
        answer = self._answer(address, question) if address else None
        if answer is None and kept and not self.hangs:  # a new server may have taken its place
            answer = self._answer(address, question)
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _answer(self, address: str, question: Callable[[_C], _R]) -> _R | None:
        try:
            if self._open is None:
                self._open, self._address = self._connect(address), address
            return question(self._open)
        except Exception as why:  # noqa: BLE001 (foreign code, a server that may be gone)
            log.debug("no answer from %s: %r", address, why)
            self.hangs = isinstance(why, TimeoutError)
            self.close()
            return None


_X = _Kept(XScreen)
_SESSION = _Kept(LockBus)
_SYSTEM = _Kept(LockBus)
for _kept in (_X, _SESSION, _SYSTEM):
    atexit.register(_kept.close)


def look(env: Mapping[str, str]) -> Iterator[DesktopState]:
    """Look at the desktop that `env` names; yields more and more of it. One thread at a time."""
    state = _screen(env)
    yield state
    if not state.session:
        return
    saver = _SESSION.ask(session_bus(env), LockBus.saver_active)
    # Whoever answers for the screensaver locks, too: while it is off, nothing is locked.
    state = replace(state, screensaver=saver, locked=False if saver is False else None)
    yield state
    login = _SYSTEM.ask("SYSTEM", LockBus.login)
    if login is not None and is_of(login, env):
        yield _with_login(state, login)


def forget() -> None:
    """Close all connections; the next look opens them again."""
    for kept in (_X, _SESSION, _SYSTEM):
        kept.close()


def is_of(login: Login, env: Mapping[str, str]) -> bool:
    """Tell whether a session of logind is the desktop of `env`, and not a second one (VNC)."""
    if login.kind not in _GRAPHICAL:
        return False
    if login.kind == "wayland" and not env.get("WAYLAND_DISPLAY"):
        return False
    theirs, ours = _NUMBER.search(login.display), _NUMBER.search(env.get("DISPLAY", ""))
    return theirs is None or ours is None or theirs[1] == ours[1]


def _screen(env: Mapping[str, str]) -> DesktopState:
    found = _X.ask(env.get("DISPLAY", ""), lambda screen: (*screen.size(), screen.dpi()))
    remote = True if env.get("XRDP_SESSION") else None
    if found is None:
        return DesktopState(session=_X.hangs or _wayland_stands(env), remote=remote)
    width, height, dpi = found
    return DesktopState(session=True, remote=remote, width=width, height=height, dpi=dpi)


def _wayland_stands(env: Mapping[str, str]) -> bool:
    """Tell whether the compositor's socket is there (an absolute name stays itself)."""
    name = env.get("WAYLAND_DISPLAY", "")
    return bool(name) and (Path(env.get("XDG_RUNTIME_DIR", "/")) / name).exists()


def _with_login(state: DesktopState, login: Login) -> DesktopState:
    return replace(
        state,
        locked=login.locked,
        remote=state.remote or login.remote,
        disconnected=not login.active,
    )
