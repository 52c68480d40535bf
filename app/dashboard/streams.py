"""The logs that one browser follows."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from app.dashboard.asks import AskFollow, StreamName
from app.dashboard.logs import Follower, Piece, Where
from app.webpage.server import PeerGoneError

LOOK_EVERY = 0.2  # seconds between two looks at a log that is followed
REST = 0.005  # seconds between two pieces: a flood leaves the loop to others
MOST = 8  # of one browser

Say = Callable[[dict[str, Any]], Awaitable[None]]


class Streams:
    """Sends each followed log piece by piece: the next one once the last one is on its way.

    Nothing is kept for a browser that is slow: the file is the buffer.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._tasks: dict[StreamName, asyncio.Task[None]] = {}

    @property
    def full(self) -> bool:
        """True while nothing more can be followed."""
        return len(self._tasks) >= MOST

    def follow(
        self, tasks: asyncio.TaskGroup, ask: AskFollow, where: Where, grows: Callable[[], bool]
    ) -> None:
        """Begin a stream, in the place of one of the same name; its task is one of `tasks`."""
        self.unfollow(ask.stream)
        sending = self._send(ask.stream, Follower(where, ask.start), grows)
        task = tasks.create_task(sending, name="log for a page")
        self._tasks[ask.stream] = task
        task.add_done_callback(lambda done: self._forget(ask.stream, done))

    def unfollow(self, stream: StreamName) -> None:
        """End a stream, if there is one."""
        if task := self._tasks.pop(stream, None):
            task.cancel()

    def end(self) -> None:
        """End all of them: nobody is left to hear."""
        for stream in list(self._tasks):
            self.unfollow(stream)

    def _forget(self, stream: StreamName, task: asyncio.Task[None]) -> None:
        if self._tasks.get(stream) is task:
            del self._tasks[stream]

    async def _send(self, stream: StreamName, log: Follower, grows: Callable[[], bool]) -> None:
        with suppress(PeerGoneError):  # the viewer hears it as well
            await self._send_all(stream, log, grows)

    async def _send_all(self, stream: StreamName, log: Follower, grows: Callable[[], bool]) -> None:
        while True:
            growing = grows()  # asked before: what was written until then is read below
            while piece := await asyncio.to_thread(_read, log, to_the_end=not growing):
                await self._say(_frame(stream, piece, end=not growing and piece.last))
                if not growing and piece.last:
                    return
                await asyncio.sleep(REST)
            if not growing:
                await self._say(_frame(stream, log.place, end=True))
                return
            await asyncio.sleep(LOOK_EVERY)


def _read(log: Follower, *, to_the_end: bool) -> Piece | None:
    """Read on; what cannot be read now (Windows: renamed just now) may be in a while."""
    try:
        return log.read(to_the_end=to_the_end)
    except OSError:
        return None


def _frame(stream: StreamName, piece: Piece, *, end: bool) -> dict[str, Any]:
    return {
        "type": "log",
        "stream": stream,
        "at": piece.at,
        "text": piece.text,
        "size": piece.size,
        "end": end,
    }
