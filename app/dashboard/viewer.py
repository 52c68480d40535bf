"""One browser that looks at the page: the news for it, what it asks, the logs it follows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from app import i18n
from app.dashboard import wire
from app.dashboard.answers import Answers
from app.dashboard.asks import Ask, AskFollow, AskUnfollow
from app.dashboard.metrics import Rows
from app.dashboard.parts import DashboardParts
from app.dashboard.streams import Streams
from app.errors import AgentError, NotDoneError
from app.i18n import _
from app.webpage.server import Peer, PeerGoneError

SEND_LIMIT = 20.0  # seconds for one frame; a browser that takes longer is dropped
MOST_ASKS = 16  # of one browser at the same time


@dataclass(frozen=True, slots=True)
class Shown:
    """What all browsers look at; `state`: the newest frame of it, as text."""

    parts: DashboardParts
    answers: Answers
    state: Callable[[], str]


class Viewer:
    """Nothing is queued for it, so it may be slow: it gets the newest state when it is ready."""

    def __init__(self, peer: Peer, shown: Shown) -> None:
        self._peer = peer
        self._shown = shown
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()  # one frame at a time
        self._told = ""
        self._rows = Rows()
        self._streams = Streams(self._say)
        self._tasks: set[asyncio.Task[None]] = set()
        self._asks = 0

    def wake(self) -> None:
        """Something may have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Serve the browser until it leaves or turns out too slow; ends all that it began."""
        async with asyncio.TaskGroup() as tasks:
            news = tasks.create_task(self._tell_until_gone(), name="news for a page")
            try:
                while True:
                    await self._take(await self._peer.recv(), tasks)
            except PeerGoneError:
                self._streams.end()
                for task in (news, *self._tasks):
                    task.cancel()

    # -------------------------------------------------------------------------- news

    async def _tell_until_gone(self) -> None:
        try:
            await self._say(await self._hello())
            while True:
                self._wake.clear()
                await self._tell()
                await self._wake.wait()
        except PeerGoneError:
            return  # `run` hears it as well

    async def _hello(self) -> wire.Plain:
        parts = self._shown.parts
        return {
            "type": "hello",
            "version": parts.snapshot().program.version,
            "language": i18n.language(),
            "texts": await asyncio.to_thread(i18n.page_texts),
            "clock": parts.clock(),
            "log_piece": wire.PIECE,
        }

    async def _tell(self) -> None:
        """Tell what is new."""
        state = self._shown.state()
        if state != self._told:
            self._told = state
            await self._send(state)
        if self._rows.told > self._shown.parts.clock():
            self._rows = Rows()  # the clock was set back
        rows = self._rows.take(self._shown.parts.samples(self._rows.told))
        if rows:
            await self._say({"type": "metrics", "samples": rows})

    async def _say(self, frame: wire.Plain) -> None:
        await self._send(wire.encode(frame))

    async def _send(self, text: str) -> None:
        try:
            async with self._turn, asyncio.timeout(SEND_LIMIT):
                await self._peer.send(text)
        except TimeoutError:
            self._peer.abort()
            raise PeerGoneError(None, "too slow") from None

    # -------------------------------------------------------------------------- asks

    async def _take(self, data: str | bytes, tasks: asyncio.TaskGroup) -> None:
        """Deal with one frame; a flood of wrong ones waits for the browser to hear the replies."""
        decoded = wire.decode(data)
        match decoded:
            case None:
                return
            case number, wire.WrongError() as wrong:
                await self._say(wire.refusal(number, wrong))
            case number, AskUnfollow(stream):
                self._streams.unfollow(stream)
                await self._say(wire.reply(number, None))
            case number, ask:
                await self._begin(number, ask, tasks)

    async def _begin(self, number: int, ask: Ask, tasks: asyncio.TaskGroup) -> None:
        if self._asks >= MOST_ASKS:
            await self._say(wire.refusal(number, _too_much()))
            return
        self._asks += 1
        task = tasks.create_task(self._answer(number, ask, tasks), name="a page's ask")
        self._tasks.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._asks -= 1
        self._tasks.discard(task)

    async def _answer(self, number: int, ask: Ask, tasks: asyncio.TaskGroup) -> None:
        try:
            await self._say(await self._outcome(number, ask, tasks))
        except PeerGoneError:
            return  # `run` hears it as well

    async def _outcome(self, number: int, ask: Ask, tasks: asyncio.TaskGroup) -> wire.Plain:
        try:
            if isinstance(ask, AskFollow):
                await self._follow(ask, tasks)
                return wire.reply(number, None)
            return wire.reply(number, await self._shown.answers.answer(ask))
        except AgentError as why:
            return wire.refusal(number, why)

    async def _follow(self, ask: AskFollow, tasks: asyncio.TaskGroup) -> None:
        answers = self._shown.answers
        where = await answers.where(ask.key)
        if self._streams.full:
            raise _too_much()
        self._streams.follow(tasks, ask, where, lambda: answers.grows(ask.key))


def _too_much() -> NotDoneError:
    return NotDoneError(_("The page asks for too much at once."), _("Try again in a moment."))
