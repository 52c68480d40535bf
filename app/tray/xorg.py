"""Linux without a session bus: pystray's X icon, whose one action is its click."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

import Xlib.X
from PIL import Image
from pystray import _xorg

from app.tray import images

log = logging.getLogger(__name__)

DOCK_EVERY = 5.0  # seconds between two looks for a panel that came later
_PANEL = (43, 46, 50)  # the colour behind an icon where transparency is lost


class Icon(_xorg.Icon):  # type: ignore[misc] # pystray has no types
    """Like app.tray.sni.Icon, without menu and notifications: a click does the default action."""

    def __init__(self, name: str, **parts: Any) -> None:
        super().__init__(name, **parts)
        self._log = logging.getLogger(f"{__name__}.docking")
        self._log.disabled = True  # pystray shouts of a panel that is not there yet
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    def image(self, name: str) -> Image.Image:
        """Return what `icon` is to be for this icon: X knows no transparency here."""
        with Image.open(images.coloured_file(name)) as file:
            image = file.convert("RGBA")
        result = Image.new("RGB", image.size, _PANEL)
        result.paste(image, mask=image)
        return result

    def hop(self, work: Callable[[], None]) -> None:
        """Have the icon's own thread do `work`: pystray's methods wait for the loop."""
        self._work.put(work)

    def stop(self) -> None:
        """End `run`; never waits."""
        self._work.put(None)

    def _create_window(self) -> Any:
        """pystray forgets to ask for the clicks that it handles."""
        window = super()._create_window()
        wanted = Xlib.X.ExposureMask | Xlib.X.StructureNotifyMask | Xlib.X.ButtonPressMask
        window.change_attributes(event_mask=wanted)
        return window

    def _run(self) -> None:
        self._thread = threading.current_thread()
        worker = threading.Thread(target=self._drive, name="tray", daemon=True)
        worker.start()
        super()._run()

    def _drive(self) -> None:
        """Do what hops here, and now and then look for a panel that came after us."""
        while True:
            try:
                work = self._work.get(timeout=DOCK_EVERY)
            except queue.Empty:
                work = self._dock_late
            if work is None:
                self._stop()
                return
            work()

    def _dock_late(self) -> None:
        if self.visible and self._systray_manager is None:
            self._update_icon()
