"""What our pystray icons share: set up by their own loop, woken from any thread."""

from collections.abc import Callable
from typing import Any


class SetUpInLoop:
    """Calls pystray's `setup` in the thread that runs the loop.

    pystray's own thread for it would wait for ever if the loop failed to start, and keep
    the process from ending.
    """

    update_menu: Callable[[], None]

    def _start_setup(self, setup: Callable[[Any], None]) -> None:
        self._setup = setup

    def _mark_ready(self) -> None:
        self._running = True
        self.update_menu()
        self._setup(self)
