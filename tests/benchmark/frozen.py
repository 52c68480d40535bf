"""The executables: size, start, memory, and starts and ends without a trace. Linux."""

import asyncio
import contextlib
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from app.demo.platform import DemoPlatform
from tests.benchmark.bench import MB, MIB, Bench, Measurement
from tests.benchmark.figures import Row, Unit, at_least, at_most, median
from tests.benchmark.programs import ROOT, clean_environment
from tests.fakes.panel import Panel, session_bus, until

DIST = ROOT / "dist"
PROGRAMS = {
    "one-file": (DIST / "ats-agent", 1.0),  # seconds to the icon that it may take
    "one-folder": (DIST / "ats-agent-folder" / "ats-agent", 0.5),
}
END_LIMIT = 20.0  # seconds


class Started:
    """A process of an executable, in a temporary folder of its own."""

    def __init__(self, program: Path, folder: Path, words: list[str], **environ: str) -> None:
        self.temp = folder / "tmp"
        self.temp.mkdir(exist_ok=True, parents=True)
        self.at = time.monotonic()
        self.process = subprocess.Popen(
            [str(program), *words, "--home", str(folder / "home")],
            env=clean_environment() | {"TMPDIR": str(self.temp)} | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def family(self) -> list[psutil.Process]:
        """Its processes now."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def quit(self) -> bool:
        """Ask it to end; tell whether it did so in order and left neither process nor file."""
        family = self.family()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            for one in family:
                one.kill()
            return False
        return code == 0 and not any(map(alive, family)) and not any(self.temp.iterdir())


def alive(process: psutil.Process) -> bool:
    """Tell whether it still runs."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


async def sizes(_bench: Bench) -> list[Row]:
    """What is downloaded, and what lies on the disk."""
    one_file, one_folder = (program for program, _limit in PROGRAMS.values())
    files = [path for path in one_folder.parent.rglob("*") if path.is_file()]
    whole = sum(path.stat().st_size for path in files)
    size = one_file.stat().st_size / MB
    return [
        Row(what="size, one-file", unit=Unit.MB, ours=size, target=at_most(30)),
        Row(what="size, one-folder unpacked", unit=Unit.MB, ours=whole / MB),
    ]


async def start_to_icon(bench: Bench) -> list[Row]:
    """From the start of the process until its icon is registered with the panel."""
    rows = []
    for name, (program, limit) in PROGRAMS.items():
        took = [await asyncio.to_thread(_icon, bench, program) for _ in range(bench.few(15, 3))]
        what = f"start → icon, {name}"
        rows.append(Row(what=what, unit=Unit.S, ours=median(took), target=at_most(limit)))
    return rows


def _icon(bench: Bench, program: Path) -> float:
    with tempfile.TemporaryDirectory() as folder, session_bus(Path(folder)) as bus:
        watcher = until(lambda: Panel(bus.address), "the bus listens")
        # No display is looked at: the icon goes over the bus.
        environ = {"DISPLAY": ":none", "DBUS_SESSION_BUS_ADDRESS": bus.address}
        started = Started(program, bench.new_home(), [], **environ)
        try:
            watcher.item()
            return time.monotonic() - started.at
        finally:
            started.quit()
            watcher.crash()


async def memory(bench: Bench) -> list[Row]:
    """Resident memory online without work, of all processes of the program together."""
    rows = []
    for name, (program, _limit) in PROGRAMS.items():
        async with DemoPlatform() as platform:
            words = ["--headless", "--server-url", platform.url]
            started = Started(program, bench.new_home(), words, ATS_AGENT_TOKEN=platform.token)
            await platform.agent_online(timeout=30)
            await asyncio.sleep(bench.few(10, 3))
            size = sum(one.memory_info().rss for one in started.family()) / MIB
            await asyncio.to_thread(started.quit)
        rows.append(Row(what=f"RSS headless, {name}", unit=Unit.MIB, ours=size))
    return rows


async def cycles(bench: Bench) -> list[Row]:
    """Starts and ends in order, until a connection stood; nothing may be left."""
    rows = []
    count = bench.few(50, 5)
    for name, (program, _limit) in PROGRAMS.items():
        clean, home = 0, bench.new_home()
        async with DemoPlatform() as platform:
            for number in range(count):
                bench.tell(f"{name} {number}/{count}")
                before = platform.connections
                words = ["--headless", "--server-url", platform.url]
                started = Started(program, home, words, ATS_AGENT_TOKEN=platform.token)
                await platform.agent_online(timeout=30, connections=before + 1)
                clean += await asyncio.to_thread(started.quit)
        what = f"clean start-quit cycles of {count}, {name}"
        rows.append(Row(what=what, unit=Unit.COUNT, ours=clean, target=at_least(count)))
    return rows


CATALOGUE = (
    Measurement("size", sizes),
    Measurement("icon", start_to_icon),
    Measurement("memory", memory),
    Measurement("cycles", cycles),
)
