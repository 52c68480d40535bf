"""A desktop's service that keeps the screen awake (org.freedesktop.ScreenSaver), on a real bus."""

import platform
import queue
import threading
from contextlib import suppress

import pytest

if platform.system() != "Linux":  # where jeepney is not installed
    pytest.skip("other system: D-Bus is Linux's", allow_module_level=True)

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection

_BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
PATIENCE = 10.0  # seconds


class ScreenSaver:
    """Counts who inhibits it; drops whoever leaves the bus, as the specification wants."""

    def __init__(self, address: str, *, silent: bool = False) -> None:
        """`silent`: it takes every call, counts nobody and answers none."""
        self._connection = open_dbus_connection(address)
        self._silent = silent
        self._cookies: dict[int, str] = {}  # who holds it
        self._last = 0
        self.counts: queue.Queue[int] = queue.Queue()  # of the inhibitors, after each change
        self._call("AddMatch", "s", "type='signal',member='NameOwnerChanged'")
        self._call("RequestName", "su", "org.freedesktop.ScreenSaver", 0)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def next_count(self) -> int:
        """Wait for the next change; return how many inhibit then."""
        return self.counts.get(timeout=PATIENCE)

    def close(self) -> None:
        """Leave the bus."""
        self._connection.sock.shutdown(2)
        self._thread.join(PATIENCE)
        self._connection.close()

    def _call(self, member: str, signature: str, *body: object) -> None:
        self._connection.send_and_get_reply(new_method_call(_BUS, member, signature, body))

    def _serve(self) -> None:
        with suppress(OSError, ValueError):  # the end
            while True:
                self._take(self._connection.receive())

    def _take(self, message: Message) -> None:
        fields = message.header.fields
        member, sender = fields.get(HeaderFields.member), fields.get(HeaderFields.sender, "")
        if member == "NameOwnerChanged" and not message.body[2]:
            gone = [cookie for cookie, holder in self._cookies.items() if holder == message.body[0]]
            for cookie in gone:
                self._drop(cookie)
        elif message.header.message_type is not MessageType.method_call:
            return
        elif self._silent:
            self.counts.put(0)
        else:
            self._connection.send(self._answer(message, str(member), sender))

    def _answer(self, message: Message, member: str, sender: str) -> Message:
        if member == "UnInhibit":
            self._drop(message.body[0])
            return new_method_return(message)
        self._last += 1
        self._cookies[self._last] = sender
        self.counts.put(len(self._cookies))
        return new_method_return(message, "u", (self._last,))

    def _drop(self, cookie: int) -> None:
        if self._cookies.pop(cookie, None) is not None:
            self.counts.put(len(self._cookies))
