"""A fake agent behind the real page: a loopback server that speaks the dashboard's wire.

`python -m tests.dashboard.fake_agent` prints its address and lives until Ctrl+C.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from app.webpage.served import Served
from app.webpage.server import Document, LoopbackServer, Peer, PeerGoneError, Refusal, Request
from app.webpage.site import Site
from tests.dashboard import fake_data
from tests.dashboard.fake_answers import PIECE, RefusedError, answer
from tests.dashboard.fake_data import FakeJob

WEB = Path(__file__).parents[2] / "app" / "dashboard" / "web"


class FakeAgent(Served):
    """Serves the page and answers it; use it with `async with`.

    `asked` holds every request in order. Change `state` or `jobs`, then call `changed`.
    """

    def __init__(
        self, texts: Mapping[str, str] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        now = clock()
        self.clock = clock
        self.texts = dict(texts or {})
        self.language = "zh_CN" if texts else "en"
        self.asked: list[dict[str, Any]] = []
        self.file = fake_data.EXAMPLE_FILE
        self.path = "/home/tester/.config/ats-agent/config.yaml"
        self.jobs = fake_data.past_jobs(now)
        self.jobs += fake_data.open_jobs(now, len(self.jobs) + 1)
        self.agent_log = fake_data.log_lines(20)
        self.samples = fake_data.past_samples(now)
        self.state: dict[str, Any] = {
            "program": {"version": "1.4.0", "pid": 4711, "started_at": now - 7300},
            "set_up": True,
            "link": "online",
            "link_since": now - 7200,
            "latency": 0.023,
            "wanted": True,
            "paused": False,
            "draining": False,
            "server_url": "ws://platform.example:8000/ws/agent",
            "environment": "实验室 3 · Windows 11",
            "work_dir": "/home/tester/ATS 工作目录",
            "owed_bytes": 0,
            "problem": "",
            "problem_at": 0.0,
            "autostart": True,
            "awake": True,
            "desktop": "",
            "disk_free": 61_000_000_000,
            "disk_low": False,
            "headless": False,
        }
        self._viewers: set[Viewer] = set()
        self._new_site()

    def _new_site(self, port: int = 0) -> None:
        self.site = Site(WEB)
        self._server = LoopbackServer(self._serve, port=port, process_request=self._answer)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self._server.port}{self.site.path}"

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    async def stop(self) -> None:
        """End, as the program does when it is quit."""
        await self._server.stop()

    async def start_again(self, *, new_secret: bool) -> None:
        """Listen on the same port again; with a new secret the old link is stale."""
        if new_secret:
            self._new_site(self._server.port)
        await self._server.start()

    def job(self, key: int) -> FakeJob:
        """Return a job by its key."""
        for job in self.jobs:
            if job.key == key:
                return job
        raise RefusedError(f"There is no job {key}.", "Reload the page.")

    def snapshot(self) -> dict[str, Any]:
        """Return what a `state` frame carries."""
        open_jobs = [job for job in self.jobs if job.open]
        ended = [job for job in self.jobs if not job.open]
        waiting = sum(job.state == "queued" for job in open_jobs)
        return {
            **self.state,
            "jobs": [job.view() for job in open_jobs],
            "running": len(open_jobs) - waiting,
            "waiting": waiting,
            "ended": [job.ended() for job in ended[-5:]],
        }

    def changed(self, **values: Any) -> None:
        """Set values of the snapshot and send it to every page."""
        self.state.update(values)
        for viewer in self._viewers:
            viewer.send(type="state", snapshot=self.snapshot())

    def link(self, state: str, **values: Any) -> None:
        """Let the connection to the platform become something else."""
        self.changed(link=state, link_since=self.clock(), **values)

    def measured(self, sample: list[float | None]) -> None:
        """Take one more sample of the computer."""
        self.samples.append(sample)
        for viewer in self._viewers:
            viewer.send(type="metrics", samples=[sample])

    def write(self, key: int, data: bytes) -> None:
        """Let a job write; its followers hear of it."""
        self.job(key).log += data
        for viewer in self._viewers:
            viewer.feed()

    def turn_over(self, key: int, data: bytes) -> None:
        """Let a new file take the place of a job's log."""
        self.job(key).log = data
        for viewer in self._viewers:
            viewer.rewind()

    def end_job(self, key: int, state: str = "succeeded") -> None:
        """Let a job end."""
        job = self.job(key)
        job.state, job.since = state, self.clock()
        job.finished_at = job.since
        self.changed()
        for viewer in self._viewers:
            viewer.feed()

    def heard(self, ask: str) -> list[dict[str, Any]]:
        """Return the requests of this kind so far, without their ids."""
        found = [one for one in self.asked if one["ask"] == ask]
        return [{k: v for k, v in one.items() if k not in {"id", "ask"}} for one in found]

    async def _answer(self, request: Request) -> Refusal | Document | None:
        return self.site.answer(request)

    async def _serve(self, peer: Peer) -> None:
        viewer = Viewer(self, peer)
        self._viewers.add(viewer)
        try:
            await viewer.run()
        finally:
            self._viewers.discard(viewer)


class Viewer:
    """One open page."""

    def __init__(self, agent: FakeAgent, peer: Peer) -> None:
        self._agent = agent
        self._peer = peer
        self._out: asyncio.Queue[str | None] = asyncio.Queue()
        self._streams: dict[str, tuple[int | None, int]] = {}  # name -> key, next offset

    async def run(self) -> None:
        """Greet, then answer until the page goes."""
        agent = self._agent
        hello = {"version": "1.4.0", "language": agent.language, "texts": agent.texts}
        self.send(type="hello", clock=agent.clock(), log_piece=PIECE, **hello)
        self.send(type="state", snapshot=agent.snapshot())
        self.send(type="metrics", samples=agent.samples)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(), name="viewer-out")
            await self._read()
            self._out.put_nowait(None)

    def send(self, **frame: Any) -> None:
        """Queue a frame for the page."""
        self._out.put_nowait(json.dumps(frame))

    def _answer(self, asked: dict[str, Any]) -> Any:
        match asked:
            case {"ask": "follow", "stream": stream, "key": key, "from": start}:
                self._follow(stream, key, start)
            case {"ask": "unfollow", "stream": stream}:
                self._streams.pop(stream, None)
            case _:
                return answer(self._agent, asked)
        return None

    def _follow(self, stream: str, key: int | None, start: int) -> None:
        data = self._log(key)
        at = max(0, len(data) + start) if start < 0 else min(start, len(data))
        while 0 < at < len(data) and data[at] & 0xC0 == 0x80:
            at += 1
        self._streams[stream] = (key, at)
        self._piece(stream, first=True)

    def rewind(self) -> None:
        """Send the followed logs from their start: they are new ones."""
        for stream, (key, _at) in list(self._streams.items()):
            self._follow(stream, key, 0)

    def feed(self) -> None:
        """Send what has been written to the followed logs."""
        for stream in list(self._streams):
            self._piece(stream, first=False)

    def _piece(self, stream: str, *, first: bool) -> None:
        key, at = self._streams[stream]
        data = self._log(key)
        over = key is not None and not self._agent.job(key).open
        while first or at < len(data):
            piece = whole_characters(data[at : at + PIECE])
            if not piece and not first:
                break  # the rest of the last character has not been written
            after = at + len(piece)
            end = over and after == len(data)
            text = piece.decode(errors="replace")
            self.send(type="log", stream=stream, at=at, text=text, size=len(data), end=end)
            at, first = after, False
        self._streams[stream] = (key, at)

    def _log(self, key: int | None) -> bytes:
        return self._agent.agent_log if key is None else self._agent.job(key).log

    async def _write(self) -> None:
        while (frame := await self._out.get()) is not None:
            try:
                await self._peer.send(frame)
            except PeerGoneError:
                return

    async def _read(self) -> None:
        while True:
            try:
                asked = json.loads(await self._peer.recv())
            except PeerGoneError:
                return
            self._agent.asked.append(asked)
            try:
                value = self._answer(asked)
            except RefusedError as why:
                error = {"cause": why.cause, "next_step": why.next_step}
                self.send(type="reply", id=asked["id"], error=error)
            else:
                self.send(type="reply", id=asked["id"], value=value)


def whole_characters(piece: bytes) -> bytes:
    """Return the piece without a character that is cut at its end."""
    for back in range(1, min(3, len(piece)) + 1):
        byte = piece[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return piece[:-back] if length > back else piece
    return piece


async def live() -> None:
    """Serve a page that moves: values every 2 s, a line of log every half second."""
    async with FakeAgent() as agent:
        print(agent.url, flush=True)  # noqa: T201 (the only way to reach the page)
        for number in range(10**9):
            await asyncio.sleep(0.5)
            agent.write(61, fake_data.log_lines(1, 400 + number))
            if number % 4 == 0:
                agent.measured(fake_data.sample(agent.clock()))


if __name__ == "__main__":
    asyncio.run(live())
