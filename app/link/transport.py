"""Only importer of websockets' client: open (TLS, CA, proxy), send, receive, close."""

import asyncio
import logging
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from app import __version__
from app.errors import AgentError, ConfigError
from app.host.proxies import may_have_proxy
from app.i18n import _
from app.link.failures import (
    ABNORMAL,
    LinkClosedError,
    LinkOpenError,
    http_refusal,
    network_failure,
    no_answer,
    no_websocket,
    proxy_refusal,
)
from app.link.tls import tls_context

__all__ = [
    "CLOSE_TIMEOUT",
    "OPEN_TIMEOUT",
    "LinkClosedError",
    "LinkOpenError",
    "Transport",
    "open_link",
]

OPEN_TIMEOUT = 30.0  # seconds from the name look-up to the end of the handshake
CLOSE_TIMEOUT = 5.0  # seconds for the platform to answer our close frame
NEXT_ADDRESS_AFTER = 0.25  # seconds until a host's next address is tried beside the first
MAX_RECEIVED = 32 * 2**20  # bytes; a larger message costs the connection: we close it (1009)
WRITE_LIMIT = 64 * 2**10  # bytes unsent in this process until `send` waits; more is no faster
REASON_BYTES = 123  # of a close frame (RFC 6455, 5.5)

# At DEBUG websockets logs the request line with the token in it: it never gets to that level.
_vendor_log = logging.getLogger("app.link.websockets")
_vendor_log.setLevel(logging.WARNING)


class Transport:
    """One open connection: text frames out, frames in, until LinkClosedError.

    A frame over MAX_RECEIVED, or one that breaks the WebSocket protocol, costs the
    connection: this end closes it, and LinkClosedError says `ours`.
    """

    def __init__(self, connection: ClientConnection, token: str) -> None:
        self._connection = connection
        self._token = token

    @property
    def local_address(self) -> str:
        """This computer's address as seen on the connection; "" when unknown."""
        address = self._connection.local_address
        return str(address[0]) if isinstance(address, tuple) else ""

    async def send(self, text: str) -> None:
        """Hand over one frame; waits while more than WRITE_LIMIT bytes are unsent.

        Cancelled while it waits, the frame counts as sent. Raises LinkClosedError.
        """
        try:
            await self._connection.send(text)
        except ConnectionClosed as closed:
            raise self._lost(closed) from None  # it quotes the platform unmasked

    async def receive(self) -> str | bytes:
        """Return the next frame; safe to cancel, one caller at a time. Raises LinkClosedError."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as closed:
            raise self._lost(closed) from None  # it quotes the platform unmasked

    async def close(
        self,
        code: int = 1000,
        reason: str = "",
        *,
        timeout: float = CLOSE_TIMEOUT,  # noqa: ASYNC109 (ends in our own abort, not in an error)
    ) -> bool:
        """Close within `timeout` seconds; return True when the platform's close frame came."""
        short = reason.encode()[:REASON_BYTES].decode("utf-8", "ignore")
        try:
            async with asyncio.timeout(timeout):
                await self._connection.close(code, short)
        except TimeoutError:
            pass
        finally:
            self.abort()
        return self._connection.protocol.close_rcvd is not None

    def abort(self) -> None:
        """Cut the connection at once; harmless when it is closed."""
        self._connection.transport.abort()

    def _lost(self, closed: ConnectionClosed) -> LinkClosedError:
        sent = closed.sent
        ours = sent is not None and sent.code != ABNORMAL and not closed.rcvd_then_sent
        if closed.rcvd is not None:
            said = (sent.reason if ours and sent else "") or closed.rcvd.reason
            said = said.replace(self._token, "***")
            return LinkClosedError(closed.rcvd.code, said, clean=True, ours=ours)
        if sent is not None and sent.code != ABNORMAL:
            why = sent.reason or _("no answer to our close frame")
        elif isinstance(closed.__cause__, OSError):
            why = closed.__cause__.strerror or str(closed.__cause__)
        else:
            why = _("it ended without a close frame")
        return LinkClosedError(ABNORMAL, why, clean=False, ours=ours)


async def open_link(
    url: str, token: str, ca_file: Path | None, *, open_timeout: float = OPEN_TIMEOUT
) -> Transport:
    """Open the connection to `url` (…/ws/agent, no query) with `token` as it is, in seconds.

    Raises LinkOpenError when another attempt may succeed, ConfigError when address, token or
    `ca_file` cannot work. An accepted connection says nothing about the token yet.
    """
    opening = _Opening(where=_where(url))
    full_url = _with_token(url, token)
    try:
        async with asyncio.timeout(open_timeout):
            options = await _options(url, ca_file, opening)
            connection = await _open(full_url, options, opening)
    except (OSError, WebSocketException, ImportError, ValueError) as why:
        # Other errors than the system's may quote the address with the token: not chained.
        raise _explain(why, opening) from (why if isinstance(why, OSError) else None)
    return Transport(connection, token)


class _Opening:
    """What is known about one attempt, for the explanation of its failure."""

    def __init__(self, where: str) -> None:
        self.where = where  # host:port, and the proxy on the way
        self.stood = False  # TCP and TLS were through
        self.proxied = False


class _Connect(connect):
    """Follows no redirect: the token is for the address that the user gave."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _Connection(ClientConnection):
    """Notes that TCP and TLS stand, and limits the wait for the end after a close frame.

    websockets bounds that wait only for callers of send and close, not of recv.
    """

    opening: _Opening
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.opening.stood = True
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._end is None and self.protocol.close_expected():
            self._end = self.loop.call_later(CLOSE_TIMEOUT, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


async def _open(full_url: str, options: dict[str, Any], opening: _Opening) -> ClientConnection:
    def make(*args: Any, **kwargs: Any) -> _Connection:
        connection = _Connection(*args, **kwargs)
        connection.opening = opening
        return connection

    return await _Connect(
        full_url,
        create_connection=cast("type[ClientConnection]", make),
        compression=None,  # it halves the throughput of logs, and doubles the memory
        user_agent_header=f"ats-agent/{__version__}",
        open_timeout=None,  # ours includes the look-ups before
        ping_interval=None,  # heartbeats fence; the platform's own pings are answered
        close_timeout=CLOSE_TIMEOUT,
        max_size=MAX_RECEIVED,
        write_limit=WRITE_LIMIT,
        logger=_vendor_log,
        happy_eyeballs_delay=NEXT_ADDRESS_AFTER,
        **options,
    )


async def _options(url: str, ca_file: Path | None, opening: _Opening) -> dict[str, Any]:
    """Return proxy and TLS settings for `url`; the proxy's name is added to `opening`."""
    parts = urlsplit(url)
    if not may_have_proxy(parts.hostname or ""):
        proxy = None
    else:  # may ask the registry and DNS (Windows): never on the loop
        proxy = await asyncio.to_thread(get_proxy, parse_uri(url))
    options: dict[str, Any] = {"proxy": proxy}
    if parts.scheme == "wss":
        options["ssl"] = await asyncio.to_thread(tls_context, ca_file)
    if proxy is not None:
        opening.proxied = True
        opening.where = _("{where} by the proxy {proxy}").format(
            where=opening.where, proxy=urlsplit(proxy).hostname
        )
        if proxy.startswith("https:"):
            options["proxy_ssl"] = await asyncio.to_thread(tls_context, ca_file)
    return options


def _where(url: str) -> str:
    """Return host:port of `url`, all that error texts say of it; raises ConfigError."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"ws": 80, "wss": 443}[parts.scheme]
    except (ValueError, KeyError):  # a port that is no number; another scheme
        raise _bad_address(url) from None
    if not parts.hostname:
        raise _bad_address(url)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{port}"


def _bad_address(url: str) -> ConfigError:
    shown = re.sub(r"//[^/]*@", "//", url.partition("?")[0])  # without a password in it
    return ConfigError(
        _("The server address {url} cannot be used.").format(url=shown),
        _("An address looks like wss://platform.example.com/ws/agent."),
    )


def _with_token(url: str, token: str) -> str:
    """Append the token as it is: the platform does not decode percent signs."""
    if not token.isascii() or not token.isprintable() or any(mark in token for mark in " #&"):
        raise ConfigError(
            _("The token holds a character that no token has."),
            _("Copy it again from the platform's page of this environment."),
        )
    return f"{url}{'&' if '?' in url else '?'}token={token}"


def _explain(why: Exception, opening: _Opening) -> AgentError:
    where, stood = opening.where, opening.stood
    match why:
        case TimeoutError():
            return no_answer(where, stood=stood)
        case OSError():
            return network_failure(where, why, stood=stood)
        case InvalidStatus():
            location = why.response.headers.get("Location", "")
            return http_refusal(where, why.response.status_code, location.partition("?")[0])
        case InvalidProxyStatus():
            status = why.response.status_code
            return proxy_refusal(where, _("the proxy said HTTP {status}").format(status=status))
        case ProxyError():
            return proxy_refusal(where, _("the proxy refused"))
        case InvalidProxy():
            return proxy_refusal(where, _("the proxy's address is not valid"))
        case ImportError():
            return proxy_refusal(where, _("SOCKS proxies are not supported"))
        case ValueError() if opening.proxied:  # a port that is no number
            return proxy_refusal(where, _("the proxy's address is not valid"))
        case InvalidURI() | ValueError():  # a name that cannot be one
            return _bad_address(where)
        case _:
            return no_websocket(where, stood=stood)
