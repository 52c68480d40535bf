"""Cancelling whole trees of processes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import psutil

from app.jobs.deps import JobLimits
from tests.benchmark.bench import Bench
from tests.benchmark.figures import Both, Row, Unit, at_most
from tests.benchmark.programs import Program

GRACE = JobLimits(task_timeout=0).grace  # seconds
REST = 0.05  # seconds from the last process's word to the cancel
PROCESSES = 4  # in each tree
MS = 1000
SLACK = 50  # ms beyond the grace
LOST = 3.0  # seconds after which what is left of a tree counts as survivors
TREES_AT_ONCE = 8


class Tree:
    """Watches a tree from outside, through a connection that all of its processes hold open."""

    def __init__(self) -> None:
        self.gone_at: float | None = None
        self._pids: list[int] = []
        self._grown, self._gone = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[int]:
        """Listen; gives the port for the tree."""
        async with await asyncio.start_server(self._listen, "127.0.0.1", 0) as server:
            port: int = server.sockets[0].getsockname()[1]
            yield port

    async def grown(self) -> None:
        """Wait until all of its processes run."""
        async with asyncio.timeout(20):
            await self._grown.wait()

    async def gone(self, limit: float) -> int:
        """Wait until none is left; return the survivors after `limit` seconds, and kill them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._gone.wait()
        return 0 if self._gone.is_set() else sum(map(kill, self._pids))

    async def _listen(self, said: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with closing(answers):
            async for line in said:
                self._pids.append(int(line))
                if len(self._pids) == PROCESSES:
                    self._grown.set()
            self.gone_at = time.monotonic()
            self._gone.set()


def kill(pid: int) -> bool:
    """Kill a survivor; False when there was none."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
        return True
    return False


async def cancel(bench: Bench, program: Program, kind: str, limit: float) -> tuple[float, int]:
    """Return the ms from the cancel to the end of the whole tree, and its survivors."""
    tree, task_id = Tree(), program.new_task()
    async with tree.watched() as port:
        await program.platform.send_task(task_id, bench.children.tree(port, kind))
        await tree.grown()
        await asyncio.sleep(REST)
        asked_at = time.monotonic()
        await program.platform.cancel_task(task_id)
        survivors = await tree.gone(limit)
        await program.done(task_id)
    return ((tree.gone_at or asked_at + limit) - asked_at) * MS, survivors


async def cancel_obedient(bench: Bench) -> list[Row]:
    """Trees with an own session and a double fork that end at SIGTERM, one after the other."""
    both, survivors = Both(), 0
    async with bench.floor() as bare, bench.agent() as agent:
        for trial in range(bench.few(20, 5)):
            bench.tell(f"tree {trial}")
            took, _ = await cancel(bench, bare, "plain", LOST)
            both.floor.append(took)
            took, left = await cancel(bench, agent, "wild", LOST)
            both.ours.append(took)
            survivors += left
    return [
        both.row("cancel → whole tree gone", Unit.MS, at_most(SLACK)),
        both.row("cancel → whole tree gone (max)", Unit.MS, percent=100),
        survivors_row(f"{len(both.ours)} cancelled trees", survivors),
    ]


async def cancel_deaf(bench: Bench) -> list[Row]:
    """Such trees that ignore SIGTERM, all at once; it takes the whole grace."""
    async with bench.agent(at_once=TREES_AT_ONCE) as agent:
        trees = (cancel(bench, agent, "deaf", GRACE + LOST) for _ in range(TREES_AT_ONCE))
        ends = await asyncio.gather(*trees)
    both = Both(ours=[took for took, _ in ends])
    limit = at_most(GRACE * MS + SLACK)
    return [
        both.row("cancel → whole deaf tree gone (max)", Unit.MS, limit, percent=100),
        survivors_row(f"{len(ends)} deaf trees", sum(left for _, left in ends)),
    ]


def survivors_row(what: str, survivors: int) -> Row:
    """Return the row that says how many processes were left."""
    return Row(what=f"survivors of {what}", unit=Unit.COUNT, ours=survivors, target=at_most(0))
