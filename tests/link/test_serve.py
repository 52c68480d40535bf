"""One session over a transport (app/link/serve.py)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from app.link import serve
from app.link.serve import Clocks, Ending, EndKind, Serving
from app.link.transport import Transport
from app.protocol.messages import CancelJob, Pong
from app.protocol.session import Session, Tick
from tests.fakes.link import ACK, WELCOME, FakeDuties, FakeOutlet, FakeTransport

LOG = json.dumps({"type": "task_log", "message": "x"})


class Conversation:
    """A session in progress between the test (the platform) and Serving."""

    def __init__(self, frames: list[str] | None = None, *, acks: bool = True) -> None:
        self.transport = FakeTransport(acks=acks)
        self.outlet = FakeOutlet(frames or [])
        self.duties = FakeDuties()
        self.now = 0.0
        self.wall_ahead = 0.0
        self.serving = Serving(
            cast(Transport, self.transport),
            Session(heartbeat_every=5.0, now=0.0),
            self.outlet,
            self.duties,
            clocks=Clocks(mono=lambda: self.now, wall=lambda: self.now + self.wall_ahead),
        )
        self.ending: Ending | None = None
        self.over = asyncio.Event()

    async def run(self) -> None:
        """Serve to the end."""
        self.ending = await self.serving.run()
        self.over.set()


@asynccontextmanager
async def greeted(
    frames: list[str] | None = None, *, acks: bool = True
) -> AsyncIterator[Conversation]:
    """A session that the platform has greeted and that has sent its first heartbeat."""
    talk = Conversation(frames, acks=acks)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(talk.run(), name="serving")
        talk.transport.says(WELCOME)
        await talk.transport.sent_frame("heartbeat")
        yield talk
        talk.serving.end(EndKind.LOCAL, "the test is over")


async def test_greeting_beats_at_once_and_confirms_in_order() -> None:
    """The first heartbeat follows the greeting; its ack moves the outbox and the zone."""
    async with greeted() as talk:
        assert talk.duties.environment == "Lab"
        await talk.outlet.confirmed.wait()
    assert talk.outlet.log[:2] == ["seal", "confirm"]
    assert talk.duties.zones == {"UTC+08:00"}


async def test_each_frame_is_fenced_when_the_outbox_asks() -> None:
    """A frame, its heartbeat, its ack, then the next frame: never two unfenced ones."""
    async with greeted([LOG, LOG]) as talk:
        await talk.transport.sent_frame("task_log", 2)
        await talk.transport.sent_frame("heartbeat", 3)
    order = [frame["type"] for frame in talk.transport.sent]
    assert order.count("heartbeat") == 3
    first, second = (i for i, kind in enumerate(order) if kind == "task_log")
    assert "heartbeat" in order[first:second]


async def test_frames_that_belong_together_have_no_heartbeat_between() -> None:
    """A result and its log frame: the planned heartbeat waits for both, not for the disk (8.3)."""
    result = json.dumps({"type": "test_suite_result"})
    log = json.dumps({"type": "test_suite_log"})
    async with greeted() as talk:
        await talk.outlet.confirmed.wait()
        talk.transport.flows.clear()  # the socket is full
        talk.outlet.together = 2
        talk.outlet.frames = [result, log]
        talk.outlet.wake.set()
        await talk.transport.sent_frame("test_suite_result")
        talk.now = 5.0
        talk.serving._handle(Tick())  # the heartbeat is due
        for _ in range(5):
            await asyncio.sleep(0)
        assert talk.transport.sent[-1]["type"] == "test_suite_result"
        talk.transport.flows.set()
        await talk.transport.sent_frame("heartbeat", 2)
    order = [frame["type"] for frame in talk.transport.sent]
    assert order[1:4] == ["test_suite_result", "test_suite_log", "heartbeat"]


async def test_a_hanging_disk_does_not_delay_heartbeats() -> None:
    """While the outbox waits for the disk, the beats keep their plan."""
    async with greeted([LOG]) as talk:
        talk.outlet.disk.clear()
        talk.now = 5.0
        await talk.transport.sent_frame("heartbeat", 2)


async def test_refused_token_is_told_apart_from_a_lost_connection() -> None:
    """Close code 1008 means that only the user can help; anything else is tried again."""
    async with greeted() as talk:
        talk.transport.dies(1008, "Invalid token", clean=True)
        await talk.over.wait()
    assert talk.ending is not None
    assert talk.ending.kind is EndKind.REFUSED


async def test_a_connection_without_goodbye_is_a_silent_loss_and_blamed() -> None:
    """1006 may have been caused by what was in flight (protocol.md 8.3)."""
    async with greeted() as talk:
        talk.transport.dies(1006, clean=False)
        await talk.over.wait()
    assert talk.ending is not None
    assert talk.ending.kind is EndKind.SILENT
    assert talk.ending.blame


@pytest.mark.parametrize(("code", "clean"), [(1006, False), (1009, True)])
async def test_a_frame_too_large_for_us_blames_nothing(code: int, clean: bool) -> None:
    """We closed because of what came in: what was in flight is not suspected."""
    async with greeted() as talk:
        talk.transport.dies(code, "over size limit", clean=clean, ours=True)
        await talk.over.wait()
    assert talk.ending is not None
    assert not talk.ending.blame


@pytest.mark.slow
async def test_a_jump_of_the_wall_clock_asks_the_platform() -> None:
    """The computer slept while the monotonic clock stood: a heartbeat finds out at once."""
    async with greeted() as talk:
        talk.wall_ahead = 100.0
        await talk.transport.sent_frame("heartbeat", 2)
        assert talk.now == 0.0  # not the planned heartbeat


async def test_dropped_answers_are_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full control lane drops what comes after and says so, but not a thousand times."""
    monkeypatch.setattr(serve, "CONTROL_LIMIT", 2)
    talk = Conversation()
    for _ in range(5):
        talk.serving.say(Pong())
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_restarting_platform_blames_nothing() -> None:
    """1012 is a clean goodbye: nothing in flight is suspected."""
    async with greeted() as talk:
        talk.transport.dies(1012, clean=True)
        await talk.over.wait()
    assert talk.ending is not None
    assert talk.ending == Ending(EndKind.CLEAN, talk.ending.why, blame=False)


@pytest.mark.slow
async def test_a_missing_ack_ends_the_session_as_a_silent_loss() -> None:
    """No ack within 15 s: the session is closed, bounded, and counts as silent."""
    async with greeted(acks=False) as talk:
        talk.now = 7.0  # in two steps: one big one would look like a computer that slept
        await talk.transport.sent_frame("heartbeat", 2)
        talk.now = 15.1
        await talk.over.wait()
    assert talk.ending is not None
    assert talk.ending.kind is EndKind.SILENT
    assert not talk.ending.blame
    assert talk.transport.closed_with is not None


async def test_work_reaches_the_agent_and_garbage_does_not() -> None:
    """A strange frame is survived; what follows it is handled."""
    async with greeted() as talk:
        talk.transport.says("{{{")
        talk.transport.says(json.dumps({"type": "dance"}))
        talk.transport.says(json.dumps({"type": "cancel_task", "task_id": "t1"}))
        talk.transport.says(ACK)
        await talk.duties.given.wait()
    assert talk.duties.work == [CancelJob("t1")]
