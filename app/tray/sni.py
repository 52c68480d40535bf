"""Linux: the tray icon as StatusNotifierItem and dbusmenu over D-Bus; no X, no GTK."""

import html
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from jeepney import DBusAddress, Message, MessageType
from pystray import _base

from app.i18n import _
from app.tray import images
from app.tray.bus import NOTHING, Bus, Call, Reply, Signal
from app.tray.interfaces import (
    BUS,
    INTROSPECTABLE,
    INTROSPECTION,
    ITEM,
    ITEM_PATH,
    ITEM_SIGNATURES,
    MENU,
    MENU_PATH,
    MENU_PROPERTIES,
    NOTIFICATIONS,
    PEER,
    PROPERTIES,
    WATCHER,
)
from app.tray.png import Pixels
from app.tray.setup import SetUpInLoop
from app.tray.sni_menu import DbusMenu

log = logging.getLogger(__name__)

_WATCHER = DBusAddress("/StatusNotifierWatcher", WATCHER, WATCHER)
_NOTIFIER = DBusAddress("/org/freedesktop/Notifications", NOTIFICATIONS, NOTIFICATIONS)
_BUS = DBusAddress("/org/freedesktop/DBus", BUS, BUS)
_WATCH = f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{WATCHER}'"
_SERVER_DECIDES = -1  # how long a notification stays
_NOTES_KNOWN = 8  # titles whose next notification takes the place of the last
_CLICKS = {  # of no consequence here
    "ContextMenu",
    "ProvideXdgActivationToken",
    "Scroll",
    "SecondaryActivate",
    "XAyatanaSecondaryActivate",
}


class Icon(SetUpInLoop, _base.Icon):  # type: ignore[misc] # pystray has no types
    """A pystray icon; its `icon` is a picture in several sizes.

    Connects when it is made (OSError without a bus). `hop` and `stop` may be called from
    any thread, everything else from the one that is in `run`, which calls `setup` itself.
    `run` raises OSError when the bus goes away.
    """

    def __init__(self, name: str, address: str, **parts: Any) -> None:
        super().__init__(name, **parts)
        self._bus = Bus(address)
        self._dbus_menu = DbusMenu(self._choose)
        self._pixmaps: list[tuple[int, int, bytes]] = []
        self._notes: dict[str, int] = {}  # title -> number of the notification

    def __del__(self) -> None:
        """pystray's would talk to a bus that is long closed."""

    def image(self, name: str) -> tuple[Pixels, ...]:
        """Return what `icon` is to be for this icon."""
        return images.sized(name)

    def hop(self, work: Callable[[], None]) -> None:
        """Have the thread that is in `run` do `work`; never waits."""
        self._bus.hop(work)

    def stop(self) -> None:
        """End `run`; never waits."""
        self._bus.stop()

    # ------------------------------------------------------------ what pystray asks for

    def _run(self) -> None:
        try:
            self._bus.call(_BUS, "AddMatch", ("s", (_WATCH,)))
            self._mark_ready()
            self._bus.run(self._answer, self._hear)
        finally:
            self._running = False
            self._bus.close()

    def _show(self) -> None:
        self._register()
        self._tell("NewStatus", ("s", ("Active",)))

    def _hide(self) -> None:
        self._tell("NewStatus", ("s", ("Passive",)))

    def _update_icon(self) -> None:
        self._pixmaps = [(image.width, image.height, image.argb) for image in self.icon]
        self._icon_valid = True
        self._tell("NewIcon")

    def _update_title(self) -> None:
        self._tell("NewTitle")
        self._tell("NewToolTip")

    def _update_menu(self) -> None:
        news = self._dbus_menu.show(self.menu or ())
        if news is not None and self._running:
            self._bus.tell(MENU_PATH, MENU, *news)

    def _notify(self, message: str, title: str | None = None) -> None:
        """Show a notification in the place of the last one of the same title."""
        heading = title or self.title
        text = html.escape(message, quote=False)
        about = (self.name, self._notes.get(heading, 0), "", heading, text)
        hints = {"desktop-entry": ("s", self.name)}
        if self.icon:
            hints["image-data"] = ("(iiibiiay)", _image_data(self.icon[-1]))
        self._bus.call(
            _NOTIFIER,
            "Notify",
            ("susssasa{sv}i", (*about, [], hints, _SERVER_DECIDES)),
            partial(self._notified, heading),
        )

    def _remove_notification(self) -> None:
        for number in self._notes.values():
            self._bus.call(_NOTIFIER, "CloseNotification", ("u", (number,)))
        self._notes.clear()

    # ------------------------------------------------------------ the panel

    def _register(self) -> None:
        self._bus.call(
            _WATCHER, "RegisterStatusNotifierItem", ("s", (self._bus.name,)), _registered
        )

    def _hear(self, signal: Signal) -> None:
        """A panel has come, perhaps after a crash of the last one."""
        if signal.sender != BUS or signal.member != "NameOwnerChanged":
            return
        name, _old, new = signal.body
        if name == WATCHER and new and self.visible:
            self._register()

    def _notified(self, title: str, message: Message) -> None:
        if message.header.message_type is not MessageType.method_return:
            log.debug("no notification could be shown: %s", message.body)
            return
        self._notes.pop(title, None)
        self._notes[title] = message.body[0]
        if len(self._notes) > _NOTES_KNOWN:
            del self._notes[next(iter(self._notes))]

    def _tell(self, member: str, carried: Reply = NOTHING) -> None:
        if self._running:
            self._bus.tell(ITEM_PATH, ITEM, member, carried)

    def _choose(self, item: _base.MenuItem) -> None:
        """Do what an item is for, after its caller has got the answer."""

        def do() -> None:
            item(self)
            self.update_menu()

        self._bus.hop(do)

    # ------------------------------------------------------------ answers

    def _answer(self, call: Call) -> Reply | None:
        if call.interface == PROPERTIES:
            return self._property(call)
        if call.interface == INTROSPECTABLE:
            return "s", (INTROSPECTION.get(call.path, "<node/>"),)
        if call.interface == PEER:
            return NOTHING if call.member == "Ping" else None
        if call.path == MENU_PATH:
            return self._dbus_menu.answer(call)
        return self._clicked(call) if call.path == ITEM_PATH else None

    def _clicked(self, call: Call) -> Reply | None:
        if call.member == "Activate":
            self._bus.hop(self)
            return NOTHING
        return NOTHING if call.member in _CLICKS else None

    def _property(self, call: Call) -> Reply | None:
        interface, *names = call.body
        known = MENU_PROPERTIES if interface == MENU else self._properties()
        if call.member == "GetAll":
            return "a{sv}", (known,)
        return ("v", (known[names[0]],)) if call.member == "Get" else None

    def _properties(self) -> dict[str, tuple[str, Any]]:
        """Return everything that a panel may ask of the item; what is not said is empty."""
        empty: dict[str, Any] = {"s": "", "i": 0, "u": 0, "a(iiay)": []}
        title = self.title or self.name
        said = {
            "Category": "ApplicationStatus",
            "Id": self.name,
            "Title": title.splitlines()[0],
            "Status": "Active" if self.visible else "Passive",
            "IconPixmap": self._pixmaps,
            "IconAccessibleDesc": title,
            "ToolTip": ("", [], *_headed(title)),
            "ItemIsMenu": not any(item.default for item in self.menu or ()),
            "Menu": MENU_PATH,
        }
        return {
            name: (signature, said.get(name, empty.get(signature)))
            for name, signature in ITEM_SIGNATURES.items()
        }


def _registered(message: Message) -> None:
    if message.header.message_type is MessageType.method_return:
        log.info(_("the panel shows the tray icon"))
    else:
        log.info(_("no panel shows tray icons yet; the icon comes with the first one that does"))


def _headed(title: str) -> tuple[str, str]:
    """Return the first line and the others: a tooltip has a heading and a text with markup."""
    first, _newline, rest = title.partition("\n")
    return first, html.escape(rest, quote=False)


def _image_data(image: Pixels) -> tuple[int, int, int, bool, int, int, bytes]:
    """Return the image as notifications want it: RGBA with its row length and depth."""
    return image.width, image.height, image.width * 4, True, 8, 4, image.rgba
