"""What faces ask for (app/agent/requests.py), with a real dispatcher, keeper and journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.agent.requests import Requests
from app.agent.wishes import Wishes
from app.state import CancelJob, Command, JobState, LinkState
from tests.jobs.conftest import Room, open_room
from tests.link.test_keeper import Scene

pytestmark = pytest.mark.integration


class Desk:
    """The parts that requests are for."""

    def __init__(self, room: Room, wishes: Wishes) -> None:
        self.room = room
        self.wishes = wishes
        self.scene = Scene(wanted=wishes.wanted)
        self.requests = Requests(self.scene.keeper, room.dispatcher, wishes)


@asynccontextmanager
async def at_desk(home: Path, *before: Command) -> AsyncIterator[Desk]:
    """An agent's middle; `before` was wished when an earlier agent ended."""
    async with open_room(home) as room, asyncio.TaskGroup() as tasks:
        wishes = await Wishes.load(room.deps.store)
        wishes.pause(paused=Command.PAUSE in before)
        wishes.want(connected=Command.DISCONNECT not in before)
        desk = Desk(room, wishes)
        desk.requests.begin()
        running = [
            tasks.create_task(desk.requests.run(), name="requests"),
            tasks.create_task(desk.scene.keeper.run(), name="keeper"),
        ]
        yield desk
        for one in running:
            one.cancel()


@pytest.mark.slow
async def test_wish_and_fact_of_the_connection(tmp_path: Path) -> None:
    """Each request changes the wish at once, and the fact follows."""
    async with at_desk(tmp_path) as desk:
        await desk.scene.reaches(LinkState.ONLINE)
        desk.requests.take(Command.DISCONNECT)
        assert not desk.wishes.wanted
        await desk.scene.reaches(LinkState.STOPPED)
        desk.requests.take(Command.CONNECT)
        assert desk.scene.keeper.wanted
        await desk.scene.reaches(LinkState.ONLINE)


async def test_what_an_earlier_agent_was_told_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Paused and disconnected from the first moment on, and said in the log."""
    async with at_desk(tmp_path, Command.PAUSE, Command.DISCONNECT) as desk:
        await desk.room.assign("t1", ["true"])
        assert desk.room.dispatcher.views()[0].state is JobState.QUEUED
        assert desk.scene.attempts == 0
        assert "Disconnected, as its user wanted it" in caplog.text
        assert "Paused, as its user wanted it" in caplog.text
        desk.requests.take(Command.RESUME)
        assert (await desk.room.result("t1"))["status"] == "success"


async def test_a_pause_is_said_once(tmp_path: Path) -> None:
    """Asking again for what is so already changes nothing, not even a log."""
    async with at_desk(tmp_path) as desk:
        await desk.room.assign("runs", ["sleep", "60"])
        await desk.room.assign("waits", ["true"])
        for request in (Command.RESUME, Command.PAUSE, Command.PAUSE):
            desk.requests.take(request)
        await desk.room.until(lambda: len(desk.room.log_lines("waits")) > 1)
        desk.requests.take(CancelJob("runs"))
        assert (await desk.room.result("runs"))["error"] == "cancelled"
        assert len(desk.room.log_lines("waits")) == 2
        assert desk.room.dispatcher.views()[0].job_id == "waits"


async def test_drain_is_remembered(tmp_path: Path) -> None:
    """The agent looks at it when a job has ended."""
    async with at_desk(tmp_path) as desk:
        assert not desk.requests.draining
        desk.requests.take(Command.DRAIN)
        desk.requests.take(Command.DRAIN)
        assert desk.requests.draining
