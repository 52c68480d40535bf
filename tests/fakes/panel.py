"""A private session bus with a working panel on it: watcher, menu reader, notification server."""

import platform
import queue
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

if platform.system() != "Linux":  # where jeepney is not installed
    pytest.skip("other system: D-Bus is Linux's", allow_module_level=True)

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

T = TypeVar("T")

WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFIER = "org.freedesktop.Notifications"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
PATIENCE = 10.0  # seconds
_DO_NOT_QUEUE = 4  # D-Bus specification, RequestName
_OWNER = 1


class SessionBus:
    """A dbus-daemon of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "bus"
        self.address = f"unix:path={self.socket}"
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the address is the same after `stop`."""
        self.socket.unlink(missing_ok=True)
        self._daemon = subprocess.Popen(
            [_program("dbus-daemon"), "--session", "--nofork", f"--address={self.address}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: answers(self.address), "the bus stands")

    def stop(self) -> None:
        """End it: everybody on it loses the connection."""
        assert self._daemon is not None
        self._daemon.terminate()
        self._daemon.wait(PATIENCE)

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        assert self._daemon is not None
        return self._daemon.pid

    @property
    def running(self) -> bool:
        """True until `stop`."""
        return self._daemon is not None and self._daemon.poll() is None


@contextmanager
def session_bus(folder: Path) -> Iterator[SessionBus]:
    """A session bus that stands."""
    bus = SessionBus(folder)
    bus.start()
    try:
        yield bus
    finally:
        if bus.running:
            bus.stop()


class Panel:
    """A panel: items register with it; it hears their signals and shows notifications."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection = open_dbus_connection(address)
        self._registered: queue.Queue[str] = queue.Queue()
        self._items: list[ShownItem] = []
        self.notes: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.signals: queue.Queue[str] = queue.Queue()
        self._connection.send(new_method_call(BUS, "AddMatch", "s", ("type='signal'",)))
        for name in (NOTIFIER, WATCHER):  # with the second one the items come
            self._take(name)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _take(self, name: str) -> None:
        """Become the owner of a name, as soon as the one before is really gone."""
        request = new_method_call(BUS, "RequestName", "su", (name, _DO_NOT_QUEUE))
        until(lambda: _asked(self._connection, request) == (_OWNER,), f"the name {name} is free")

    def item(self) -> "ShownItem":
        """Wait for the next item that registers."""
        item = ShownItem(self._address, self._registered.get(timeout=PATIENCE))
        self._items.append(item)
        return item

    def hears(self, member: str) -> None:
        """Wait for a signal of this name."""
        while self.signals.get(timeout=PATIENCE) != member:
            pass

    def crash(self) -> None:
        """Leave the bus, and forget the items."""
        for item in self._items:
            item.close()
        self._connection.sock.shutdown(2)
        self._thread.join(PATIENCE)
        self._connection.close()

    def _serve(self) -> None:
        with suppress(OSError, ValueError):  # the end: `crash`, or that of the bus
            while True:
                message = self._connection.receive()
                if message.header.message_type is MessageType.signal:
                    self.signals.put(message.header.fields[HeaderFields.member])
                elif message.header.message_type is MessageType.method_call:
                    self._connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        match message.header.fields[HeaderFields.member]:
            case "RegisterStatusNotifierItem":
                self._registered.put(message.body[0])
                return new_method_return(message)
            case "Notify":
                self.notes.put(message.body)
                return new_method_return(message, "u", (7,))
            case "CloseNotification":
                self.notes.put(("closed", *message.body))
                return new_method_return(message)
            case _:
                return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")


@contextmanager
def panel_on(bus: SessionBus) -> Iterator[Panel]:
    """A panel until the end."""
    panel = Panel(bus.address)
    try:
        yield panel
    finally:
        panel.crash()


class ShownItem:
    """An item as a panel sees it."""

    def __init__(self, address: str, name: str) -> None:
        self._connection = open_dbus_connection(address)
        self.name = name
        self.menu_path: str = self.get("Menu")

    def close(self) -> None:
        """Forget it."""
        self._connection.close()

    def call(self, path: str, interface: str, member: str, *arguments: Any) -> Any:
        """Call a method; `arguments` is a signature and its values."""
        signature, *values = arguments or (None,)
        to = DBusAddress(path, self.name, interface)
        return _asked(self._connection, new_method_call(to, member, signature, tuple(values)))

    def get(self, name: str) -> Any:
        """Return a property of the item."""
        return self.call("/StatusNotifierItem", PROPERTIES, "Get", "ss", ITEM, name)[0][1]

    def colour(self) -> tuple[int, ...]:
        """Return the most frequent opaque colour of the biggest pixmap."""
        _width, _height, data = max(self.get("IconPixmap"))
        pixels = [tuple(data[at + 1 : at + 4]) for at in range(0, len(data), 4) if data[at] == 255]
        return max(set(pixels), key=pixels.count)

    def entries(self) -> list[tuple[int, int, dict[str, Any]]]:
        """Return number, depth and properties of every entry of the menu."""
        layout = self.call(self.menu_path, MENU, "GetLayout", "iias", 0, -1, [])[1]
        return list(_flat(layout, 0))

    def labels(self) -> list[str]:
        """Return the texts of the menu; a separator is ""."""
        return [properties.get("label", "") for _number, _depth, properties in self.entries()]

    def number(self, label: str) -> int:
        """Return the number of the entry of this text, "*" for any end; StopIteration without."""
        wanted = re.compile(re.escape(label).replace(r"\*", ".*"))
        return next(n for n, _, found in self.entries() if wanted.fullmatch(found.get("label", "")))

    def click(self, label: str) -> None:
        """Choose an entry as most panels do."""
        self.click_number(self.number(label))

    def click_number(self, number: int) -> None:
        """Choose an entry, perhaps one that is no more."""
        self.call(self.menu_path, MENU, "Event", "isvu", number, "clicked", ("i", 0), 0)

    def click_as_a_group(self, label: str) -> None:
        """Choose an entry as XFCE does."""
        event = (self.number(label), "clicked", ("i", 0), 0)
        self.call(self.menu_path, MENU, "EventGroup", "a(isvu)", [event])


def _flat(node: Any, depth: int) -> Iterator[tuple[int, int, dict[str, Any]]]:
    number, properties, children = node
    if number:
        yield number, depth, {name: value for name, (_signature, value) in properties.items()}
    for _signature, child in children:
        yield from _flat(child, depth + 1)


def _asked(connection: DBusConnection, message: Message) -> Any:
    reply = connection.send_and_get_reply(message, timeout=PATIENCE)
    if reply.header.message_type is MessageType.error:
        raise RuntimeError(reply.header.fields[HeaderFields.error_name], reply.body)
    return reply.body


def _program(name: str) -> str:
    """Return the path of a program; the test that needs it has looked for it."""
    path = shutil.which(name)
    assert path is not None
    return path


def answers(address: str) -> bool:
    """Tell whether a bus takes connections; the file of its socket comes a moment earlier."""
    open_dbus_connection(address).close()
    return True


def until(condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """Wait until another program has done something; there is no event for it."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if result := condition():
                return result
        except (StopIteration, OSError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"not within {patience} s: {what}")
