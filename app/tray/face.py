"""The agent's face in the tray: on the main thread, and no danger to the agent."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.errors import AgentError
from app.host.opening import open_for_user
from app.i18n import _
from app.state import Command, OpenPage, Request, Snapshot
from app.terminal import harmless
from app.tray.icon import NoTrayError
from app.tray.menu import Action, Item, Open, menu
from app.tray.notices import Told, Wanted, notices
from app.tray.picture import Picture, picture
from app.tray.signals import heard
from app.tray.words import View

log = logging.getLogger(__name__)

RETRY = 5.0  # seconds until the next attempt to show an icon
STOP_LIMIT = 10.0  # seconds that a foreign loop gets to end after the agent did
DOUBLE_CLICK = 1.0  # seconds in which the same page is opened once


class ShownIcon(Protocol):
    """What the face needs of icon.TrayIcon."""

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `stop`; raises what goes wrong."""

    def hop(self, work: Callable[[], None]) -> None:
        """Have the icon's own thread do `work`; never waits."""

    def stop(self) -> None:
        """End `run`; never waits."""

    def draw(self, picture: Picture) -> None:
        """Show this picture."""

    def offer(self, items: tuple[Item, ...]) -> None:
        """Show this menu."""

    def notify(self, title: str, text: str) -> None:
        """Show a notification."""


class TrayFace:
    """Shows snapshots as an icon with a menu until the final one; without a tray it waits.

    `open_icon` returns an icon that calls what it is given when an entry is chosen, or
    raises; `log_file` is asked when the log is to be opened, `wanted` for each snapshot.
    With `greet` the page that connects this computer is opened at the start.
    """

    def __init__(
        self,
        open_icon: Callable[[Callable[[Action], None]], ShownIcon],
        log_file: Callable[[], Path | None],
        *,
        wanted: Callable[[], Wanted] = Wanted,
        greet: bool = False,
        retry: float = RETRY,
    ) -> None:
        self._open_icon = open_icon
        self._log_file = log_file
        self._wanted = wanted
        self._greet = greet
        self._retry = retry
        self._ended = threading.Event()
        self._latest: Snapshot | None = None
        self._icon: ShownIcon | None = None
        self._drawn: Picture | None = None
        self._offered: tuple[Item, ...] | None = None
        self._told = Told()
        self._opened: tuple[str, float] | None = None  # the last page, and when
        self._complaint = ""
        self._limit: threading.Timer | None = None
        self._post: Callable[[Request], bool] = lambda _request: False

    # ------------------------------------------------------------ the agent's thread

    def show(self, snapshot: Snapshot) -> None:
        """Take the latest picture; called from the agent's thread, never waits, never raises."""
        self._latest = snapshot
        if snapshot.exit_code is not None:
            self._insist_on_the_end(snapshot.exit_code)
            self._ended.set()
        icon = self._icon
        if icon is not None:
            self._guarded(lambda: icon.hop(lambda: self._redraw(icon)))

    # ------------------------------------------------------------ the main thread

    def run(self, start: Callable[[], None], post: Callable[[Request], bool]) -> None:
        """Start the agent, show its icon until its end; signals become Quit, given to `post`."""
        self._post = post
        with heard(lambda: post(Command.QUIT)):
            start()
            if self._greet:
                post(OpenPage("connect"))
            while not self._ended.is_set():
                self._guarded(self._show_icon)
                self._icon = None
                self._ended.wait(self._retry)
        if self._limit is not None:
            self._limit.cancel()

    def _show_icon(self) -> None:
        """Show an icon as long as its panel's world lives."""
        self._drawn = self._offered = None
        icon = self._icon = self._open_icon(self._choose)
        icon.run(lambda: self._redraw(icon))
        if not self._ended.is_set() and not self._complaint:
            raise NoTrayError(_("the tray icon has gone"))

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do `work`; what goes wrong in it is False and a line in the log, once in a row."""
        try:
            work()
        except Exception as why:  # foreign code, for a picture: the agent matters more
            expected = isinstance(why, NoTrayError | OSError)
            complaint = str(why) if expected else repr(why)
            level = logging.DEBUG if complaint == self._complaint else logging.WARNING
            self._complaint = complaint
            text = _("tray: %s")
            if expected:
                text = _("%s; the agent goes on without, and tries again")
            log.log(level, text, complaint, exc_info=not expected)
            return False
        return True

    # ------------------------------------------------------------ the icon's thread

    def _redraw(self, icon: ShownIcon) -> None:
        """Draw what differs; an icon that cannot be drawn is given up, and made anew later."""
        if self._ended.is_set() or not self._guarded(lambda: self._draw(icon)):
            icon.stop()
        else:
            self._tell(icon)

    def _draw(self, icon: ShownIcon) -> None:
        view = View(self._latest)
        drawing, items = picture(view), menu(view)
        if items != self._offered:
            self._offered = items
            icon.offer(items)
        if drawing != self._drawn:
            self._drawn = drawing
            icon.draw(drawing)
        self._complaint = ""

    def _tell(self, icon: ShownIcon) -> None:
        """Show what is news as notifications; the icon's picture and menu say it all anyway."""
        if self._latest is None:
            return
        self._told, news = notices(self._told, self._latest, self._wanted())
        for notice in news:
            self._notify(icon, notice.title, notice.text)

    def _notify(self, icon: ShownIcon, title: str, text: str) -> None:
        try:
            icon.notify(title, text)
        except Exception as why:  # noqa: BLE001 (foreign code, for a mere hint)
            log.debug("no notification could be shown: %r", why)

    def _choose(self, action: Action) -> None:
        """Do what the user has chosen."""
        if isinstance(action, Open):
            self._open(action)
        elif not (isinstance(action, OpenPage) and self._just_opened(action)):
            log.info(_("chosen in the tray: %s"), action)
            self._post(action)

    def _just_opened(self, page: OpenPage) -> bool:
        """Tell of the second half of a double click: one browser window is enough."""
        now, before = time.monotonic(), self._opened
        self._opened = (page.view, now)
        return before is not None and before[0] == page.view and now - before[1] < DOUBLE_CLICK

    def _open(self, what: Open) -> None:
        try:
            open_for_user(self._place(what))
        except AgentError as why:
            log.warning("%s", why)
            if self._icon is not None:
                self._notify(self._icon, _("Cannot open"), harmless(str(why)))

    def _place(self, what: Open) -> Path:
        log_file = self._log_file() if what is Open.LOG else None
        work_dir = self._latest.work_dir if self._latest is not None else ""
        return log_file or Path(work_dir)

    # ------------------------------------------------------------ the end

    def _insist_on_the_end(self, code: int) -> None:
        """End the process if a foreign loop does not: by then the agent has stored everything."""

        def end() -> None:
            log.error(_("the tray did not end within %.0f s"), STOP_LIMIT)
            for handler in logging.getLogger().handlers:
                handler.flush()
            os._exit(code)

        self._limit = threading.Timer(STOP_LIMIT, end)
        self._limit.daemon = True
        self._limit.start()
