"""The loopback WebSocket server."""

import asyncio
import logging
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from app.webpage.server import (
    MOST_SOCKETS,
    LoopbackServer,
    Peer,
    PeerGoneError,
    Redirect,
    Refusal,
    Request,
)


async def echo(peer: Peer) -> None:
    """Say back what comes until the client leaves."""
    try:
        while True:
            await peer.send(await peer.recv())
    except PeerGoneError:
        return


def url(server: LoopbackServer) -> str:
    return f"ws://127.0.0.1:{server.port}/"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::"])  # noqa: S104 (refused)
def test_only_loopback(host: str) -> None:
    """An address that other machines could reach is refused before anything listens."""
    with pytest.raises(ValueError, match="loopback"):
        LoopbackServer(echo, host)


async def test_text_and_bytes_pass() -> None:
    """Text arrives as text and bytes as bytes, both ways."""
    async with LoopbackServer(echo) as server, connect(url(server)) as client:
        await client.send("ä")
        assert await client.recv() == "ä"
        await client.send(b"\x00")
        assert await client.recv() == b"\x00"


async def test_close_frame_reaches_the_handler() -> None:
    """The handler hears with which code and reason the client left."""
    heard: asyncio.Future[PeerGoneError] = asyncio.get_running_loop().create_future()

    async def handler(peer: Peer) -> None:
        try:
            await peer.recv()
        except PeerGoneError as gone:
            heard.set_result(gone)

    async with LoopbackServer(handler) as server:
        async with connect(url(server)) as client:
            await client.close(4001, "bye")
        gone = await heard
    assert (gone.code, gone.reason) == (4001, "bye")


async def test_abort_is_no_close() -> None:
    """A client sees an aborted connection as lost, without a close frame."""

    async def handler(peer: Peer) -> None:
        await peer.recv()
        peer.abort()

    async with LoopbackServer(handler) as server, connect(url(server)) as client:
        await client.send("go")
        with pytest.raises(ConnectionClosedError) as error:
            await client.recv()
    assert error.value.rcvd is None


async def test_refused_before_the_handshake() -> None:
    """process_request sees the raw target and may answer with an HTTP status."""
    asked: list[Request] = []

    async def refuse(request: Request) -> Refusal | None:
        asked.append(request)
        return Refusal(403, "no")

    async with LoopbackServer(echo, process_request=refuse) as server:
        with pytest.raises(InvalidStatus) as error:
            await connect(url(server) + "a%20b?x=%21")
    assert error.value.response.status_code == 403
    assert asked[0].target == "/a%20b?x=%21"


async def test_stop_does_not_wait_for_a_mute_client() -> None:
    """A TCP connection without a handshake does not hold up the stop."""
    server = LoopbackServer(echo)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(10):
        async with connect(url(server)) as client:  # by now the mute one has been accepted
            await client.send("x")
            await client.recv()
            await server.stop()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    writer.close()


async def test_same_port_again() -> None:
    """After a stop nobody listens; a start takes the same port."""
    server = LoopbackServer(echo)
    await server.start()
    port = server.port
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await connect(url(server))
    async with server:
        assert server.port == port
        async with connect(url(server)):
            pass


async def test_a_redirection_leads_on_and_is_not_kept() -> None:
    """A browser goes on to the other path; no cache and no referrer keeps either."""

    async def lead_on(_request: Request) -> Redirect:
        return Redirect("/elsewhere/")

    async with LoopbackServer(echo, process_request=lead_on) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = (await reader.read()).decode().lower()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith("http/1.1 303 ")
    assert "location: /elsewhere/\r\n" in answer
    assert "cache-control: no-store\r\n" in answer
    assert "referrer-policy: no-referrer\r\n" in answer


async def test_a_conversation_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at level DEBUG: a page's path is its secret, and its files are many."""
    with caplog.at_level(logging.DEBUG):
        async with LoopbackServer(echo) as server, connect(f"{url(server)}the-secret/") as client:
            await client.send("a-token")
            await client.recv()
    assert [one.getMessage() for one in caplog.records if one.name.startswith("app.")] == []


async def test_nobody_takes_all_the_sockets() -> None:
    """Of mute connections only so many are kept: the agent needs its files for jobs."""
    async with LoopbackServer(echo) as server:
        opened = [
            await asyncio.open_connection("127.0.0.1", server.port)
            for _number in range(MOST_SOCKETS + 1)
        ]
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):
                assert await opened[-1][0].read() == b""
        assert len(server._sockets) == MOST_SOCKETS
        for _reader, writer in opened:
            writer.close()
