"""Who gets a loopback page: its secret, its names, its own scripts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.webpage.server import Document, LoopbackServer, Peer, Refusal, Request
from app.webpage.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "secret.txt").write_text("not for you", encoding="utf-8")
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "index.html").write_text("<p>ä</p>", encoding="utf-8")
    (folder / "page.js").write_text("1", encoding="utf-8")
    (folder / "notes.txt").write_text("no type, no page", encoding="utf-8")
    return Site(folder)


def asked(site: Site, target: str, method: str = "GET", **headers: str) -> int:
    """Return the HTTP status; 101 when the WebSocket may open."""
    answer = site.answer(Request(target, {"host": "127.0.0.1:8080", **headers}, method))
    match answer:
        case None:
            return 101
        case Document():
            return 200
        case Refusal(status):
            return status


def test_page_and_its_parts(site: Site) -> None:
    """With the secret there are the index, the files beside it, and the WebSocket."""
    assert asked(site, site.path) == 200
    assert asked(site, f"{site.path}?x=1") == 200
    assert asked(site, f"{site.path}page.js") == 200
    assert asked(site, f"{site.path}socket", origin="http://127.0.0.1:8080") == 101


def test_shared_files_are_served_too(tmp_path: Path) -> None:
    """Every page has the shared files; its own one of the same name goes before."""
    (tmp_path / "dom.js").write_text("mine", encoding="utf-8")
    site = Site(tmp_path)
    assert asked(site, f"{site.path}base.css") == 200
    own = site.answer(Request(f"{site.path}dom.js", {"host": "127.0.0.1:8080"}))
    assert isinstance(own, Document)
    assert own.body == b"mine"


def test_each_page_has_its_own_secret(tmp_path: Path) -> None:
    """The secret is new for every start and long enough not to be guessed."""
    paths = {Site(tmp_path).path for _ in range(10)}
    assert len(paths) == 10
    assert min(len(path) for path in paths) >= 32


def test_without_the_secret_there_is_nothing(site: Site) -> None:
    """A missing, wrong or shortened secret leads to 404, for files and WebSocket alike."""
    for target in ("/", "", "//", "/index.html", "/socket", "/x/", "/ä/", site.path.rstrip("/")):
        assert asked(site, target, origin="http://127.0.0.1:8080") == 404
    assert asked(site, f"{site.path[:-2]}/") == 404
    assert asked(site, f"/x{site.path}") == 404


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "..\\secret.txt",
        "/etc/passwd",
        "./index.html",
        "notes.txt",
        "C:/secret.txt",
        "index.html\0.js",
        "page.js/",
    ],
)
def test_no_path_leads_out(site: Site, name: str) -> None:
    """Only the exact names of the page's files are answered."""
    assert asked(site, site.path + name) == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8080", "evil:8080", "", "192.168.1.2:8080"]
)
def test_foreign_host_gets_nothing(site: Site, host: str) -> None:
    """A foreign name in Host (DNS rebinding) is refused, secret or not."""
    assert asked(site, site.path, host=host) == 403
    assert asked(site, f"{site.path}socket", host=host, origin=f"http://{host}") == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1:8080", ""]
)
def test_foreign_origin_gets_nothing(site: Site, origin: str) -> None:
    """A script of another page, or of another port, opens neither file nor WebSocket."""
    assert asked(site, f"{site.path}socket", origin=origin) == 403
    assert asked(site, site.path, origin=origin) == 403


def test_socket_without_origin_is_refused(site: Site) -> None:
    """Every browser says where a WebSocket comes from; what does not say it is no browser."""
    assert asked(site, f"{site.path}socket") == 403


def test_repeated_host_is_refused(site: Site) -> None:
    """Two Host headers are joined by the server and match no name."""
    assert asked(site, site.path, host="127.0.0.1:8080, evil.example") == 403


@pytest.mark.parametrize("name", ["localhost:1", "[::1]:80", "localhost", "127.0.0.1"])
def test_our_other_names(site: Site, name: str) -> None:
    """All names of the loopback interface are ours, with any port (a tunnel changes it)."""
    assert asked(site, site.path, host=name) == 200


def test_only_get(site: Site) -> None:
    """No other method does anything."""
    assert asked(site, site.path, "POST") == 405


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[int]:
    async def handler(_peer: Peer) -> None:
        return

    async def check(request: Request) -> Refusal | Document | None:
        return site.answer(request)

    async with LoopbackServer(handler, process_request=check) as server:
        yield server.port


async def got(port: int, head: str) -> bytes:
    """Send a request's head as it is and return the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_over_the_wire(site: Site) -> None:
    """A real answer carries the body, its type, and the headers that lock the page in."""
    async with served(site) as port:
        answer = await got(port, f"GET {site.path} HTTP/1.1\nHost: 127.0.0.1:{port}")
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"Content-Type: text/html; charset=utf-8" in head
    assert b"Content-Security-Policy: default-src 'none'; script-src 'self'" in head
    assert b"Cache-Control: no-store" in head
    assert b"Referrer-Policy: no-referrer" in head
    assert body == "<p>ä</p>".encode()


async def test_repeated_headers_over_the_wire(site: Site) -> None:
    """A second Host header in any spelling does not win over the first."""
    async with served(site) as port:
        for first, second in (("evil.example", "localhost"), ("localhost", "evil.example")):
            head = f"GET {site.path} HTTP/1.1\nHost: {first}\nhOST: {second}"
            assert (await got(port, head)).startswith(b"HTTP/1.1 403")


def test_every_page_has_a_secret_of_its_own(tmp_path: Path) -> None:
    """Who knew an earlier page's address does not know the next one's."""
    assert Site(tmp_path).path != Site(tmp_path).path
