"""app/link/transport.py and tls.py over real sockets: TLS, refusals, ends; no token anywhere."""

import asyncio
import logging
import platform
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from app import __version__
from app.errors import ConfigError
from app.link import transport
from app.link.transport import LinkClosedError, LinkOpenError, Transport, open_link

TOKEN = "-Zq9_" + "t" * 38
SOON = 0.2  # seconds for what must not happen
AUTHORITY = trustme.CA()

Handler = Callable[[ServerConnection], Awaitable[None]]
Process = Callable[[ServerConnection, Request], Response | None]


@pytest.fixture(autouse=True)
def _no_proxy_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ws_proxy", "wss_proxy", "socks_proxy", "https_proxy", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """Return the PEM file of the private authority."""
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


async def echo(connection: ServerConnection) -> None:
    """Send back what comes."""
    async for frame in connection:
        await connection.send(frame)


@asynccontextmanager
async def platform_at(
    handler: Handler = echo,
    *,
    tls: ssl.SSLContext | None = None,
    process: Process | None = None,
) -> AsyncIterator[str]:
    """Serve on loopback; yields the agent's address."""
    async with serve(
        handler,
        "127.0.0.1",
        0,
        ssl=tls,
        process_request=process,
        max_size=None,
        close_timeout=SOON,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/ws/agent"


@asynccontextmanager
async def raw_server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Serve bytes on loopback; yields the port."""
    writers: list[asyncio.StreamWriter] = []

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, and never say a word."""
    while await reader.read(65536):
        pass


def server_tls(cert: trustme.LeafCert) -> ssl.SSLContext:
    """Return a server's context that shows `cert`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


async def failure_of(
    url: str, ca_file: Path | None = None, *, open_timeout: float = 10
) -> LinkOpenError:
    """Return the error of an attempt that must fail."""
    with pytest.raises(LinkOpenError) as failed:
        await open_link(url, TOKEN, ca_file, open_timeout=open_timeout)
    assert TOKEN not in "".join(traceback.format_exception(failed.value))
    return failed.value


async def end_of(link: Transport) -> LinkClosedError:
    """Return how the connection ends, whatever comes before."""
    try:
        while True:
            await link.receive()
    except LinkClosedError as closed:
        return closed


async def fill(link: Transport) -> None:
    """Send for ever."""
    while True:
        await link.send("x" * 2**20)


# ---------------------------------------------------------------- open


async def test_frames_travel_both_ways() -> None:
    """Text, empty text, two megabytes and binary frames arrive whole."""

    async def answer(connection: ServerConnection) -> None:
        async for frame in connection:
            await connection.send(frame)
            await connection.send(b"\x00\xff")

    async with platform_at(answer) as url:
        link = await open_link(url, TOKEN, None)
        for text in ("hello 测试", "", "x" * 2**21):
            await link.send(text)
            assert await link.receive() == text
            assert await link.receive() == b"\x00\xff"
        assert link.local_address == "127.0.0.1"
        assert await link.close() is True


async def test_handshake_shows_the_token_as_it_is() -> None:
    """The query is the token byte for byte; no compression is offered; we say who we are."""
    seen: list[tuple[str, Headers]] = []

    def look(_connection: ServerConnection, request: Request) -> None:
        seen.append((request.path, request.headers))

    token = "-a%20b~c/d+e="
    async with platform_at(process=look) as url:
        link = await open_link(url, token, None)
        await link.close()
    path, headers = seen[0]
    assert path == f"/ws/agent?token={token}"
    assert headers["User-Agent"] == f"ats-agent/{__version__}"
    assert "Sec-WebSocket-Extensions" not in headers


@pytest.mark.parametrize("token", ["a b", "a\nb", "a#b", "a&b", "测试"])
async def test_token_that_breaks_the_address(token: str) -> None:
    """Such a token cannot be sent as it is: said before anything is opened."""
    with pytest.raises(ConfigError) as refused:
        await open_link("ws://127.0.0.1:9/ws/agent", token, None)
    assert token not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/ws/agent", "ws:///ws/agent", "ws://h:port/ws", "ws://h:99999/", "127.0.0.1"],
)
async def test_address_that_cannot_work(url: str) -> None:
    """Only the user can mend an address."""
    with pytest.raises(ConfigError, match="cannot be used"):
        await open_link(url, TOKEN, None)


async def test_address_is_shown_without_its_password() -> None:
    """An error's text holds no secret, not even one that the user put into the address."""
    with pytest.raises(ConfigError) as refused:
        await open_link("ftp://me:geheim@127.0.0.1/ws/agent", TOKEN, None)
    assert "ftp://127.0.0.1/ws/agent" in refused.value.cause


async def test_host_name_that_cannot_exist() -> None:
    """A label of no length is the user's mistake too, not a lost network."""
    with pytest.raises(ConfigError, match="cannot be used") as refused:
        await open_link("ws://a..b/ws/agent", TOKEN, None)
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


async def test_nothing_listens() -> None:
    """A refused port was never registered."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told = await failure_of(f"ws://127.0.0.1:{port}/ws/agent")
    assert "refused the connection" in told.cause
    assert not told.maybe_registered


async def test_all_addresses_of_a_name_refuse() -> None:
    """`localhost` may stand for two addresses; the answer is the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told = await failure_of(f"ws://localhost:{port}/ws/agent")
    assert "refused the connection" in told.cause


async def test_silent_handshake() -> None:
    """TCP stood and nothing came: the platform may have registered us."""
    async with raw_server(silence) as port:
        told = await failure_of(f"ws://127.0.0.1:{port}/ws/agent", open_timeout=SOON)
    assert "did not answer in time" in told.cause
    assert told.maybe_registered


async def test_silent_tls() -> None:
    """Without TLS nobody has seen our request."""
    async with raw_server(silence) as port:
        told = await failure_of(f"wss://127.0.0.1:{port}/ws/agent", open_timeout=SOON)
    assert "did not answer in time" in told.cause
    assert not told.maybe_registered


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (HTTPStatus.FORBIDDEN, "ends in /ws/agent"),
        (HTTPStatus.NOT_FOUND, "ends in /ws/agent"),
        (HTTPStatus.BAD_GATEWAY, "in trouble"),
    ],
)
async def test_http_refusal(status: HTTPStatus, words: str) -> None:
    """An HTTP answer is a refusal with its number, and nothing is registered."""

    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(status, "")

    async with platform_at(process=refuse) as url:
        told = await failure_of(url)
    assert f"HTTP {status.value}" in told.cause
    assert words in told.next_step
    assert not told.maybe_registered


async def test_redirect_is_not_followed() -> None:
    """The token goes nowhere else; the user is told the new address, without its query."""

    def redirect(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(HTTPStatus.MOVED_PERMANENTLY, "")
        response.headers["Location"] = f"https://other.test{request.path}"
        return response

    async with platform_at(process=redirect) as url:
        told = await failure_of(url)
    assert "https://other.test/ws/agent." in told.cause


async def test_something_else_listens() -> None:
    """A server that throws our request back at us: the token stays out of the error."""

    async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readuntil(b"\r\n\r\n"))
        await writer.drain()

    async with raw_server(mirror) as port:
        told = await failure_of(f"ws://127.0.0.1:{port}/ws/agent")
    assert "does not speak WebSocket" in told.cause


async def test_hangs_up_in_the_handshake() -> None:
    """A connection cut before the answer may have been registered."""

    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with raw_server(hang_up) as port:
        told = await failure_of(f"ws://127.0.0.1:{port}/ws/agent")
    assert "hung up" in told.cause
    assert told.maybe_registered


async def test_cancelled_opening_leaves_no_socket() -> None:
    """Cancelling an attempt hangs up at once."""
    gone = asyncio.Event()
    there = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        there.set()
        with suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with raw_server(watch) as port, asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(open_link(f"ws://127.0.0.1:{port}/ws/agent", TOKEN, None))
        await asyncio.wait_for(there.wait(), 5)
        opening.cancel()
        await asyncio.wait_for(gone.wait(), 5)


# ---------------------------------------------------------------- proxy


async def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that is set for everything does not break the demo."""
    monkeypatch.setenv("ws_proxy", "http://127.0.0.1:9")
    async with platform_at() as url:
        link = await open_link(url, TOKEN, None)
        assert await link.close()


async def test_proxy_is_used_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy carries the connection; it resolves the name for us."""
    asked: list[bytes] = []
    async with platform_at() as url:
        port = int(url.split(":")[2].split("/")[0])

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)

            async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                while data := await source.read(65536):
                    sink.write(data)
                sink.write_eof()

            await asyncio.gather(carry(reader, to_writer), carry(to_reader, writer))
            to_writer.close()

        async with raw_server(tunnel) as proxy:
            monkeypatch.setenv("ws_proxy", f"http://127.0.0.1:{proxy}")
            link = await open_link("ws://platform.test/ws/agent", TOKEN, None)
            await link.send("x")
            assert await link.receive() == "x"
            assert await link.close()
    assert asked[0].startswith(b"CONNECT platform.test:80 ")


async def test_proxy_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is named as the culprit, without its password."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(refuse) as proxy:
        monkeypatch.setenv("ws_proxy", f"http://me:geheim@127.0.0.1:{proxy}")
        told = await failure_of("ws://platform.test/ws/agent")
    assert "proxy" in told.cause
    assert "NO_PROXY" in told.next_step
    assert "geheim" not in "".join(traceback.format_exception(told))
    assert not told.maybe_registered


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5h://127.0.0.1:9", "SOCKS"),
        ("http://127.0.0.1:port", "address is not valid"),
        ("gopher://127.0.0.1", "address is not valid"),
        ("http://me@127.0.0.1:9", "address is not valid"),
    ],
)
async def test_proxy_that_cannot_be_used(
    proxy: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we cannot use is said of the proxy, not of the platform."""
    monkeypatch.setenv("ws_proxy", proxy)
    told = await failure_of("ws://platform.test/ws/agent")
    assert words in told.cause


# ---------------------------------------------------------------- TLS


async def test_private_authority(ca_file: Path) -> None:
    """A certificate that server.ca_file has signed is accepted."""
    async with platform_at(tls=server_tls(AUTHORITY.issue_cert("127.0.0.1"))) as url:
        link = await open_link(url, TOKEN, ca_file)
        await link.send("x")
        assert await link.receive() == "x"
        assert await link.close()


@pytest.mark.skipif(
    platform.system() != "Linux", reason="other system: SSL_CERT_FILE stands for it"
)
async def test_system_store_beside_the_file(
    tmp_path: Path, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system trusts stays trusted when server.ca_file adds an authority."""
    system = trustme.CA()
    system.cert_pem.write_to_path(str(tmp_path / "system.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    for authority in (system, AUTHORITY):
        async with platform_at(tls=server_tls(authority.issue_cert("127.0.0.1"))) as url:
            link = await open_link(url, TOKEN, ca_file)
            assert await link.close()


async def test_expired_certificate(ca_file: Path) -> None:
    """Expired is said as such, not as a lost network."""
    past = datetime.now(UTC) - timedelta(days=1)  # noqa: TID251 (the certificate's real clock)
    cert = AUTHORITY.issue_cert("127.0.0.1", not_after=past)
    async with platform_at(tls=server_tls(cert)) as url:
        told = await failure_of(url, ca_file)
    assert "it has expired" in told.cause
    assert not told.maybe_registered


async def test_certificate_of_another_host(ca_file: Path) -> None:
    """The name in the address must be the certificate's."""
    async with platform_at(tls=server_tls(AUTHORITY.issue_cert("other.test"))) as url:
        told = await failure_of(url, ca_file)
    assert "another host name" in told.cause


async def test_unknown_authority() -> None:
    """Nobody vouches for it: the way out is named."""
    async with platform_at(tls=server_tls(AUTHORITY.issue_cert("127.0.0.1"))) as url:
        told = await failure_of(url)
    assert "nobody this computer trusts" in told.cause
    assert "server.ca_file" in told.next_step


async def test_old_tls_is_refused(ca_file: Path) -> None:
    """Nothing below TLS 1.2 is spoken."""
    context = server_tls(AUTHORITY.issue_cert("127.0.0.1"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with platform_at(tls=context) as url:
        told = await failure_of(url, ca_file)
    assert told.next_step
    assert not told.maybe_registered


async def test_tls_to_a_plain_port() -> None:
    """wss:// to a port without TLS says what to change."""
    async with platform_at() as url:
        told = await failure_of(url.replace("ws://", "wss://"))
    assert "ws://" in told.next_step


async def test_plain_to_a_tls_port() -> None:
    """The other way round too."""
    async with platform_at(tls=server_tls(AUTHORITY.issue_cert("127.0.0.1"))) as url:
        told = await failure_of(url.replace("wss://", "ws://"))
    assert "wss://" in told.next_step


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_unusable_ca_file(tmp_path: Path, content: str | None) -> None:
    """A missing or empty server.ca_file is the user's to mend."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"server\.ca_file") as refused:
        await open_link("wss://127.0.0.1:9/ws/agent", TOKEN, path)
    assert str(path) in refused.value.cause


# ---------------------------------------------------------------- ends


async def test_accepted_then_refused() -> None:
    """A bad token is a good handshake followed by 1008 (docs/protocol.md 1)."""

    async def refuse(connection: ServerConnection) -> None:
        await connection.close(1008, "Token required")

    async with platform_at(refuse) as url:
        link = await open_link(url, TOKEN, None)
        ended = await end_of(link)
        assert (ended.code, ended.reason, ended.clean) == (1008, "Token required", True)
        assert ended.maybe_registered
        with pytest.raises(LinkClosedError) as again:
            await link.send("x")
        assert again.value.code == 1008
        assert await link.close() is True


async def test_reason_that_quotes_the_token() -> None:
    """Not even the platform gets our token into an error's text."""

    async def refuse(connection: ServerConnection) -> None:
        await connection.close(1008, f"unknown: {TOKEN}")

    async with platform_at(refuse) as url:
        ended = await end_of(await open_link(url, TOKEN, None))
    assert ended.reason == "unknown: ***"
    assert TOKEN not in "".join(traceback.format_exception(ended))


async def test_cut_in_the_middle_of_a_frame() -> None:
    """Half a frame is no frame, and the end is not clean."""

    async def cut(connection: ServerConnection) -> None:
        await connection.send("whole")
        connection.transport.write(b"\x81\x7e\x01\x00half")
        connection.transport.close()

    async with platform_at(cut) as url:
        link = await open_link(url, TOKEN, None)
        assert await link.receive() == "whole"
        ended = await end_of(link)
    assert (ended.code, ended.clean) == (1006, False)


async def test_reset() -> None:
    """A killed platform is an unclean end with the system's reason."""

    async def reset(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    async with platform_at(reset) as url:
        link = await open_link(url, TOKEN, None)
        await link.send("x")
        ended = await end_of(link)
    assert (ended.code, ended.clean) == (1006, False)
    assert ended.reason


async def test_close_frame_and_then_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that says goodbye but keeps TCP open does not hold `receive` for ever."""
    monkeypatch.setattr(transport, "CLOSE_TIMEOUT", SOON)
    done = asyncio.Event()

    async def half_a_goodbye(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        connection.transport.write(b"\x88\x02\x03\xf4")  # close 1012
        await done.wait()

    async with platform_at(half_a_goodbye) as url:
        link = await open_link(url, TOKEN, None)
        ended = await asyncio.wait_for(end_of(link), 5)
        done.set()
    assert (ended.code, ended.clean, ended.ours) == (1012, True, False)


async def test_oversized_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame over the limit ends the connection instead of filling the memory."""
    monkeypatch.setattr(transport, "MAX_RECEIVED", 1000)
    codes: list[int | None] = []
    seen = asyncio.Event()

    async def flood(connection: ServerConnection) -> None:
        await connection.send("x" * 1001)
        await connection.wait_closed()
        codes.append(connection.close_code)
        seen.set()

    async with platform_at(flood) as url:
        ended = await end_of(await open_link(url, TOKEN, None))
        await asyncio.wait_for(seen.wait(), 5)
    assert "over" in ended.reason or "size" in ended.reason or "limit" in ended.reason
    assert codes == [1009]
    assert ended.ours


async def test_platform_that_reads_nothing() -> None:
    """`send` waits (back-pressure) and `close` is bounded and says that it was not clean."""
    done = asyncio.Event()

    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await done.wait()

    async with platform_at(deaf) as url:
        link = await open_link(url, TOKEN, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fill(link), SOON)
        async with asyncio.timeout(5):
            assert await link.close(timeout=SOON) is False
        ended = await end_of(link)
        done.set()
    assert not ended.clean


async def test_abort_and_close_twice() -> None:
    """Both are harmless again and again, and end a waiting `receive`."""
    async with platform_at() as url:
        link = await open_link(url, TOKEN, None)
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(end_of(link))
            await asyncio.sleep(0)
            link.abort()
            link.abort()
        assert not ending.result().clean
        assert await link.close() is False
        assert await link.close() is False


async def test_cancelled_receive_loses_nothing() -> None:
    """A cancelled `receive` leaves the frame for the next one."""
    async with platform_at() as url:
        link = await open_link(url, TOKEN, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(link.receive(), 0.01)
        await link.send("x")
        assert await link.receive() == "x"
        await link.close()


# ---------------------------------------------------------------- the token


async def test_no_log_record_holds_the_token(
    caplog: pytest.LogCaptureFixture, ca_file: Path
) -> None:
    """At DEBUG, everywhere, over good, refused and broken connections."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="websockets.server")  # the test's own server
    for name in ("app", "app.link", "websockets.client", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)

    def refuse(connection: ServerConnection, _request: Request) -> Response:
        return connection.respond(HTTPStatus.FORBIDDEN, "")

    async with platform_at(tls=server_tls(AUTHORITY.issue_cert("127.0.0.1"))) as url:
        link = await open_link(url, TOKEN, ca_file)
        assert TOKEN not in repr(link)
        await link.send("x")
        await link.close()
        await failure_of(url)
    async with platform_at(process=refuse) as url:
        await failure_of(url)
    assert TOKEN not in caplog.text
    assert not [
        record for record in caplog.records if record.name.startswith("app.link.websockets")
    ]
