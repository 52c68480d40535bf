"""When the computer is to stay awake (app/agent/wakefulness.py)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.agent import wakefulness
from app.agent.wakefulness import ALWAYS, JOBS, NEVER, Wakefulness

MS = 0.001  # seconds


class Keeper:
    """Notes what it is asked for."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.on_change = on_change
        self.held = False
        self.calls: list[str] = []
        self.called = asyncio.Event()

    def hold(self) -> None:
        """Be asked to hold."""
        self._note("hold", held=True)

    def release(self) -> None:
        """Be asked to release; what is not held needs no note."""
        if self.held:
            self._note("release", held=False)

    def _note(self, call: str, *, held: bool) -> None:
        self.held = held
        self.calls.append(call)
        self.called.set()
        self.on_change()

    async def next(self) -> list[str]:
        """Wait for a call; return all so far."""
        await self.called.wait()
        self.called.clear()
        return self.calls


class Stage:
    """One part with its keeper, and the jobs that it sees."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.busy = False
        self.rung = asyncio.Event()
        self.keepers: list[Keeper] = []
        ring, new_keeper = self.rung.set, self._new_keeper
        self.part = Wakefulness(lambda: self.mode, lambda: self.busy, ring, new_keeper)

    @property
    def keeper(self) -> Keeper:
        """What it keeps awake with."""
        return self.keepers[0]

    def jobs(self, *, busy: bool) -> None:
        """Let jobs come or go."""
        self.busy = busy
        self.part.look()

    def _new_keeper(self, on_change: Callable[[], None]) -> Keeper:
        self.keepers.append(Keeper(on_change))
        return self.keepers[0]


@asynccontextmanager
async def stage(mode: str) -> AsyncIterator[Stage]:
    """The part, running."""
    made = Stage(mode)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.part.run(), name="awake")
        yield made
        running.cancel()


async def test_awake_while_a_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held with the first job, released after the last, told to the faces."""
    monkeypatch.setattr(wakefulness, "LINGER", 20 * MS)
    async with stage(JOBS) as made:
        assert made.keeper.calls == []
        made.jobs(busy=True)
        assert await made.keeper.next() == ["hold"]
        await made.rung.wait()
        assert made.part.awake
        made.jobs(busy=False)
        assert await made.keeper.next() == ["hold", "release"]
        assert not made.part.awake


async def test_it_does_not_flap_between_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next job of a row finds the computer still held, however many there are."""
    monkeypatch.setattr(wakefulness, "LINGER", 500 * MS)
    async with stage(JOBS) as made:
        for _job in range(5):
            made.jobs(busy=True)
            await asyncio.sleep(0)
            made.jobs(busy=False)
            await asyncio.sleep(0)
        assert await made.keeper.next() == ["hold"]
        assert await made.keeper.next() == ["hold", "release"]


async def test_always() -> None:
    """Held from the start, jobs or not."""
    async with stage(ALWAYS) as made:
        assert await made.keeper.next() == ["hold"]
        made.jobs(busy=True)
        made.jobs(busy=False)
        await asyncio.sleep(0)
        assert made.keeper.calls == ["hold"]


async def test_never() -> None:
    """Not even while a job runs."""
    async with stage(NEVER) as made:
        made.jobs(busy=True)
        await asyncio.sleep(0)
    assert made.keeper.calls == []


@pytest.mark.parametrize("mode", [JOBS, ALWAYS])
async def test_released_at_the_end(mode: str) -> None:
    """Whoever stops the agent gets a computer that may sleep."""
    async with stage(mode) as made:
        made.jobs(busy=True)
        await made.keeper.next()
    assert made.keeper.calls == ["hold", "release"]


def test_a_keeper_may_outlive_the_loop() -> None:
    """What its thread tells after the agent's end reaches nobody, and breaks nothing."""
    made = asyncio.run(_made())
    made.keeper.on_change()


async def _made() -> Stage:
    return Stage(JOBS)
