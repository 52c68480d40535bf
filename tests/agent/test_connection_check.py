"""Checking a connection against the demo platform, and against everything that is none."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from app.agent import connection_check
from app.agent.connection_check import (
    CheckParts,
    ConnectionCheck,
    InUse,
    Problem,
    ProblemError,
    Wish,
    read_wish,
)
from app.demo.platform import DemoPlatform, Settings
from app.link.transport import open_link

AUTHORITY = trustme.CA()
TOKEN = "-Zq9_" + "t" * 38


@pytest.fixture(autouse=True)
def _no_proxy_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ws_proxy", "wss_proxy", "https_proxy", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Desk:
    """A check on a computer, with an agent or without."""

    def __init__(self, home: Path, in_use: InUse | None = None) -> None:
        self.held = 0
        self.haunted = False  # the agent was told of a connection that was lost silently
        self.in_use = in_use
        self.checker = ConnectionCheck(
            CheckParts(
                home=home,
                in_use=lambda: self.in_use,
                hold=self.hold,
                lost_silently=self.lost_silently,
                rest=0.0,
            )
        )

    def lost_silently(self) -> None:
        """The platform may hold a connection of the check."""
        self.haunted = True

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """The agent opens nothing meanwhile."""
        self.held += 1
        yield

    async def name(self, url: str, token: str, work_dir: str = "", ca: Path | None = None) -> str:
        """Return the environment's name."""
        return await self.checker.check(read_wish(url, token, work_dir), ca)

    async def problem(
        self, url: str, token: str = TOKEN, work_dir: str = "", ca: Path | None = None
    ) -> Problem:
        """Return the problem; it has a next step and no token in it."""
        with pytest.raises(ProblemError) as caught:
            await self.name(url, token, work_dir, ca)
        problem = caught.value.problem
        assert problem.next_step
        assert not token or token not in f"{problem}{caught.value}"
        return problem


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A computer on which no agent runs."""
    return Desk(tmp_path / "home")


async def test_what_works_is_named_and_left(desk: Desk) -> None:
    """The environment's name comes back, and no registration stays behind."""
    async with DemoPlatform() as platform:
        assert await desk.name(platform.url, platform.token) == "Demo environment"
        await platform.agent_gone()
        assert platform.environment.registered is None
        assert not platform.environment.online
        assert not desk.haunted


async def test_dead_token_is_the_tokens_fault(desk: Desk) -> None:
    """Accepted, then closed with 1008: so a bad token shows."""
    async with DemoPlatform() as platform:
        problem = await desk.problem(platform.url, TOKEN)
        assert problem.field == "token"
        assert "refuses this token" in problem.cause
        assert not desk.haunted


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_nobody_listens(desk: Desk) -> None:
    """A refused connection is told from a silent one."""
    problem = await desk.problem(f"ws://127.0.0.1:{free_port()}")
    assert problem.field == "server_url"
    assert "refused the connection" in problem.cause


async def test_name_that_nobody_knows(desk: Desk) -> None:
    """A mistyped name is told from a platform that is down (RFC 6761: .invalid never exists)."""
    problem = await desk.problem("ws://platform.invalid:8000")
    assert problem.field == "server_url"
    assert "platform.invalid:8000 cannot be resolved" in problem.cause


async def test_silence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes the connection and says nothing is not waited for."""
    monkeypatch.setattr(connection_check, "OPEN_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        problem = await desk.problem(f"ws://127.0.0.1:{server.getsockname()[1]}")
    assert "did not answer in time" in problem.cause
    assert desk.haunted  # it may have been the platform, slow


async def test_silence_at_another_address_haunts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connected agent's own token was not shown there: nothing is registered by it."""
    monkeypatch.setattr(connection_check, "OPEN_TIMEOUT", 0.1)
    desk = Desk(tmp_path, InUse("ws://old/ws/agent", TOKEN, "Lab"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        problem = await desk.problem(f"ws://127.0.0.1:{server.getsockname()[1]}")
    assert "did not answer in time" in problem.cause
    assert not desk.haunted


@asynccontextmanager
async def other_server(status: int = 0, says: str | bytes = "") -> AsyncIterator[str]:
    """A web server (`status`), else a WebSocket server that is no platform."""

    async def handler(connection: ServerConnection) -> None:
        if says:
            await connection.send(says)
        await connection.wait_closed()

    def process(connection: ServerConnection, _request: Request) -> Response | None:
        return connection.respond(HTTPStatus(status), "hello\n") if status else None

    async with serve(handler, "127.0.0.1", 0, process_request=process) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "answered like a web page (HTTP 200), not like an ATS platform"),
        (400, "HTTP 400"),
        (403, "HTTP 403"),
        (404, "HTTP 404"),
        (502, "HTTP 502"),
    ],
)
async def test_web_server(desk: Desk, status: int, words: str) -> None:
    """Something answers, but it is not the platform."""
    async with other_server(status) as url:
        problem = await desk.problem(url)
    assert problem.field == "server_url"
    assert words in problem.cause
    assert not desk.haunted


@pytest.mark.parametrize("says", ["", "hello", b"\0\1", '{"type": "chat"}'])
async def test_other_websocket_server(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, says: str | bytes
) -> None:
    """It takes connections, but it does not greet."""
    monkeypatch.setattr(connection_check, "GREETING_TIMEOUT", 0.1)
    async with other_server(says=says) as url:
        problem = await desk.problem(url)
    assert "does not greet as an ATS platform" in problem.cause


def secure(host: str = "127.0.0.1") -> Settings:
    """A platform whose certificate comes from AUTHORITY."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert(host).configure_cert(context)
    return Settings(ssl=context)


async def test_tls(desk: Desk, tmp_path: Path) -> None:
    """A private authority must be named; a certificate for another name is refused."""
    ca = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(ca))
    async with DemoPlatform(secure()) as platform:
        problem = await desk.problem(platform.url, platform.token)
        assert "nobody this computer trusts" in problem.cause
        assert "server.ca_file" in problem.next_step
        assert await desk.name(platform.url, platform.token, ca=ca) == "Demo environment"
    async with DemoPlatform(secure("other.example")) as platform:
        assert "another host name" in (await desk.problem(platform.url, TOKEN, ca=ca)).cause


async def test_tls_where_there_is_none_and_the_reverse(desk: Desk, tmp_path: Path) -> None:
    """The next step names the other scheme."""
    async with DemoPlatform() as platform:
        problem = await desk.problem(platform.url.replace("ws://", "wss://"))
        assert "ws://" in problem.next_step
    async with DemoPlatform(secure()) as platform:
        problem = await desk.problem(platform.url.replace("wss://", "ws://"))
        assert "wss://" in problem.next_step


@pytest.mark.parametrize(
    ("url", "token", "field", "words"),
    [
        ("", TOKEN, "server_url", "address is missing"),
        ("ftp://h", TOKEN, "server_url", "scheme"),
        ("ws://user:s3cret@h", TOKEN, "server_url", "password"),
        ("ws://h", "  ", "token", "token is missing"),
        ("ws://h", "s3cret s3cret", "token", "characters that no token has"),
    ],
)
def test_texts_that_cannot_be_right(url: str, token: str, field: str, words: str) -> None:
    """They are refused before anything is sent."""
    with pytest.raises(ProblemError) as caught:
        read_wish(url, token, "")
    assert caught.value.problem.field == field
    assert words in caught.value.problem.cause
    assert "s3cret" not in str(caught.value.problem)


async def test_work_folder(desk: Desk, tmp_path: Path) -> None:
    """The user's own is tried first, the platform's after the greeting; neither is made."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    wrong = str(tmp_path / "file" / "work")
    async with DemoPlatform(Settings(work_dir=wrong)) as platform:
        own = await desk.problem(platform.url, platform.token, wrong)
        assert (own.field, platform.connections) == ("work_dir", 0)
        theirs = await desk.problem(platform.url, platform.token, str(tmp_path / "new"))
        assert (theirs.field, platform.connections) == ("work_dir", 1)
        assert "The platform names it" in theirs.next_step
    assert not (tmp_path / "new").exists()


async def test_connected_agent_keeps_its_registration(tmp_path: Path) -> None:
    """With its token no second connection is opened, not even to try another address."""
    async with DemoPlatform() as platform:
        agent = await open_link(platform.url, platform.token, None)
        await platform.wait_for(lambda: platform.environment.registered, 5, "a registration")
        registered = platform.environment.registered
        desk = Desk(tmp_path, InUse(platform.url, platform.token, "Lab"))
        assert await desk.name(platform.url, platform.token) == "Lab"
        assert platform.refusals == 0
        other = platform.url.replace("127.0.0.1", "localhost")
        assert await desk.name(other, platform.token) == "Lab"
        problem = await desk.problem(f"ws://127.0.0.1:{free_port()}", platform.token)
        assert "refused the connection" in problem.cause
        assert (platform.connections, platform.refusals, desk.held) == (1, 1, 0)
        assert platform.environment.registered is registered
        await agent.close()


async def test_agent_that_is_not_online_waits(tmp_path: Path) -> None:
    """It could come online in the middle of the check, with the same token."""
    async with DemoPlatform() as platform:
        desk = Desk(tmp_path, InUse("ws://old/ws/agent", platform.token))
        assert await desk.name(platform.url, platform.token) == "Demo environment"
        assert desk.held == 1
        desk.in_use = InUse("ws://old/ws/agent", "another")
        assert await desk.name(platform.url, platform.token) == "Demo environment"
        assert desk.held == 1


@pytest.mark.slow
async def test_given_up_check_leaves_nothing(desk: Desk) -> None:
    """Whoever closes the page ends the connection as well."""
    async with DemoPlatform() as platform:
        platform.answer_late(1.0)
        wish = Wish(platform.url, platform.token)
        async with asyncio.TaskGroup() as tasks:
            checking = tasks.create_task(desk.checker.check(wish, None), name="check")
            await platform.wait_for(lambda: platform.connections, 5, "the check")
            checking.cancel()
        await platform.agent_gone()
        assert platform.environment.registered is None
