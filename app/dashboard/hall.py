"""The page while it is served: its server, those who look at it, the news for all of them."""

import asyncio
import logging

from app.dashboard import picture, wire
from app.dashboard.answers import Answers
from app.dashboard.door import Door
from app.dashboard.parts import DashboardParts
from app.dashboard.viewer import Shown, Viewer
from app.host.peer import is_stranger
from app.i18n import _
from app.webpage.server import Answer, LoopbackServer, Peer, Refusal, Request
from app.webpage.site import Site

REST = 0.2  # seconds between two states: at most five a second
TICK = 1.0  # seconds between two looks for a new sample while nothing else happens
MOST_VIEWERS = 16
TRY_AGAIN_LATER = 1013  # close code of RFC 6455
OPEN_TIMEOUT = 10.0  # seconds for a browser to say what it wants
CLOSE_TIMEOUT = 1.0  # seconds for a browser's goodbye
STOP_LIMIT = 5.0  # seconds until the server must have ended

log = logging.getLogger(__name__)


class Hall:
    """Serves the page; `run` tells the news, `stop` sends everybody home."""

    def __init__(self, parts: DashboardParts, site: Site) -> None:
        self._parts = parts
        self._site = site
        self._door = Door(site)
        self._viewers: set[Viewer] = set()
        self._watched = asyncio.Event()  # somebody looks
        self._changed = asyncio.Event()
        self._state = ""
        self._complained = False
        self._shown = Shown(parts, Answers(parts), lambda: self._state)
        self._server = LoopbackServer(
            self._serve,
            process_request=self._answer,
            max_size=wire.MAX_FRAME,
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            compression=None,  # it would cost more than it saves on the way to this computer
        )

    @classmethod
    async def open(cls, parts: DashboardParts) -> "Hall":
        """Read the files and listen; OSError when either cannot be done."""
        hall = cls(parts, await asyncio.to_thread(Site, parts.web))
        await hall._server.start()
        return hall

    @property
    def url(self) -> str:
        """The page's address; who has it rules the agent, so it stays out of logs."""
        return self._origin + self._site.path

    def new_link(self) -> str:
        """Return an address that works once."""
        return self._origin + self._door.new_link()

    def changed(self) -> None:
        """The snapshot is another one now."""
        self._changed.set()

    async def run(self) -> None:
        """Tell the news as long as somebody looks, for ever."""
        while True:
            await self._watched.wait()
            try:
                async with asyncio.timeout(TICK):
                    await self._changed.wait()
            except TimeoutError:
                pass  # there may be a sample
            self._look()
            await asyncio.sleep(REST)

    async def stop(self) -> None:
        """Close every page's connection and stop listening; bounded."""
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await self._server.stop()
        except TimeoutError:
            log.warning(_("the page's server did not end in %s s"), STOP_LIMIT)

    # ------------------------------------------------------------------------ inside

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    async def _answer(self, request: Request) -> Answer:
        if self._door.awaits(request) and await _is_stranger(request):
            self._complain()
            return Refusal(403, _("This page is another user's."))
        answer = self._door.answer(request)
        if answer is None and len(self._viewers) >= MOST_VIEWERS:
            return Refusal(503, _full())
        return answer

    def _complain(self) -> None:
        """Say it once: who was refused may try again as often as they like."""
        if not self._complained:
            self._complained = True
            log.warning(_("another user of this computer tried to open the page"))

    async def _serve(self, peer: Peer) -> None:
        if len(self._viewers) >= MOST_VIEWERS:  # several came in the same moment
            await peer.close(TRY_AGAIN_LATER, _full())
            return
        viewer = Viewer(peer, self._shown)
        self._viewers.add(viewer)
        self._watched.set()
        self._look()
        try:
            await viewer.run()
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self._watched.clear()

    def _look(self) -> None:
        """Make one picture for all; each viewer tells it when it is ready."""
        self._changed.clear()
        parts = self._parts
        snapshot = picture.plain(parts.snapshot(), set_up=parts.set_up(), headless=parts.headless)
        self._state = wire.encode({"type": "state", "snapshot": snapshot})
        for viewer in self._viewers:
            viewer.wake()


async def _is_stranger(request: Request) -> bool:
    return request.ends is not None and await asyncio.to_thread(is_stranger, request.ends)


def _full() -> str:
    return _("Too many pages are open.")
