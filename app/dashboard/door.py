"""Who gets in: the page's own address, or a link that works once."""

import time
from collections.abc import Callable
from http import HTTPStatus

from app.webpage.server import Answer, Redirect, Refusal, Request
from app.webpage.site import Site, new_secret

VALID = 120.0  # seconds in which a browser must have started
MOST = 16  # links that nobody has used yet; the oldest go first


class Door:
    """Checks requests as the site does, and lets in whoever brings an unused link.

    A browser gets its link as an argument, which other users of this computer can read
    (Linux, macOS): so it is worth nothing once it was used, and nothing after a while. Who
    reads it may be faster than the browser, so ask first whether a request is a stranger's.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self._links: dict[str, float] = {}  # path → until when

    def new_link(self) -> str:
        """Return a path that leads to the page once."""
        path = f"/{new_secret()}/"
        self._links[path] = self._clock() + VALID
        for old in list(self._links)[:-MOST]:
            del self._links[old]
        return path

    def awaits(self, request: Request) -> bool:
        """Tell whether the request brings a link that nobody has used."""
        return request.target in self._links

    def answer(self, request: Request) -> Answer:
        """Return what a request gets; None: it may open the WebSocket."""
        answer = self._site.answer(request)
        unknown = isinstance(answer, Refusal) and answer.status == HTTPStatus.NOT_FOUND
        if unknown and self._links.pop(request.target, 0.0) > self._clock():
            return Redirect(self._site.path)
        return answer
