"""Keep this computer awake, its screen on and unlocked; released with this process at the latest.

The mode is wakepy's keep.presenting, not keep.running: the latter lets the screen turn off,
the screen saver start and the desktop lock itself ("inhibit the automatic, timer based sleep
or suspend action, but allow screenlock and screensaver turning on and monitor turning off",
wakepy's README), and a test of a user interface sees nothing of a locked desktop.

What holds the computer awake ends with us, whatever ends us: Windows forgets the wish of a
thread that is gone, D-Bus services that of a connection that is gone, caffeinate waits for the
end of its input.
"""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from app.i18n import _

if TYPE_CHECKING:
    from wakepy import Mode

log = logging.getLogger(__name__)


class KeepAwake:
    """The wish to stay awake; carried out by a thread, so that a system that hangs holds nobody.

    wakepy wants entering and leaving in one thread. It is a daemon, as is then the one that
    wakepy makes on Windows: neither delays our end.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        """`on_change` is called by that thread when `held` or `why_not` has changed."""
        self._on_change = on_change
        self._lock = threading.Condition()
        self._wanted = False
        self._thread: threading.Thread | None = None
        self._held = False
        self._why_not = ""

    @property
    def held(self) -> bool:
        """The computer is being kept awake."""
        return self._held

    @property
    def why_not(self) -> str:
        """Why it could not be, when that was last tried; "" when it could."""
        return self._why_not

    def hold(self) -> None:
        """Keep the computer awake from now on; returns at once, repeating it does no harm."""
        with self._lock:
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="awake", daemon=True)
                self._thread.start()

    def release(self) -> None:
        """Let it sleep again; returns at once, repeating it does no harm."""
        with self._lock:
            self._wanted = False
            self._lock.notify_all()

    def wait_released(self, limit: float) -> bool:
        """Wait at most `limit` seconds until nothing is held any more; False when time is up."""
        with self._lock:
            return self._lock.wait_for(lambda: self._thread is None, limit)

    def _run(self) -> None:
        while self._still_wanted():
            self._keep()

    def _still_wanted(self) -> bool:
        """Tell whether the thread goes on; it is given up in the same step."""
        with self._lock:
            if not self._wanted:
                self._thread = None
                self._lock.notify_all()
            return self._wanted

    def _keep(self) -> None:
        """Hold until released; without a way to do that, wait all the same: ask once per wish."""
        why_not = _hopeless()
        try:
            why_not = why_not or self._keep_by_system()
        except Exception as why:  # foreign code: no desktop's bug is to end a job
            log.debug("keeping awake failed", exc_info=True)
            if self._wanted:  # else only the farewell failed: the desktop has gone before us
                why_not = str(why) or type(why).__name__
        self._tell(held=False, why_not=why_not)
        if why_not:
            self._until_released()

    def _keep_by_system(self) -> str:
        """Hold until released and return ""; return at once why that is not possible."""
        logging.getLogger("wakepy").setLevel(logging.WARNING)  # it tells each step as news
        with _presenting() as mode:
            if mode.active:
                self._tell(held=True, why_not="")
                self._until_released()
                return ""
            log.debug("%s", mode.result.get_failure_text(style="inline"))
        return _("no service of this desktop offers it")

    def _until_released(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: not self._wanted)

    def _tell(self, *, held: bool, why_not: str) -> None:
        news = (held, why_not) != (self._held, self._why_not)
        if why_not and why_not != self._why_not:
            log.info(_("this computer cannot be kept awake: %s"), why_not)
        self._held, self._why_not = held, why_not
        if news:
            self._on_change()


# wakepy takes 3.5 MiB: it is loaded when the first job runs, on a computer with a desktop.
if sys.platform in ("win32", "darwin"):

    def _hopeless() -> str:
        """Return why trying is in vain, "" when it is not."""
        return ""

    def _presenting() -> AbstractContextManager["Mode"]:
        from wakepy import keep  # noqa: PLC0415 (above)

        return keep.presenting(on_fail="pass")

else:

    def _hopeless() -> str:
        """Return why trying is in vain, "" when it is not: wakepy asks the session bus only."""
        known = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
        return "" if known else _("there is no desktop session")

    @contextmanager
    def _presenting() -> Iterator["Mode"]:
        """Enter wakepy's mode; it leaves connections open when it fails (wakepy 1.0.0)."""
        from wakepy import keep  # noqa: PLC0415 (above)
        from wakepy.dbus_adapters.jeepney import (  # noqa: PLC0415 (above)
            JeepneyDBusAdapter,
        )

        with ExitStack() as afterwards:

            class Closed(JeepneyDBusAdapter):
                def __init__(self) -> None:
                    super().__init__()
                    afterwards.callback(self.close_connections)

            with keep.presenting(on_fail="pass", dbus_adapter=Closed) as mode:
                yield mode
