"""The demo platform's one web page: served on loopback, under a secret path."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import app
from app.demo.page_commands import Commands
from app.demo.page_log import LogBook
from app.demo.page_view import View
from app.demo.page_viewer import Shown, Viewer
from app.demo.platform import DemoPlatform
from app.webpage.served import Served
from app.webpage.server import Document, LoopbackServer, Peer, Refusal, Request
from app.webpage.site import Site

WEB = Path(__file__).with_name("web")
TICK = 0.1  # seconds between two looks at the platform
MAX_VIEWERS = 16
MAX_FRAME = 8 * 2**20  # bytes from a browser: a file to write, base64 included
FULL = Refusal(503, "Too many pages are open.")


class DemoPage(Served):
    """Serves the page of one platform; use it with `async with`, inside that of the platform.

    It has its own port, so that the platform may refuse, stall and crash while its page goes
    on telling. Raises OSError when the port is taken.
    """

    def __init__(
        self, platform: DemoPlatform, port: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._platform = platform
        self._clock = clock
        self._site = Site(WEB)
        self._book = LogBook()
        self._viewers: set[Viewer] = set()
        self._shown: Shown | None = None
        self._frames = 0  # of the platform's record, taken so far
        self._changes: object = None  # what of the platform has been seen; a task sent is no record
        self._timer: asyncio.TimerHandle | None = None
        self._server = LoopbackServer(
            self._serve,
            port=port,
            process_request=self._answer,
            max_size=MAX_FRAME,
            compression=None,  # it would cost more than it saves on the way to this computer
        )

    @property
    def url(self) -> str:
        """The page's address; whoever has it can run commands, so it stays out of logs."""
        return f"http://127.0.0.1:{self._server.port}{self._site.path}"

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        view = View(self._platform, self._clock() - loop.time())
        hello = {
            "name": self._platform.environment.name,
            "agent_url": self._platform.url,
            "version": app.__version__,
        }
        self._shown = Shown(view, self._book, Commands(self._platform, view), hello)
        await self._server.start()
        self._look()

    async def stop(self) -> None:
        """Close every page's connection and stop listening."""
        if self._timer is not None:
            self._timer.cancel()
        await self._server.stop()

    def _look(self) -> None:
        """Take what the platform has heard since the last look; wakes every viewer."""
        self._timer = asyncio.get_running_loop().call_later(TICK, self._look)
        record = self._platform.record
        changes = (record.changes, next(reversed(self._platform.sent_at), None))
        if changes == self._changes:
            return
        self._changes = changes
        frames = record.since(self._frames)
        self._frames = record.total
        dropped = {id(one.frame) for one in self._platform.dropped}
        for frame in frames:
            if id(frame) not in dropped:
                self._book.take(frame)
        for viewer in self._viewers:
            viewer.wake()

    async def _answer(self, request: Request) -> Refusal | Document | None:
        answer = self._site.answer(request)
        return FULL if answer is None and len(self._viewers) >= MAX_VIEWERS else answer

    async def _serve(self, peer: Peer) -> None:
        assert self._shown is not None  # noqa: S101 (set before the first request is heard)
        viewer = Viewer(peer, self._shown)
        self._viewers.add(viewer)
        try:
            await viewer.run()
        finally:
            self._viewers.discard(viewer)
