"""A real D-Bus with a screensaver and a logind on it that say what a test wants."""

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jeepney import (
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.fakes.panel import answers, until

SAVER = "org.gnome.ScreenSaver"
LOGIND = "org.freedesktop.login1"
SESSION_PATH = "/org/freedesktop/login1/session/_32"
_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"


class LockBus:
    """The bus of one desktop; what is None is not on it."""

    def __init__(self, address: str, process: "subprocess.Popen[bytes]") -> None:
        self.address = address
        self.process = process
        self.saver: bool | None = None
        self.session: Mapping[str, tuple[str, Any]] | None = None  # signature and value
        self.asked: list[str] = []
        self._connection: DBusConnection | None = None

    def offer(self, *names: str) -> None:
        """Put services of these names on the bus; they answer until the bus ends."""
        connection = self._connection = open_dbus_connection(self.address)
        for name in names:
            connection.send_and_get_reply(message_bus.RequestName(name), timeout=5)
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """End the bus, and the services with it."""
        self.process.kill()
        self.process.wait()

    def _serve(self, connection: DBusConnection) -> None:
        try:
            while True:
                message = connection.receive()
                if message.header.message_type is MessageType.method_call:
                    connection.send(self._answer(message))
        except OSError:
            connection.close()

    def _answer(self, call: Message) -> Message:
        fields = call.header.fields
        member, path = fields[HeaderFields.member], fields[HeaderFields.path]
        self.asked.append(member)
        if member == "GetActive" and self.saver is not None:
            return new_method_return(call, "b", (self.saver,))
        if member == "GetAll" and path == "/org/freedesktop/login1/user/self":
            there = ("2", SESSION_PATH) if self.session is not None else ("", "/")
            return new_method_return(call, "a{sv}", ({"Display": ("(so)", there)},))
        if member == "GetAll" and path == SESSION_PATH and self.session is not None:
            return new_method_return(call, "a{sv}", (dict(self.session),))
        return new_error(call, _UNKNOWN, "s", ("no such method",))


@contextmanager
def lock_bus(folder: Path) -> Iterator[LockBus]:
    """A bus with nothing on it."""
    address = f"unix:path={folder / 'bus'}"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}"]
    bus = LockBus(address, subprocess.Popen(command, stderr=subprocess.DEVNULL))
    try:
        until(lambda: answers(address), "the bus stands")
        yield bus
    finally:
        bus.close()
