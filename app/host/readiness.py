"""Look whether a test could use this computer's desktop now."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.host.desktop_state import DesktopState
from app.host.display import has_display

log = logging.getLogger(__name__)

LIMIT = 1.8  # seconds that a look may take


@dataclass(slots=True)
class _Look:
    """One look: what it has found so far, and whether that is all."""

    state: DesktopState
    done: threading.Event = field(default_factory=threading.Event)


class _Eyes:
    """One look at a time, on a thread of its own: whoever comes meanwhile shares it.

    A display or bus that hangs keeps that thread, and nothing else.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._look: _Look | None = None

    def state(self) -> DesktopState:
        """Return what a look finds within the limit."""
        look = self._begun()
        if not look.done.wait(LIMIT):
            log.debug("the look at the desktop takes longer than %s s", LIMIT)
        return look.state

    def _begun(self) -> _Look:
        with self._door:
            if self._look is None or self._look.done.is_set():
                self._look = look = _Look(DesktopState(session=has_display()))
                threading.Thread(target=_see, args=(look,), name="desktop", daemon=True).start()
            return self._look


def _see(look: _Look) -> None:
    try:
        for state in _read():
            look.state = state
    except Exception:
        log.debug("the desktop could not be looked at", exc_info=True)
    finally:
        look.done.set()


_EYES = _Eyes()  # a process has one desktop


def desktop_state() -> DesktopState:
    """Return the desktop of this moment; blocks up to 2 s, never raises, from any thread."""
    return _EYES.state() if has_display() else DesktopState(session=False)


if sys.platform == "win32":

    def _read() -> Iterator[DesktopState]:
        from app.host import _desktop_windows as windows  # noqa: PLC0415 (memory: on first use)
        from app.host._desktop_winapi import WindowsDesktop  # noqa: PLC0415 (memory: on first use)

        yield windows.state_of(WindowsDesktop())

elif sys.platform == "darwin":

    def _read() -> Iterator[DesktopState]:
        from app.host import _desktop_mac as mac  # noqa: PLC0415 (memory: on first use)

        yield mac.state_of(mac.quartz())

else:

    def _read() -> Iterator[DesktopState]:
        from app.host._desktop_linux import look  # noqa: PLC0415 (memory: only with a desktop)

        yield from look(os.environ)
