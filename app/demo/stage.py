"""The terminal of the demo: lines that stay, and one below them that is written over."""

import os
import shutil
import sys
from collections.abc import Iterable

from app.demo.look import Look
from app.terminal import clipped, say, tolerant

CLEAR_LINE = "\r\x1b[2K"


class Stage:
    """Writes to stdout; on anything but a terminal only the lines that stay."""

    def __init__(self) -> None:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        terminal = sys.stdout is not None and sys.stdout.isatty()
        self.look = Look.of(encoding, os.environ, terminal=terminal)
        self._status = ""

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines that stay."""
        status = self._status
        self.status("")
        for text in texts:
            say(text)
        self.status(status)

    def line(self, text: str = "") -> None:
        """Write one line that stays."""
        self.lines([text])

    def status(self, text: str) -> None:
        """Write the last line anew; "" takes it away."""
        stream = tolerant(sys.stdout)
        if not self.look.live or stream is None or text == self._status == "":
            return
        self._status = text
        shown = clipped(text, shutil.get_terminal_size().columns - 1)
        try:
            stream.write(CLEAR_LINE + (self.look.paint(shown, "2") if shown else ""))
            stream.flush()
        except (OSError, ValueError):
            self.look = Look()  # the terminal is gone; `say` knows how to live with that
