"""One connection to the D-Bus session bus and the loop around it (jeepney)."""

import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageFlag,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection

from app.i18n import _

log = logging.getLogger(__name__)

SEND_TIMEOUT = 5.0  # seconds until a bus that takes nothing counts as gone
_INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
_UNKNOWN = "org.freedesktop.DBus.Error.UnknownMethod"

Reply: TypeAlias = tuple[str, tuple[Any, ...]]  # signature and values
NOTHING: Reply = ("", ())


@dataclass(frozen=True, slots=True)
class Call:
    """A method that somebody on the bus calls."""

    path: str
    interface: str
    member: str
    body: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that somebody on the bus tells everybody."""

    sender: str
    member: str
    body: tuple[Any, ...]


class Bus:
    """Everything but `hop` and `stop` belongs to the thread that runs the loop."""

    def __init__(self, address: str) -> None:
        """Connect; raises OSError, or whatever jeepney says of an address it cannot use."""
        self._connection = open_dbus_connection(address)
        self._connection.sock.settimeout(SEND_TIMEOUT)
        self.name: str = self._connection.unique_name
        self._ears, self._mouth = socket.socketpair()
        self._ears.setblocking(False)
        self._mouth.setblocking(False)
        self._work: deque[Callable[[], None]] = deque()
        self._pending: dict[int, Callable[[Message], None]] = {}
        self._stopping = False

    # ------------------------------------------------------------ from any thread

    def hop(self, work: Callable[[], None]) -> None:
        """Have the loop do `work`; never waits."""
        self._work.append(work)
        with suppress(OSError):  # full: the loop wakes up anyway; closed: it never will
            self._mouth.send(b"!")

    def stop(self) -> None:
        """End the loop."""
        self._stopping = True
        self.hop(lambda: None)

    # ------------------------------------------------------------ the loop

    def run(self, answer: Callable[[Call], Reply | None], hear: Callable[[Signal], None]) -> None:
        """Serve until `stop`; raises OSError when the bus goes away. Closes the connection."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._connection.sock, selectors.EVENT_READ)
                selector.register(self._ears, selectors.EVENT_READ)
                while not self._stopping:
                    self._receive(selector)
                    self._serve(answer, hear)
        finally:
            self.close()

    def close(self) -> None:
        """Leave the bus; twice does no harm."""
        self._connection.close()
        self._ears.close()
        self._mouth.close()

    def _receive(self, selector: selectors.BaseSelector) -> None:
        for key, _events in selector.select():
            if key.fileobj is self._ears:
                self._ears.recv(4096)
                continue
            data = self._connection.sock.recv(65536)
            if not data:
                raise ConnectionResetError(_("the session bus went away"))
            self._connection.parser.add_data(data, fds=[])

    def _serve(
        self, answer: Callable[[Call], Reply | None], hear: Callable[[Signal], None]
    ) -> None:
        while (message := self._connection.parser.get_next_message()) is not None:
            self._take(message, answer, hear)
        while self._work:
            self._work.popleft()()

    def _take(
        self,
        message: Message,
        answer: Callable[[Call], Reply | None],
        hear: Callable[[Signal], None],
    ) -> None:
        fields = message.header.fields
        match message.header.message_type:
            case MessageType.method_call:
                self._answer(message, answer)
            case MessageType.signal:
                sender = fields.get(HeaderFields.sender, "")
                hear(Signal(sender, fields[HeaderFields.member], message.body))
            case _:
                waiting = self._pending.pop(fields.get(HeaderFields.reply_serial), None)
                if waiting is not None:
                    waiting(message)

    def _answer(self, message: Message, answer: Callable[[Call], Reply | None]) -> None:
        fields = message.header.fields
        call = Call(
            fields[HeaderFields.path],
            fields.get(HeaderFields.interface, ""),
            fields[HeaderFields.member],
            message.body,
        )
        try:
            reply = answer(call)
        except (KeyError, IndexError, TypeError, ValueError) as why:  # a caller's odd arguments
            log.debug("%s was called with %r: %r", call.member, call.body, why)
            response = new_error(message, _INVALID, "s", (repr(why),))
        else:
            response = _response(message, reply)
        if not message.header.flags & MessageFlag.no_reply_expected:
            self._connection.send(response)

    # ------------------------------------------------------------ out

    def call(
        self,
        to: DBusAddress,
        member: str,
        arguments: Reply = NOTHING,
        then: Callable[[Message], None] | None = None,
    ) -> None:
        """Call a method; `then` gets what comes back, a return or an error."""
        serial = next(self._connection.outgoing_serial)
        if then is not None:
            self._pending[serial] = then
        signature, values = arguments
        call = new_method_call(to, member, signature or None, values)
        self._connection.send(call, serial=serial)

    def tell(self, path: str, interface: str, member: str, carried: Reply = NOTHING) -> None:
        """Emit a signal."""
        signature, values = carried
        source = DBusAddress(path, interface=interface)
        self._connection.send(new_signal(source, member, signature or None, values))


def _response(message: Message, reply: Reply | None) -> Message:
    if reply is None:
        return new_error(message, _UNKNOWN, "s", ("no such method",))
    signature, values = reply
    return new_method_return(message, signature or None, values)
