"""The desktop of this computer: a screenshot. The only importer of Pillow's ImageGrab."""

import os
import sys
from pathlib import Path

from app.errors import AgentError
from app.i18n import _


class NoDesktopError(AgentError):
    """There is no desktop to look at."""


def screenshot(path: Path) -> None:
    """Write what all screens show to `path` (PNG), its folder included; blocks up to a second.

    Raises NoDesktopError with the cause, and OSError when the file cannot be written.
    """
    from PIL import ImageGrab  # noqa: PLC0415 (memory: most agents never take one)

    try:
        image = ImageGrab.grab(all_screens=True, xdisplay=_display())
    except (OSError, ValueError) as why:
        raise NoDesktopError(_("No screenshot: {why}.").format(why=why)) from why
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "PNG")


if sys.platform in ("win32", "darwin"):

    def _display() -> str | None:
        """There is one desktop, and it needs no name."""
        return None

else:

    def _display() -> str:
        """Return the X display by name: without one Pillow would start other programs."""
        display = os.environ.get("DISPLAY", "")
        if not display:
            raise NoDesktopError(_("No screenshot: this agent runs without a display (DISPLAY)."))
        return display
