"""X's wire as far as a look at the screen needs it: connect, ask, get the reply.

By hand, because Xlib waits for ever for a server that hangs, leaves sockets open when it
cannot connect, and costs 1.5 MiB.
"""

import os
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 0.6  # seconds for the connection, and for each answer
_DISPLAY = re.compile(r"(?:unix|(?P<host>[^:/]*)):(?P<number>\d+)(?:\.(?P<screen>\d+))?")
_TCP = 6000  # the port of display 0
_COOKIE = b"MIT-MAGIC-COOKIE-1"
_FAMILY_LOCAL, _FAMILY_WILD = 256, 65535  # Xauth.h
_ERROR, _REPLY = 0, 1  # the first byte of what the server sends; anything else is an event
_LEAST = 32  # bytes of a reply, an error, an event


@dataclass(frozen=True, slots=True)
class Root:
    """A screen as the connection's setup describes it: pixels and millimetres."""

    window: int
    width: int
    width_mm: int


class XWire:
    """One connection; every call raises OSError or ValueError when there is no answer."""

    def __init__(self, name: str) -> None:
        """Connect to the display of this name (X(7), "DISPLAY NAMES")."""
        found = _DISPLAY.fullmatch(name)
        if found is None:
            raise ValueError(f"no display name: {name}")
        number = int(found["number"])
        self._socket = _connected(found["host"] or "", number)
        try:
            self.root = _roots(self._set_up(_cookie(number)))[int(found["screen"] or 0)]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the server."""
        self._socket.close()

    def ask(self, opcode: int, detail: int, body: bytes) -> bytes:
        """Return the reply to a request, its header of 32 bytes included."""
        head = struct.pack("=BBH", opcode, detail, 1 + len(body) // 4)
        self._socket.sendall(head + body)
        limit = time.monotonic() + PATIENCE
        while True:
            answer = self._read(_LEAST, limit)
            if answer[0] == _REPLY:
                return answer + self._read(4 * int(struct.unpack_from("=I", answer, 4)[0]), limit)
            if answer[0] == _ERROR:
                raise ValueError(f"X refuses request {opcode}: error {answer[1]}")

    def _set_up(self, cookie: bytes) -> bytes:
        """Introduce ourselves; return what the server says of itself."""
        name = _COOKIE if cookie else b""
        order = struct.pack("=H", 1) == b"\1\0"
        head = struct.pack("=BxHHHH2x", b"Bl"[order], 11, 0, len(name), len(cookie))
        self._socket.sendall(head + _padded(name) + _padded(cookie))
        limit = time.monotonic() + PATIENCE
        status, length = struct.unpack("=B5xH", self._read(8, limit))
        body = self._read(4 * length, limit)
        if status != 1:
            raise PermissionError(f"X refuses: {body[:80]!r}")
        return body

    def _read(self, size: int, limit: float) -> bytes:
        data = b""
        while len(data) < size:
            self._socket.settimeout(max(limit - time.monotonic(), 0.001))
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("X closed the connection")
            data += piece
        self._socket.settimeout(PATIENCE)
        return data


def _connected(host: str, number: int) -> socket.socket:
    """Connect; a display without a host is a Unix socket, of Linux's own kind or a file."""
    if host:
        return socket.create_connection((host, _TCP + number), PATIENCE)
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 (X's own place)
    try:
        return _unix(f"\0{path}")
    except OSError:
        return _unix(path)


def _unix(path: str) -> socket.socket:
    made = socket.socket(socket.AddressFamily["AF_UNIX"])  # a name that Windows lacks
    try:
        made.settimeout(PATIENCE)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _cookie(number: int) -> bytes:
    """Return this user's cookie for a display of this computer, b"" when there is none."""
    path = Path(os.environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    here = socket.gethostname().encode()
    for family, address, display, name, cookie in _entries(data):
        ours = family == _FAMILY_WILD or (family == _FAMILY_LOCAL and address == here)
        if ours and name == _COOKIE and display in (b"", b"%d" % number):
            return cookie
    return b""


def _entries(data: bytes) -> Iterator[tuple[int, bytes, bytes, bytes, bytes]]:
    """Read an Xauthority file (Xau(3)); raises ValueError when it breaks off."""
    at = 0
    while at < len(data):
        family = int.from_bytes(data[at : at + 2], "big")
        at += 2
        parts = []
        for _part in range(4):
            size = int.from_bytes(data[at : at + 2], "big")
            parts.append(data[at + 2 : at + 2 + size])
            at += 2 + size
        if at > len(data):
            raise ValueError("the Xauthority file breaks off")
        address, display, name, cookie = parts
        yield family, address, display, name, cookie


def _roots(setup: bytes) -> list[Root]:
    """Return the screens of a setup (X protocol, "Connection Setup")."""
    (vendor,), (screens, formats) = struct.unpack_from("=H", setup, 16), setup[20:22]
    at = 32 + len(_padded(bytes(vendor))) + 8 * formats
    roots = []
    for _screen in range(screens):
        window, width, width_mm, depths = struct.unpack_from("=I16xH2xH13xB", setup, at)
        roots.append(Root(window, width, width_mm))
        at += 40
        for _depth in range(depths):
            at += 8 + 24 * int(struct.unpack_from("=H", setup, at + 2)[0])
    return roots


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
