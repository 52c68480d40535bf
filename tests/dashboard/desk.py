"""A dashboard with a real journal and real sockets, and a browser's side of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from app.dashboard.dashboard import Dashboard
from app.dashboard.parts import DashboardParts
from app.effective import Effective, Entry
from app.errors import ConfigError
from app.host.recent import Sample
from app.journal.records import NewJob
from app.journal.store import Store
from app.journal.worker import Worker
from app.settings import SETTINGS
from app.state import JobState, JobView, LinkState, Program, Request, Snapshot
from tests.fakes.listener import Listener, Plain
from tests.journal.kit import new_job

NOW = 1_790_000_000.0  # epoch seconds


@dataclass
class Result:
    """What a check found."""

    said: Plain

    def body(self) -> Plain:
        return self.said


@dataclass
class Desk:
    """What an agent would lend to its page, in a test's hand."""

    home: Path
    store: Store
    snapshot: Snapshot = field(default_factory=Snapshot)
    posted: list[Request] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    browsed: list[str] = field(default_factory=list)
    checked: list[tuple[str, ...]] = field(default_factory=list)
    hold: asyncio.Event | None = None  # a check waits for it
    log: Path | None = None
    wrong: bool = False  # a line of the configuration file
    pictures: int = 0  # how often the snapshot was asked for

    @property
    def work_dir(self) -> Path:
        return self.home / "work 工作"

    def parts(self, **changed: Any) -> DashboardParts:
        parts = DashboardParts(
            snapshot=self._picture,
            post=self.posted.append,
            store=self.store,
            samples=lambda at: [sample for sample in self.samples if sample.at > at],
            set_up=lambda: True,
            home=self.home,
            agent_log=lambda: self.log,
            effective=self._now,
            started=self.effective(),
            connecting=self,
            open_path=self.opened.append,
            open_url=self.browsed.append,
            clock=lambda: NOW,
            headless=False,
            web=self.home / "web",
        )
        return replace(parts, **changed)

    def _picture(self) -> Snapshot:
        self.pictures += 1
        return self.snapshot

    def _now(self) -> Effective:
        if self.wrong:
            raise ConfigError("config.yaml:1: wrong")
        return self.effective()

    def effective(self) -> Effective:
        entries = {one.key: Entry(one.default, "default") for one in SETTINGS}
        entries |= {"home": Entry(self.home, "--home"), "token": Entry("tok-secret", "--token")}
        return Effective(entries, ())

    async def check(self, server_url: str, token: str, work_dir: str) -> Result:
        """Stand for the room that checks connections."""
        if self.hold is not None:
            await self.hold.wait()
        self.checked.append(("check", server_url, token, work_dir))
        return Result({"environment": "bench-7", "warnings": []})

    async def save(self, server_url: str, token: str, work_dir: str) -> Result:
        """The same."""
        self.checked.append(("save", server_url, token, work_dir))
        return Result({"problem": {"field": "token", "cause": "No.", "next_step": "Ask."}})

    async def job(self, job_id: str, text: bytes = b"", **more: Any) -> int:
        """A job in the journal with this log; returns its key."""
        job: NewJob = replace(new_job(self.work_dir, job_id), **more)
        record = await self.store.accept(job)
        assert record is not None
        record.log.parent.mkdir(parents=True, exist_ok=True)
        record.log.write_bytes(text)
        return record.key

    def runs(self, *keys: int) -> None:
        """Let these jobs, and no others, be running."""
        jobs = (JobView(f"job-{key}", JobState.RUNNING, NOW, key=key) for key in keys)
        self.snapshot = replace(self.snapshot, jobs=tuple(jobs))


@asynccontextmanager
async def open_desk(home: Path) -> AsyncIterator[Desk]:
    """A desk in `home`, with a page of two files."""
    web = home / "web"
    web.mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>t</title>", encoding="utf-8")
    (web / "page.js").write_text("1", encoding="utf-8")
    worker = Worker()
    worker.start()
    store = await Store.open(home / "journal.db", worker)
    desk = Desk(home, store)
    program = Program("1.2.3", 42, NOW - 60)
    work_dir = str(desk.work_dir)
    desk.work_dir.mkdir()
    desk.snapshot = Snapshot(program=program, link=LinkState.ONLINE, work_dir=work_dir)
    try:
        yield desk
    finally:
        await store.close()
        await worker.stop()


@asynccontextmanager
async def served(parts: DashboardParts) -> AsyncIterator[Dashboard]:
    """A dashboard that runs, as the agent runs it."""
    dashboard = Dashboard(parts)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(dashboard.run(), name="dashboard")
        try:
            yield dashboard
        finally:
            running.cancel()


class Looker(Listener):
    """One open page of the agent."""

    async def state(self, wanted: Callable[[Plain], Any]) -> Plain:
        """Return the first snapshot that fits."""
        found: Plain = await self.hears(
            lambda m: m["type"] == "state" and wanted(m["snapshot"]) and m["snapshot"]
        )
        return found

    async def asks(self, ask: str, **fields: Any) -> Any:
        """Return the value of the reply; AssertionError with the error otherwise."""
        reply = await self.reply(ask, **fields)
        assert "error" not in reply, reply
        return reply["value"]

    async def fails(self, ask: str, **fields: Any) -> Plain:
        """Return the error of the reply."""
        reply = await self.reply(ask, **fields)
        assert "value" not in reply, reply
        error: Plain = reply["error"]
        return error

    async def reply(self, ask: str, **fields: Any) -> Plain:
        """Ask and return the whole reply."""
        return await self.answer({"ask": ask, **fields})

    async def says(self, body: Plain) -> None:
        """Send a frame."""
        await self.send(body)

    async def log(self, stream: str | int, wanted: Callable[[str], Any]) -> str:
        """Return a stream's whole text once it fits."""

        def fits(_message: Plain) -> str | None:
            pieces = [m for m in self.seen if m["type"] == "log" and m["stream"] == stream]
            text = "".join(piece["text"] for piece in pieces)
            return text if wanted(text) else None

        found: str = await self.hears(fits)
        return found


def socket_address(url: str) -> str:
    return url.replace("http:", "ws:").partition("#")[0] + "socket"


def origin_of(url: str) -> str:
    return "/".join(url.split("/")[:3])


@asynccontextmanager
async def looking(url: str, **options: Any) -> AsyncIterator[Looker]:
    """Open the page's WebSocket as its own script does."""
    headers = {"Origin": origin_of(url)}
    address = socket_address(url)
    async with connect(address, additional_headers=headers, max_size=None, **options) as socket:
        yield Looker(socket)


@asynccontextmanager
async def stage(home: Path) -> AsyncIterator[tuple[Desk, Dashboard, Looker]]:
    """A desk, its dashboard and one who looks at it."""
    async with (
        open_desk(home) as desk,
        served(desk.parts()) as dashboard,
        looking(await dashboard.open()) as looker,
    ):
        yield desk, dashboard, looker
