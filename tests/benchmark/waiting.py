"""Doing nothing, and finding the platform again."""

import asyncio
import time
from contextlib import AsyncExitStack

from app.protocol.backoff import STABLE_AFTER
from tests.benchmark.bench import Bench
from tests.benchmark.figures import Both, Row, Unit, at_most
from tests.benchmark.memory import cpu_seconds, resident
from tests.benchmark.programs import OurAgent, Program

BEAT = 1.0  # seconds; a session needs an acked heartbeat to count as stable
AGENTS = 10  # wait for their platforms side by side
OUTAGE = 2.0  # seconds
LIMIT = 40.0  # seconds


async def idle(bench: Bench) -> list[Row]:
    """60 s online without work, the bare agent beside ours, a heartbeat every 5 s."""
    seconds = bench.few(60, 5)
    async with bench.floor() as bare, bench.agent() as agent:
        await asyncio.sleep(bench.few(5, 2))
        before = [cpu_seconds(program.pid) for program in (bare, agent)]
        began = time.monotonic()
        for second in range(seconds):
            bench.tell(f"{second} of {seconds} s")
            await asyncio.sleep(1)
        took = time.monotonic() - began
        after = [cpu_seconds(program.pid) for program in (bare, agent)]
        rss = [resident(program.pid) for program in (bare, agent)]
    used = [(end - begin) / took * 100 for begin, end in zip(before, after, strict=True)]
    return [
        Row(what="idle: RSS", unit=Unit.MIB, floor=rss[0], ours=rss[1], target=at_most(35)),
        Row(what="idle: CPU", unit=Unit.PERCENT, floor=used[0], ours=used[1], target=at_most(0.1)),
    ]


async def reconnect(bench: Bench) -> list[Row]:
    """Stop the platforms of several agents for 2 s, again and again."""
    waits = Both()
    async with AsyncExitStack() as stack:
        agents = [await stack.enter_async_context(bench.agent(beat=BEAT)) for _ in range(AGENTS)]
        for outage in range(bench.few(4, 1)):
            bench.tell(f"outage {outage}, waiting until every session counts as stable")
            await asyncio.sleep(STABLE_AFTER + 2 * BEAT)
            waits.ours += await outage_of(agents)
    return [
        waits.row("platform back after 2 s → connected", Unit.S),
        waits.row("platform back after 2 s → connected (p95)", Unit.S, at_most(2), percent=95),
    ]


async def outage_of(agents: list[OurAgent]) -> list[float]:
    """Return how long after its platform was back each agent was, in seconds."""
    await asyncio.gather(*(agent.platform.stop() for agent in agents))
    await asyncio.sleep(OUTAGE)
    return await asyncio.gather(*map(back, agents))


async def back(agent: Program) -> float:
    """Start the platform again and wait for the agent, in seconds."""
    known = agent.platform.connections
    await agent.platform.start()
    began = time.monotonic()
    await agent.platform.agent_online(timeout=LIMIT, connections=known + 1)
    return agent.platform.connected_at[-1] - began
