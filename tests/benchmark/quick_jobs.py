"""Start, first instruction, result, single lines, many short tasks."""

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

from tests.benchmark.bench import Bench
from tests.benchmark.children import NS, read_stamps
from tests.benchmark.figures import Both, Row, Unit, at_least, at_most, times_floor
from tests.benchmark.programs import Floor, OurAgent, Program, running

MS = 1000  # per second
REST = 0.03  # seconds between two trials, so that nothing of the last one is left
FLOOD = 10**11  # bytes; more than anybody waits for
SETTLED = 1.0  # seconds until a flood flows evenly
TICK = 0.3  # seconds between two lines of the quiet job


async def start_to_connected(bench: Bench) -> list[Row]:
    """From the start of the process to the platform's acceptance, in a home that exists."""
    home, bare_home = bench.new_home(), bench.new_home()
    both = Both()
    for trial in range(bench.few(16, 5)):
        bench.tell(f"start {trial}")
        both.floor.append(await start_time(Floor(bare_home)))
        both.ours.append(await start_time(OurAgent(home)))
    del both.floor[0], both.ours[0]  # these made the homes and the .pyc files
    return [both.row("process start → connected", Unit.MS, times_floor(2.5))]


async def start_time(program: Program) -> float:
    """Return the ms until it is connected."""
    async with running(program):
        return (program.platform.connected_at[-1] - program.started_at) * MS


async def frame_to_first_instruction(bench: Bench) -> list[Row]:
    """Single jobs on a quiet machine, in alternating blocks; before them the bare system call."""
    first, result = Both(), Both()
    async with bench.floor() as bare, bench.agent() as agent:
        await one_job(bench, bare)
        await one_job(bench, agent)
        for block in range(bench.few(20, 4)):
            bench.tell(f"block {block}")
            for program, into, after in (
                (bare, first.floor, result.floor),
                (agent, first.ours, result.ours),
            ):
                for _ in range(10):
                    before_it, after_it = await one_job(bench, program)
                    into.append(before_it)
                    after.append(after_it)
    return [
        spawn_row(bench),
        commit_row(bench),
        first.row("work frame → first instruction", Unit.MS, at_most(4)),
        first.row("work frame → first instruction (p95)", Unit.MS, percent=95),
        result.row("exit → result on the wire", Unit.MS, at_most(3)),
        result.row("exit → result on the wire (p95)", Unit.MS, percent=95),
    ]


async def one_job(bench: Bench, program: Program) -> tuple[float, float]:
    """Return the ms from the frame to the first instruction, and from the last to the result."""
    path = bench.children.new_file()
    done = await program.run(bench.children.stamp(path))
    stamps = read_stamps(path)
    await asyncio.sleep(REST)
    return (stamps.first - done.sent_at) * MS, (done.result_at - stamps.last) * MS


def spawn_row(bench: Bench) -> Row:
    """Time posix_spawn alone, from the call to the child's first instruction."""
    both = Both()
    for _ in range(bench.few(100, 30)):
        path = bench.children.new_file()
        began = time.monotonic()
        spawn_and_wait(bench.children.stamp(path))
        both.floor.append((read_stamps(path).first - began) * MS)
    note = "" if bench.children.compiled else "no C compiler: Python's start is in it"
    return replace(both.row("posix_spawn → first instruction", Unit.MS), note=note)


def spawn_and_wait(command: list[str]) -> None:
    """Run a command with the bare system calls, its output thrown away."""
    if sys.platform != "win32":
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        os.waitpid(os.posix_spawn(command[0], command, os.environ, file_actions=quiet), 0)


def commit_row(bench: Bench) -> Row:
    """Time the commit of one row to this disk."""
    both = Both()
    with closing(sqlite3.connect(bench.new_home(), isolation_level=None)) as journal:
        journal.execute("PRAGMA journal_mode = WAL")
        journal.execute("PRAGMA synchronous = FULL")
        journal.execute("CREATE TABLE job (name TEXT)")
        for number in range(bench.few(200, 50)):
            began = time.monotonic()
            journal.execute("INSERT INTO job VALUES (?)", (f"task-{number}",))
            both.floor.append((time.monotonic() - began) * MS)
    return both.row("SQLite commit, synced", Unit.MS)


async def line_to_wire(bench: Bench) -> list[Row]:
    """A job prints the time now and then, first alone, then beside one that never stops."""
    rows = []
    for what, flooded, limit in (("quiet", False, 5), ("beside a flood", True, 200)):
        both = Both()
        for turn in range(bench.few(3, 1)):
            bench.tell(f"{what}, turn {turn}")
            async with bench.floor(at_once=2) as bare:
                both.floor += await ticks(bench, bare, flooded=flooded)
            async with bench.agent(at_once=2) as agent:
                both.ours += await ticks(bench, agent, flooded=flooded)
        rows.append(both.row(f"line printed → on the wire, {what}", Unit.MS, at_most(limit)))
        rows.append(both.row(f"line printed → on the wire, {what} (p95)", Unit.MS, percent=95))
    return rows


async def ticks(bench: Bench, program: Program, *, flooded: bool) -> list[float]:
    """Return how many ms each line was on its way."""
    flood = program.new_task()
    if flooded:
        command = bench.children.pour(bench.children.new_file(), FLOOD)
        await program.platform.send_task(flood, command)
        await asyncio.sleep(SETTLED)
    task_id = program.new_task()
    program.tap.watched[task_id] = []
    times = bench.few(20, 5)
    command = bench.children.tick(bench.children.new_file(), times, TICK)
    await program.platform.send_task(task_id, command)
    await program.done(task_id)
    if flooded:
        await program.platform.cancel_task(flood)
        await program.done(flood)
    return list(delays(program.tap.watched[task_id]))


def delays(frames: Iterable[tuple[float, str]]) -> Iterable[float]:
    """Return for each line that is a time in ns how many ms later it arrived."""
    for at, text in frames:
        for line in text.split("\n"):
            if line.isdecimal():
                yield (at - int(line) / NS) * MS


async def tasks_per_second(bench: Bench) -> list[Row]:
    """Many /bin/true, all handed over at once."""
    rows = []
    many = bench.few(400, 100)
    for what, at_once, limit in (("one at a time", 1, 300), ("8 at once", 8, 550)):
        both = Both()
        for turn in range(bench.few(5, 1)):
            bench.tell(f"{what}, turn {turn}")
            async with bench.floor(at_once=at_once) as bare:
                both.floor.append(await burst(bare, many))
            async with bench.agent(at_once=at_once) as agent:
                both.ours.append(await burst(agent, many))
        rows.append(both.row(f"short tasks, {what}", Unit.PER_S, at_least(limit)))
    return rows


async def burst(program: Program, many: int) -> float:
    """Return how many tasks per second it ends, after one that is not counted."""
    await program.run(["/bin/true"])
    began = time.monotonic()
    for _ in range(many):
        await program.platform.send_task(program.new_task(), ["/bin/true"])
    results = program.tap.results
    await program.platform.wait_for(lambda: len(results) > many, 120, "all results")
    return many / (time.monotonic() - began)
