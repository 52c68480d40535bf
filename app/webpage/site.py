"""Who may have the files of a loopback page and open its WebSocket."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from app import resources
from app.webpage.server import Document, Refusal, Request

SOCKET = "socket"  # the name of the WebSocket beside the files
INDEX = "index.html"
SHARED = Path(__file__).with_name("web")  # files that every page may use
SECRET_BYTES = 24
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
OUR_NAMES = ("127.0.0.1", "localhost", "[::1]")
# The page loads nothing from elsewhere, runs no inline script, sits in no frame, leaks no address.
PROTECTION = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Site:
    """The files of one folder and the shared ones, under a secret path.

    They are read once, so no path leads out of the folders; a page's own file goes before a
    shared one of the same name. Raises OSError when a folder cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = new_secret()
        self._documents = {
            file.name: Document(TYPES[file.suffix], resources.read(file), PROTECTION)
            for place in (SHARED, folder)
            for file in resources.files(place)
            if file.suffix in TYPES
        }

    @property
    def path(self) -> str:
        """The path that leads to the page, secret included; keep it out of logs."""
        return f"/{self._secret}/"

    def answer(self, request: Request) -> Refusal | Document | None:
        """Return what a request gets; None: it may open the WebSocket."""
        if not _from_here(request.headers):
            return _refused(HTTPStatus.FORBIDDEN)
        if request.method != "GET":
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED)
        name = self._name(request.target)
        if name == SOCKET:
            return None if "origin" in request.headers else _refused(HTTPStatus.FORBIDDEN)
        document = self._documents.get(name or INDEX) if name is not None else None
        return document or _refused(HTTPStatus.NOT_FOUND)

    def _name(self, target: str) -> str | None:
        """Return what stands behind the secret; None when the secret is missing or wrong."""
        path = target.partition("?")[0]
        secret, slash, name = path.removeprefix("/").partition("/")
        right = secrets.compare_digest(secret.encode(), self._secret.encode())
        return name if right and slash else None


def new_secret() -> str:
    """Return a word that nobody guesses, fit for an address."""
    return secrets.token_urlsafe(SECRET_BYTES)


def _from_here(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser asks for us by our own name, from our own page if from any.

    A foreign name in `Host` is DNS rebinding; a foreign `Origin` is another site's script.
    """
    host = headers.get("host", "")
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        name = host
    return name in OUR_NAMES and headers.get("origin", f"http://{host}") == f"http://{host}"


def _refused(status: HTTPStatus) -> Refusal:
    return Refusal(status, status.phrase)
