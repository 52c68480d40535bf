"""Linux without a session bus: pystray's X icon, whose one action is its click."""

import io
import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import Xlib.X
from PIL import Image
from pystray import _xorg
from Xlib.error import ConnectionClosedError

from app import resources
from app.tray import images
from app.tray.setup import SetUpInLoop

DOCK_EVERY = 5.0  # seconds between two looks for a panel that came later
_PANEL = (43, 46, 50)  # the colour behind an icon where transparency is lost


class Icon(SetUpInLoop, _xorg.Icon):  # type: ignore[misc] # pystray has no types
    """Like app.tray.sni.Icon, without menu and notifications: a click does the default action."""

    def __init__(self, name: str, **parts: Any) -> None:
        super().__init__(name, **parts)
        self._log = logging.getLogger(f"{__name__}.docking")
        self._log.disabled = True  # pystray shouts of a panel that is not there yet
        self._work: deque[Callable[[], None]] = deque()
        self._ears, self._mouth = socket.socketpair()
        self._ears.setblocking(False)
        self._mouth.setblocking(False)
        self._stopping = False

    def __del__(self) -> None:
        """Nothing: pystray's waits for a loop that may be dead; `run` tidies up at its end."""

    def image(self, name: str) -> Image.Image:
        """Return what `icon` is to be for this icon: X knows no transparency here."""
        with Image.open(io.BytesIO(resources.read(images.coloured_file(name)))) as file:
            image = file.convert("RGBA")
        result = Image.new("RGB", image.size, _PANEL)
        result.paste(image, mask=image)
        return result

    def hop(self, work: Callable[[], None]) -> None:
        """Have the loop do `work`; never waits."""
        self._work.append(work)
        self._wake()

    def stop(self) -> None:
        """End `run`; never waits."""
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # full: the loop wakes up anyway; closed: it never will
            self._mouth.send(b"!")

    def _create_window(self) -> Any:
        """pystray forgets to ask for the clicks that it handles."""
        window = super()._create_window()
        wanted = Xlib.X.ExposureMask | Xlib.X.StructureNotifyMask | Xlib.X.ButtonPressMask
        window.change_attributes(event_mask=wanted)
        return window

    def _run(self) -> None:
        self._thread = threading.current_thread()
        try:
            super()._run()
        finally:
            self._ears.close()
            self._mouth.close()
            with suppress(OSError, ConnectionClosedError):  # the display went first
                self._display.close()

    def _events(self) -> Iterator[Any]:
        """Yield what X tells, and do the work that hops here in between.

        pystray's own loop leaves the work to other threads, and now and then one of them and
        the loop wait for each other in python-xlib for ever.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._display.fileno(), selectors.EVENT_READ)
            selector.register(self._ears, selectors.EVENT_READ)
            while not self._stopping:
                while self._display.pending_events():
                    yield self._display.next_event()
                self._do_work()
                self._display.flush()
                if not self._work and not self._display.pending_events():
                    self._rest(selector)

    def _do_work(self) -> None:
        while self._work and not self._stopping:
            self._work.popleft()()

    def _rest(self, selector: selectors.BaseSelector) -> None:
        """Wait for events and work; now and then look for a panel that came after us."""
        ready = selector.select(DOCK_EVERY)
        if any(key.fileobj is self._ears for key, _events in ready):
            self._ears.recv(4096)
        if not ready and self.visible and self._systray_manager is None:
            self._update_icon()
