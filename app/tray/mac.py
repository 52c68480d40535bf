"""macOS: pystray's icon as a template, every call on the main thread, where macOS wants it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import AppKit
from PyObjCTools import AppHelper
from pystray import _darwin

from app.tray import images
from app.tray.setup import SetUpInLoop

POINTS = 18  # the height of an icon in the menu bar
_ACCESSORY = 1  # NSApplicationActivationPolicyAccessory: no icon in the Dock


class Icon(SetUpInLoop, _darwin.Icon):  # type: ignore[misc] # pystray has no types
    """Like app.tray.sni.Icon; `icon` is the path of a template."""

    def __init__(self, name: str, **parts: Any) -> None:
        super().__init__(name, **parts)
        self._app.setActivationPolicy_(_ACCESSORY)

    def image(self, name: str) -> Path:
        """Return what `icon` is to be for this icon."""
        return images.template_file(name)

    def hop(self, work: Callable[[], None]) -> None:
        """Have the main thread do `work`; never waits. Recent systems kill who calls elsewhere."""
        AppHelper.callAfter(work)

    def stop(self) -> None:
        """End `run`; never waits."""
        self.hop(self._stop)

    def _run(self) -> None:
        """Without pystray's SIGINT handler, which would end the process at once."""
        self._mark_ready()
        try:
            self._app.run()
        finally:
            self._status_bar.removeStatusItem_(self._status_item)

    def _update_icon(self) -> None:
        self._show_template()
        self._icon_valid = True

    def _assert_image(self) -> None:
        self._show_template()

    def _show_template(self) -> None:
        """Let the system give it the colour of the menu bar, sharp on every display."""
        image = AppKit.NSImage.alloc().initWithContentsOfFile_(str(self.icon))
        image.setSize_((POINTS, POINTS))
        image.setTemplate_(True)
        self._status_item.button().setImage_(image)
