"""A control server around a scripted agent, in its own loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.control.card import CARD_NAME, Card, read_card
from app.control.server import ControlParts, ControlServer
from app.errors import JournalError
from app.state import JobState, JobView, LinkState, Program, Request, Snapshot

NOW = 1_795_320_100.0


class Desk:
    """What the server gets to know of an agent, and what it asked of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.requests: list[Request] = []
        self.shown: list[str] = []
        self.agent_log: Path | None = home / "agent.log"
        self.jobs: tuple[JobView, ...] = (
            JobView("t1", JobState.RUNNING, NOW - 60, "task", "make test", NOW - 90),
            JobView("t2", JobState.STOPPING, NOW - 1, "task", "", NOW - 90),
            JobView("s/e", JobState.QUEUED, NOW - 5, "suite", "pytest", NOW - 5),
        )
        self.server = ControlServer(
            ControlParts(
                home=home,
                post=self.requests.append,
                snapshot=self.snapshot,
                agent_log=lambda: self.agent_log,
                job_log=self.job_log,
                page=self.page,
                clock=lambda: NOW,
            )
        )

    def snapshot(self) -> Snapshot:
        """An agent that is online."""
        return Snapshot(
            program=Program("1.2.3", 42, NOW - 3600),
            link=LinkState.ONLINE,
            link_since=NOW - 30,
            latency=0.0123,
            environment="Lab",
            jobs=self.jobs,
        )

    async def job_log(self, job_id: str) -> Path | None:
        """The log beside the home; of "broken" nothing can be known."""
        if job_id == "broken":
            raise JournalError("The journal cannot be used.", "Look at the disk.")
        return self.home / f"{job_id}.log" if job_id.startswith("t") else None

    async def page(self, view: str, show: bool) -> str:
        """The address of a page that is shown, or only told; there is none of "nothing"."""
        if view == "nothing":
            raise JournalError("There is no such page.", "Look elsewhere.")
        if show:
            self.shown.append(view)
        return f"http://127.0.0.1:1/secret/#{view}"

    @property
    def card(self) -> Card:
        """The card that the server left."""
        card = read_card(self.home)
        assert card is not None
        return card


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[Desk]:
    """A server that listens; at the end it is cancelled, as the agent does it."""
    desk = Desk(home)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(desk.server.run(), name="control")
        async with asyncio.timeout(5):
            while not (home / CARD_NAME).exists():  # noqa: ASYNC110 (a file has no event)
                await asyncio.sleep(0.005)
        yield desk
        serving.cancel()
