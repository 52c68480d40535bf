"""Much output: how fast it goes, whether all of it arrives, and what it costs in memory."""

import asyncio
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from app.demo.joblog import PREFIX
from tests.benchmark.bench import MB, Bench
from tests.benchmark.children import HERE, LINE, Stamps, read_stamps
from tests.benchmark.figures import Both, Row, Unit, at_least, at_most, times_floor
from tests.benchmark.memory import peak, reset_peak, resident
from tests.benchmark.programs import OurAgent, Program, Tap, new_platform

LINES = 200_000
SETTLE = 1.5  # seconds after the start until a program is idle
AT_REST = 1.0  # seconds after the end until the peak is read
GROWTH = 10  # MiB, the target for everything
LATE = 1000  # ms, the target for a heartbeat
BEAT = 1.0  # seconds between two heartbeats when they are watched
HELD_BACK = 1.2  # times as long as beside a platform that reads: not held back
POLL = 0.02  # seconds
LOOK = 0.002  # seconds between two looks at the log file
LIMIT = 300.0  # seconds for any job here


class Pour:
    """One job that prints much, and what became of it; monotonic seconds."""

    def __init__(self, program: Program, stamps: Stamps, task_id: str, size: int) -> None:
        log = program.platform.log(task_id)
        self.stamps = stamps
        self.missing = float(size - min(log.size + 1, size) + len(log.gaps) + log.differing)
        self.wire_seconds = program.tap.last_log[task_id] - stamps.first
        self.logged_at = 0.0

    @property
    def log_seconds(self) -> float:
        """From the first write until all was in the log file."""
        return self.logged_at - self.stamps.first


async def pour(bench: Bench, program: Program, size: int, line: int = LINE) -> Pour:
    """Let a job print `size` bytes and wait until all has arrived."""
    path, task_id = bench.children.new_file(), program.new_task()
    await program.platform.send_task(task_id, bench.children.pour(path, size, line))
    logged_at = 0.0
    if isinstance(program, OurAgent):
        stamped = size + (PREFIX * (size // line) if line else 0)
        logged_at = await reached(program.log_file(task_id), stamped)
    await program.done(task_id, limit=LIMIT)
    poured = Pour(program, read_stamps(path), task_id, size)
    poured.logged_at = logged_at
    return poured


async def reached(file: Path, size: int) -> float:
    """Wait until a file has `size` bytes; return when."""
    async with asyncio.timeout(LIMIT):
        while not file.exists() or file.stat().st_size < size:  # noqa: ASYNC110 (another process's)
            await asyncio.sleep(LOOK)
    return time.monotonic()


async def many_lines(bench: Bench) -> list[Row]:
    """200,000 lines of 80 bytes, beside a plain pipe reader and a plain sender of frames."""
    size = LINES * LINE
    to_log, to_wire, missing = Both(), Both(), 0.0
    for turn in range(bench.few(7, 2)):
        bench.tell(f"turn {turn}")
        to_log.floor.append(await plain_reader(bench, size))
        to_wire.floor.append(await plain_sender(size))
        async with bench.agent() as agent:
            await asyncio.sleep(SETTLE)
            poured = await pour(bench, agent, size)
        to_log.ours.append(size / MB / poured.log_seconds)
        to_wire.ours.append(size / MB / poured.wire_seconds)
        missing += poured.missing
    lines = Both(*([rate * MB / LINE for rate in rates] for rates in (to_wire.floor, to_wire.ours)))
    return [
        to_log.row("200,000 lines → job log", Unit.MB_S, at_least(100)),
        to_wire.row("200,000 lines → wire", Unit.MB_S, at_least(50)),
        lines.row("200,000 lines → wire, in lines", Unit.PER_S),
        missing_row("200,000 lines", missing),
    ]


def missing_row(what: str, missing: float) -> Row:
    """Return the row that says whether all has arrived: bytes, plus gaps in the offsets."""
    return Row(what=f"{what}: bytes missing", unit=Unit.COUNT, ours=missing, target=at_most(0))


async def plain_reader(bench: Bench, size: int) -> float:
    """Return the MB/s that an asyncio pipe reader gets out of the same child."""
    command = bench.children.pour(bench.children.new_file(), size)
    said = await floor_program("pipe", *command)
    count, seconds = said.split()
    return int(count) / MB / float(seconds)


async def plain_sender(size: int) -> float:
    """Return the MB/s of 64 KiB frames that the same platform gets from a bare sender."""
    tap = Tap()
    async with new_platform(tap) as platform:
        url = f"{platform.url}?token={platform.token}"
        await floor_program("send", url, str(size))
        frames = [frame for frame in platform.frames if frame.type == "task_log"]
        return size / MB / (tap.last_log["floor"] - frames[0].at)


async def floor_program(*arguments: str) -> str:
    """Run floor.py to its end and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "floor.py"), *arguments, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"floor.py {arguments[0]} ended with {process.returncode}")
    return said.decode()


class Watched:
    """The memory of a program from now on."""

    def __init__(self, program: Program) -> None:
        self._pid = program.pid
        self._idle = resident(self._pid)
        reset_peak(self._pid)

    @property
    def growth(self) -> float:
        """MiB by which the peak is over what it was at first."""
        return peak(self._pid) - self._idle


async def one_long_line(bench: Bench) -> list[Row]:
    """500 MB without a newline."""
    size = bench.few(500, 100) * MB
    what = f"{size // MB} MB without a newline"
    load = Load(bench, size, line=0)
    async with bench.floor() as bare:
        await load.carry(bare, load.seconds.floor, load.growth.floor)
    async with bench.agent() as agent:
        poured = await load.carry(agent, load.seconds.ours, load.growth.ours)
    return load.rows(what, poured)


async def gigabyte(bench: Bench) -> list[Row]:
    """1 GB in lines of 80 bytes with a heartbeat every second: memory and punctuality."""
    size = bench.few(1000, 100) * MB
    what = f"{size // MB:,} MB in lines"
    load = Load(bench, size, line=LINE)
    async with bench.floor() as bare:
        await load.carry(bare, load.seconds.floor, load.growth.floor)
    async with bench.agent(beat=BEAT) as agent:
        poured = await load.carry(agent, load.seconds.ours, load.growth.ours)
        late = lateness(agent, poured.stamps.first)
    beats = Row(what=f"{what}: latest heartbeat", unit=Unit.MS, ours=late, target=at_most(LATE))
    return [*load.rows(what, poured), beats]


class Load:
    """One heavy job, carried by the floor and by ours: seconds, and growth of memory in MiB."""

    def __init__(self, bench: Bench, size: int, line: int) -> None:
        self._bench, self._size, self._line = bench, size, line
        self.seconds, self.growth = Both(), Both()

    async def carry(self, program: Program, seconds: list[float], growth: list[float]) -> Pour:
        """Let an idle program run the job, and note what it took."""
        self._bench.tell(type(program).__name__)
        await asyncio.sleep(SETTLE)
        memory = Watched(program)
        poured = await pour(self._bench, program, self._size, self._line)
        await asyncio.sleep(AT_REST)
        seconds.append(poured.wire_seconds)
        growth.append(memory.growth)
        return poured

    def rows(self, what: str, ours: Pour) -> list[Row]:
        """Return what there is to say about every heavy job."""
        return [
            self.seconds.row(f"{what} → wire", Unit.S),
            missing_row(what, ours.missing),
            self.growth.row(f"{what}: RSS growth", Unit.MIB, at_most(GROWTH)),
        ]


def lateness(program: Program, since: float) -> float:
    """Return by how many ms the latest heartbeat since then missed its time; 0: none did."""
    beats = [frame.at for frame in program.platform.heartbeats if frame.at >= since - BEAT]
    longest = max(later - earlier for earlier, later in pairwise(beats))
    return max(0.0, longest - BEAT) * 1000


async def frozen_platform(bench: Bench) -> list[Row]:
    """A job prints 200 MB while the platform reads nothing; the same with one that reads."""
    size = bench.few(200, 100) * MB
    what = f"platform frozen, {size // MB} MB"
    duration, growth, missing = Both(), Both(), 0.0  # the floor: a platform that reads
    for turn in range(bench.few(3, 1)):
        bench.tell(f"turn {turn}")
        async with bench.agent() as agent:
            await asyncio.sleep(SETTLE)
            duration.floor.append((await pour(bench, agent, size)).stamps.duration)
        async with bench.agent() as agent:
            await asyncio.sleep(SETTLE)
            grown, poured = await pour_into_frozen(bench, agent, size)
        growth.ours.append(grown)
        duration.ours.append(poured.stamps.duration)
        missing += poured.missing
    return [
        growth.row(f"{what}: RSS growth (max)", Unit.MIB, at_most(GROWTH), percent=100),
        duration.row(f"{what}: the job's duration", Unit.S, times_floor(HELD_BACK)),
        missing_row(what, missing),
    ]


async def pour_into_frozen(bench: Bench, agent: Program, size: int) -> tuple[float, Pour]:
    """Freeze the platform until the job has ended; return the growth in MiB, and the job."""
    memory = Watched(agent)
    path, task_id = bench.children.new_file(), agent.new_task()
    await agent.platform.send_task(task_id, bench.children.pour(path, size))
    agent.platform.stall()
    stamps = await stamps_at_last(path, 60)
    await asyncio.sleep(AT_REST)
    growth = memory.growth
    agent.platform.resume()
    await agent.done(task_id)
    return growth, Pour(agent, stamps, task_id, size)


async def stamps_at_last(path: Path, limit: float) -> Stamps:
    """Wait until a job has written its stamps; TimeoutError after `limit` seconds."""
    async with asyncio.timeout(limit):
        while True:
            with suppress(FileNotFoundError, ValueError):
                return read_stamps(path)
            await asyncio.sleep(POLL)
