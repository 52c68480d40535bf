"""One browser that looks at the page: news out, commands in."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.demo.page_commands import Body, Commands, WrongError
from app.demo.page_log import Line, LogBook
from app.demo.page_view import Plain, View
from app.demo.refusals import RefusedError
from app.webpage.server import Peer, PeerGoneError

REST = 0.1  # seconds between two looks
SEND_LIMIT = 20.0  # seconds for one message; a browser that takes longer is dropped
MAX_PIECE_LINES = 2000
MAX_PIECE_CHARS = 256 * 1024
MAX_CASES = 200  # in one message
MAX_COMMANDS = 8  # of one browser at the same time
BAD_REQUEST, TOO_MANY = 400, 429


@dataclass(frozen=True, slots=True)
class Shown:
    """What all browsers look at."""

    view: View
    book: LogBook
    commands: Commands
    hello: Plain


class Viewer:
    """Its memory is what it was told last; nothing is queued for it, so it may be slow."""

    def __init__(self, peer: Peer, shown: Shown) -> None:
        self._peer = peer
        self._shown = shown
        self._wake = asyncio.Event()
        self._told: dict[str, Any] = {}
        self._runs: dict[str, Plain] = {}
        self._watched = ""
        self._cases: list[Plain] = []
        self._next = 0  # number of the next line of the watched log
        self._last: Line | None = None  # the line before it, as it was sent
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something may have changed."""
        self._wake.set()

    async def run(self) -> None:
        """Serve the browser until it leaves or turns out too slow."""
        async with asyncio.TaskGroup() as tasks:
            self._own(tasks.create_task(self._tell(), name="news for a browser"))
            try:
                while True:
                    self._take(await self._peer.recv(), tasks)
            except PeerGoneError:
                for task in self._tasks:  # nobody is left to hear of them
                    task.cancel()

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -------------------------------------------------------------------------- news

    async def _tell(self) -> None:
        try:
            await self._say({"type": "hello", **self._shown.hello, **self._first_look()})
            while True:
                self._wake.clear()
                for message in self._news():
                    await self._say(message)
                await asyncio.sleep(REST)
                await self._wake.wait()
        except PeerGoneError:
            return  # `run` hears it as well

    async def _say(self, message: Plain) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT):
                await self._peer.send(json.dumps(message))  # ASCII: a lone surrogate passes too
        except TimeoutError:
            self._peer.abort()
            raise PeerGoneError(None, "too slow") from None

    def _first_look(self) -> Plain:
        return {"history": self._shown.view.history()}

    def _news(self) -> Iterator[Plain]:
        """Everything that has changed since the last look, the newest state of it."""
        state = self._state_news()
        if state:
            yield {"type": "state", **state}
        yield from self._case_news()
        yield from self._log_news()

    def _state_news(self) -> Plain:
        view = self._shown.view
        runs = view.runs()
        whole = {"agent": view.agent(), "suites": view.suites(), "order": list(runs)}
        news = {name: value for name, value in whole.items() if self._told.get(name) != value}
        changed = [run for key, run in runs.items() if self._runs.get(key) is not run]
        if changed:
            news["runs"] = changed
        self._told, self._runs = whole, runs
        return news

    def _case_news(self) -> Iterator[Plain]:
        cases = self._shown.view.cases(self._watched)
        known = self._cases if len(self._cases) == len(cases) else [None] * len(cases)
        changed = [
            [number, case]
            for number, (case, before) in enumerate(zip(cases, known, strict=True))
            if case != before
        ]
        self._cases = cases
        for start in range(0, len(changed), MAX_CASES):
            piece = changed[start : start + MAX_CASES]
            yield {"type": "cases", "run": self._watched, "total": len(cases), "cases": piece}

    def _log_news(self) -> Iterator[Plain]:
        run = self._watched
        log = self._shown.book.log(run)
        if self._next and log.line(self._next - 1) not in (self._last, None):
            self._next -= 1  # the last line went on
        while run == self._watched and self._next < log.total:
            start = max(self._next, log.first)
            lines = log.since(start, MAX_PIECE_LINES, MAX_PIECE_CHARS)
            self._next, self._last = start + len(lines), lines[-1]
            plain = [line.plain() for line in lines]
            yield {"type": "log", "run": run, "first": log.first, "start": start, "lines": plain}

    # ---------------------------------------------------------------------- commands

    def _take(self, data: str | bytes, tasks: asyncio.TaskGroup) -> None:
        body = _decoded(data)
        if body.get("do") == "watch":
            self._watch(body.get("run"))
        elif body:
            self._own(tasks.create_task(self._do(body), name="a browser's command"))

    def _watch(self, run: object) -> None:
        self._watched = run if isinstance(run, str) else ""
        self._cases, self._next, self._last = [], 0, None
        self.wake()

    async def _do(self, body: Body) -> None:
        answer = {"type": "answer", "id": body.get("id"), **await self._outcome(body)}
        try:
            await self._say(answer)
        except PeerGoneError:
            return

    async def _outcome(self, body: Body) -> Plain:
        if self._busy >= MAX_COMMANDS:
            return _refused(TOO_MANY, "too much at once")
        self._busy += 1
        try:
            return {"ok": True, "data": await self._shown.commands.do(body)}
        except WrongError as error:
            return _refused(BAD_REQUEST, error)
        except RefusedError as error:
            return _refused(error.status, error)
        finally:
            self._busy -= 1


def _refused(status: int, why: object) -> Plain:
    return {"ok": False, "status": int(status), "error": str(why)}


def _decoded(data: str | bytes) -> Body:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
