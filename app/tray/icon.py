"""Chooses the backend of the tray icon; loads pystray, Pillow and jeepney only then."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from app.errors import AgentError
from app.host.display import session_bus, tray_kinds
from app.i18n import _
from app.tray.menu import Action, Item, click
from app.tray.picture import Picture

NAME = "ats-agent"
_BACKEND = "PYSTRAY_BACKEND"
_PYSTRAY = {"sni": "dummy", "xorg": "xorg", "windows": "win32", "mac": "darwin"}


class NoTrayError(AgentError):
    """No icon can be shown now."""


class Backend(Protocol):
    """One of our icons: sni.Icon, xorg.Icon, windows.Icon, mac.Icon."""

    icon: Any
    title: str
    menu: Any
    visible: bool
    HAS_MENU: bool

    def image(self, name: str) -> Any:
        """Return what `icon` is to be for the icon of this name."""

    def run(self, setup: Callable[[Any], None]) -> None:
        """Block until the icon is stopped or its panel's world ends; OSError for that."""

    def hop(self, work: Callable[[], None]) -> None:
        """Have the icon's own thread do `work`; callable from any thread, never waits."""

    def stop(self) -> None:
        """End `run`; callable from any thread, never waits."""

    def notify(self, message: str, title: str) -> None:
        """Show a notification where the system can."""


class TrayIcon:
    """The icon on the screen; everything but `hop` and `stop` is called from its own thread."""

    def __init__(self, backend: Backend, choose: Callable[[Action], None]) -> None:
        self._backend = backend
        self._choose = choose
        self.hop, self.stop = backend.hop, backend.stop

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `stop`; `ready` draws it first. Raises what goes wrong."""
        self._backend.run(lambda _icon: ready())

    def draw(self, picture: Picture) -> None:
        """Show this picture."""
        backend = self._backend
        backend.icon = backend.image(picture.image)
        backend.title = picture.tooltip
        backend.visible = True

    def offer(self, items: tuple[Item, ...]) -> None:
        """Show this menu; where there can be none, a click does its default."""
        from app.tray.entries import one_click, pystray_menu  # noqa: PLC0415 (pystray)

        if self._backend.HAS_MENU:
            self._backend.menu = pystray_menu(items, self._choose)
        else:
            action = click(items)
            self._backend.menu = one_click(lambda: self._choose(action))

    def notify(self, title: str, text: str) -> None:
        """Show a notification where the system can."""
        self._backend.notify(text, title)


def open_icon(choose: Callable[[Action], None]) -> TrayIcon:
    """Return an icon ready to run, of the best kind there is; NoTrayError when there is none."""
    reasons = []
    for kind in tray_kinds():
        try:
            with _pystray_backend(_PYSTRAY[kind]):
                return TrayIcon(_backend(kind), choose)
        except Exception as why:  # noqa: BLE001 (pystray fails at import in any way: X errors, …)
            reasons.append(f"{kind}: {str(why) or type(why).__name__}")
    raise NoTrayError(_("no tray icon: {why}").format(why="; ".join(reasons) or _("no desktop")))


def _backend(kind: str) -> Backend:
    match kind:
        case "sni":
            from app.tray import sni  # noqa: PLC0415 (its vendors)

            return sni.Icon(NAME, session_bus())
        case "xorg":
            from app.tray import xorg  # noqa: PLC0415 (its vendors)

            return xorg.Icon(NAME)
        case "windows":
            from app.tray import windows  # noqa: PLC0415 (its vendors)

            return windows.Icon(NAME)
        case _:
            from app.tray import mac  # noqa: PLC0415 (its vendors)

            return mac.Icon(NAME)


@contextmanager
def _pystray_backend(name: str) -> Iterator[None]:
    """Keep pystray from trying others: GTK alone takes 60 MB and ends us with its display."""
    before = os.environ.get(_BACKEND)
    os.environ[_BACKEND] = name
    try:
        yield
    finally:
        del os.environ[_BACKEND]
        if before is not None:
            os.environ[_BACKEND] = before
