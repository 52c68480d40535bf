"""When this computer is to stay awake: while jobs run, always, never."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from app.host.awake import KeepAwake

LINGER = 5.0  # seconds without a job until the computer may sleep: the next one often follows
JOBS, ALWAYS, NEVER = "jobs", "always", "never"  # values of desktop.keep_awake


class Keeper(Protocol):
    """What keeps awake (host.awake.KeepAwake)."""

    @property
    def held(self) -> bool:
        """The computer is being kept awake."""

    def hold(self) -> None:
        """Keep it awake; returns at once."""

    def release(self) -> None:
        """Let it sleep; returns at once."""


class Wakefulness:
    """Holds and releases; `run` is a long-lived part of the agent."""

    def __init__(
        self,
        mode: Callable[[], str],
        busy: Callable[[], bool],
        ring: Callable[[], None],
        new_keeper: Callable[[Callable[[], None]], Keeper] = KeepAwake,
    ) -> None:
        """`mode` and `busy` are asked at each `look`; `busy`: a job runs or is about to.

        `ring` is called when `awake` changes.

        To be made inside the loop.
        """
        self._mode = mode
        self._busy = busy
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._keeper = new_keeper(self._told)

    @property
    def awake(self) -> bool:
        """This computer is being kept awake."""
        return self._keeper.held

    def look(self) -> None:
        """Jobs may have come or gone; called inside the loop."""
        self._changed.set()

    async def run(self) -> None:
        """Follow the mode until cancelled; the computer is released then."""
        try:
            while True:
                await self._until_busy()
                self._keeper.hold()
                await self._until_idle()
                self._keeper.release()
        finally:
            self._keeper.release()

    async def _until_busy(self) -> None:
        while not self._wanted():
            await self._change()

    async def _until_idle(self) -> None:
        """Wait until nothing has been wanted for a while."""
        idle = False
        while not idle:
            while self._wanted():
                await self._change()
            try:
                async with asyncio.timeout(LINGER):
                    await self._until_busy()
            except TimeoutError:
                idle = True

    def _wanted(self) -> bool:
        mode = self._mode()
        return mode == ALWAYS or (mode == JOBS and self._busy())

    async def _change(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    def _told(self) -> None:
        """Come from the keeper's thread into the loop, which may have ended meanwhile."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ring)
