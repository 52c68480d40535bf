"""A thin WebSocket server that listens on loopback only."""

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ssl import SSLContext
from typing import TypedDict, Unpack

from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as websockets_serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from app.i18n import _
from app.webpage.served import Served

MAX_FRAME = 16 * 2**20  # bytes; a larger frame closes with 1009
OPEN_TIMEOUT = 60.0  # seconds for the opening handshake
CLOSE_TIMEOUT = 2.0  # seconds for the closing handshake, then the socket is cut
NO_CLOSE_FRAME = 1006
MOST_SOCKETS = 256  # at the same time: any user of this computer can open one, each takes a file
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # linger 0 s; Windows reads the first 4 bytes, the same

log = logging.getLogger(__name__)
# websockets' DEBUG shows requests and frames, secrets included; its INFO is two lines for each
# file of a page, so that any user of this computer could fill the log with them.
log.setLevel(logging.WARNING)


class PeerGoneError(Exception):
    """The connection has ended; `code` is None when it ended without a close frame."""

    def __init__(self, code: int | None, reason: str) -> None:
        text = _("connection ended: {code} {reason}").format(code=code, reason=reason)
        super().__init__(text.rstrip())
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for: the raw target (path and query) and the headers.

    Header names are in lower case; the values of a repeated one are joined by ", ". `ends`:
    address and port of our end of the connection and of the other one.
    """

    target: str
    headers: Mapping[str, str]
    method: str = "GET"
    ends: tuple[tuple[str, int], tuple[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer in place of a WebSocket."""

    status: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file in place of a WebSocket; the connection ends behind it."""

    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another path in place of a WebSocket: the browser goes there."""

    path: str = field(repr=False)  # it may be a secret


class Limits(TypedDict, total=False):
    """Times in seconds, sizes in bytes; None switches a limit off."""

    ssl: SSLContext | None
    max_size: int | None
    compression: str | None
    open_timeout: float | None
    close_timeout: float | None
    ping_interval: float | None
    ping_timeout: float | None


Answer = Refusal | Document | Redirect | None  # None: the WebSocket


class Peer:
    """One client: messages in and out, and the rough ways to end it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        request = connection.request
        self.target = request.path if request else ""

    @property
    def ending(self) -> bool:
        """True once this side has begun to close, for a missed pong say."""
        protocol = self._connection.protocol
        return protocol.close_sent is not None and not protocol.close_rcvd_then_sent

    async def recv(self) -> str | bytes:
        """Return the next message, text as str; raise PeerGoneError at the end."""
        try:
            return await self._connection.recv()
        except ConnectionClosed:
            raise self._gone() from None

    async def send(self, message: str | bytes) -> None:
        """Send one message; raise PeerGoneError when the connection has ended."""
        try:
            await self._connection.send(message)
        except ConnectionClosed:
            raise self._gone() from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a handshake, bounded by the server's close timeout; may be repeated."""
        await self._connection.close(code, reason)

    def abort(self) -> None:
        """Cut the connection hard: no close frame, a TCP reset."""
        transport = self._connection.transport
        sock = transport.get_extra_info("socket")
        if sock is not None and not transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.abort()

    def finish(self, last: bytes = b"") -> None:
        """Write raw bytes (half a frame, say), then end the stream without a close frame."""
        transport = self._connection.transport
        transport.write(last)
        transport.close()

    def pause_reading(self) -> None:
        """Take nothing more from the socket, pings and close frames included."""
        if not self._connection.transport.is_closing():
            self._connection.transport.pause_reading()

    def resume_reading(self) -> None:
        """Undo pause_reading."""
        if not self._connection.transport.is_closing():
            self._connection.transport.resume_reading()

    async def wait_closed(self) -> None:
        """Return when the TCP connection has ended."""
        await self._connection.wait_closed()

    def _gone(self) -> PeerGoneError:
        code = self._connection.close_code
        reason = self._connection.close_reason or ""
        return PeerGoneError(None if code == NO_CLOSE_FRAME else code, reason)


class LoopbackServer(Served):
    """A WebSocket server on a loopback address; use it with `async with`.

    `handler` owns one peer from the opening handshake on; when it returns the peer is
    closed with 1000. `process_request` may refuse before the handshake, or answer a plain
    request with a document. Raises ValueError for an address that other machines could reach.
    """

    def __init__(
        self,
        handler: Callable[[Peer], Awaitable[None]],
        host: str = "127.0.0.1",
        port: int = 0,
        process_request: Callable[[Request], Awaitable[Answer]] | None = None,
        **limits: Unpack[Limits],
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"{host} is not a loopback address")
        self._handler = handler
        self._host = host
        self._port = port
        self._check = process_request
        self._limits: Limits = {
            "max_size": MAX_FRAME,
            "open_timeout": OPEN_TIMEOUT,
            "close_timeout": CLOSE_TIMEOUT,
            **limits,
        }
        self._server: Server | None = None
        self._sockets: set[ServerConnection] = set()  # opening ones included

    @property
    def port(self) -> int:
        """The port listened on; the same again after a stop and a start."""
        return self._port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await websockets_serve(
            self._serve_one,
            self._host,
            self._port,
            process_request=self._process_request,
            create_connection=self._connection_type(),
            logger=log,
            **self._limits,
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self, code: int = 1001, reason: str = "") -> None:
        """Refuse new connections, close every peer, cut what does not answer; repeatable."""
        server, self._server = self._server, None
        if server is None:
            return
        for connection in self._sockets - server.connections:
            connection.transport.abort()  # its opening handshake would hold us up
        server.close(code=code, reason=reason)
        await server.wait_closed()

    async def crash(self) -> None:
        """End as a killed process does: every socket is reset, the port is closed."""
        for connection in list(self._sockets):
            Peer(connection).abort()
        await self.stop()

    async def _serve_one(self, connection: ServerConnection) -> None:
        await self._handler(Peer(connection))

    async def _process_request(
        self, connection: ServerConnection, request: HttpRequest
    ) -> Response | None:
        if self._check is None:
            return None
        match await self._check(_request(connection, request)):
            case Refusal(status, text):
                return connection.respond(status, text)
            case Document() as document:
                return _response(document)
            case Redirect(path):
                return _redirection(path)
        return None

    def _connection_type(self) -> type[ServerConnection]:
        sockets = self._sockets

        class Connection(ServerConnection):
            """Known from its first byte on, so that a stop never waits for a mute client."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                sockets.add(self)
                if len(sockets) > MOST_SOCKETS:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                sockets.discard(self)
                super().connection_lost(exc)

        return Connection


def _request(connection: ServerConnection, request: HttpRequest) -> Request:
    headers: dict[str, str] = {}
    for name, value in request.headers.raw_items():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    ours, other = connection.local_address, connection.remote_address
    ends = (ours[:2], other[:2]) if ours and other else None  # gone already
    return Request(request.path, headers, getattr(request, "method", "GET"), ends)


def _response(document: Document) -> Response:
    headers = Headers(
        {
            "Content-Type": document.content_type,
            "Content-Length": str(len(document.body)),
            "Connection": "close",
            **document.headers,
        }
    )
    return Response(HTTPStatus.OK, HTTPStatus.OK.phrase, headers, document.body)


def _redirection(path: str) -> Response:
    headers = Headers(
        {
            "Location": path,
            "Content-Length": "0",
            "Connection": "close",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        }
    )
    return Response(HTTPStatus.SEE_OTHER, HTTPStatus.SEE_OTHER.phrase, headers)
