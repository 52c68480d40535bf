"""CPU, memory, disk, network, OS: sampled on a thread of its own, read in an instant."""

import logging
import math
import shutil
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.host import _machine
from app.host.recent import Recent
from app.protocol.messages import Facts

log = logging.getLogger(__name__)

UNKNOWN = "unknown"
FIRST_WINDOW = 0.03  # seconds over which the first sample measures the CPU
_MB = 2**20
_NODE_IP_CHARS, _OS_CHARS = 50, 100  # limits of the platform (protocol.md 4.1)
_ELSEWHERE = "192.0.2.1"  # TEST-NET-1: stands for "the internet" while no server is known
_DISCARD_PORT = 9  # never reached: nothing is sent
# What the sources of this module raise when a value cannot be read (NotImplementedError too).
_UNREADABLE = (OSError, RuntimeError, ValueError, AttributeError, TypeError, LookupError)


class FactsSampler:
    """Samples this computer every `interval` seconds; `latest` is always there.

    A value that cannot be read keeps its last reading, or says "unknown". A reading
    that hangs (a dead network drive) makes the facts old, and nothing else.
    """

    def __init__(
        self,
        interval: float,
        disk: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.recent = Recent()  # on the wall's clock
        self.interval = interval
        self._clock = clock
        self._wall = wall
        self._disk = disk or Path.cwd()
        self._server = ""
        self._address: str | None = None  # of the server, resolved once
        self._latest = Facts()
        self._sampled_at: float | None = None
        self._stopping = False
        self._wake = threading.Event()  # something to sample for, or the end
        self._first = threading.Event()

    @property
    def latest(self) -> Facts:
        """The last sample; all unknown before the first, which takes under 100 ms."""
        return self._latest

    @property
    def sampled_at(self) -> float | None:
        """When the last sample was complete, on the clock; None before the first."""
        return self._sampled_at

    def start(self) -> None:
        """Begin sampling."""
        threading.Thread(target=self._run, name="facts", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end; waits for nothing."""
        self._stopping = True
        self._wake.set()

    def wait_first(self, limit: float) -> bool:
        """Wait at most `limit` seconds for the first sample; return whether it is there."""
        return self._first.wait(limit)

    def watch_disk(self, path: Path) -> None:
        """Measure the disk that holds `path`, from now on."""
        self._disk = path
        self._wake.set()

    def use_server(self, host: str) -> None:
        """From the next sample on, node_ip is this computer's address towards `host`."""
        self._server, self._address = host, None

    def _run(self) -> None:
        import psutil  # noqa: PLC0415 (20 ms that the agent's start need not wait for)

        with suppress(*_UNREADABLE):
            psutil.cpu_percent(None)  # the measurement begins here
        unknown = {"usage_percent": UNKNOWN, "unit": "MB"}
        self._latest = Facts(
            os_type=_os_type(),
            os_version=_os_version(),
            cpu_info={"usage_percent": UNKNOWN, **_fixed_cpu()},
            memory_info=unknown,
            disk_info=unknown,
        )
        time.sleep(FIRST_WINDOW)
        while not self._stopping:
            self._wake.clear()
            self._sample()
            self._sampled_at = self._clock()
            self.recent.add(self._wall(), self._latest)
            self._first.set()
            self._wake.wait(self.interval)

    def _sample(self) -> None:
        """Read part by part: one that fails or hangs keeps its last value."""
        parts: dict[str, Callable[[], Any]] = {
            "cpu_info": lambda: {**self._latest.cpu_info, "usage_percent": _cpu_percent()},
            "memory_info": _memory,
            "disk_info": lambda: _disk(self._disk),
            "network_info": _network,
            "node_ip": self._node_ip,
        }
        for name, read in parts.items():
            try:
                value = read()
            except _UNREADABLE as error:
                log.debug("no reading of %s: %s", name, error)
            else:
                self._latest = replace(self._latest, **{name: value})

    def _node_ip(self) -> str:
        server = self._server
        if self._address is None:
            self._address = _resolve(server) if server else _ELSEWHERE
        try:
            return _own_address(self._address)[:_NODE_IP_CHARS]
        except OSError:
            self._address = None  # the network changed: resolve again next time
            raise


def _os_type() -> str:
    return _read(_machine.os_type)[:_OS_CHARS]


def _os_version() -> str:
    return _read(_machine.os_version)[:_OS_CHARS]


def _fixed_cpu() -> dict[str, Any]:
    """Return what does not change while the agent runs; frequency in MHz."""
    import psutil  # noqa: PLC0415 (only on the sampler's thread)

    cores: int | str = UNKNOWN
    frequency: int | str = UNKNOWN
    with suppress(*_UNREADABLE):
        cores = psutil.cpu_count() or UNKNOWN
    with suppress(*_UNREADABLE):
        speed = psutil.cpu_freq()
        frequency = round(speed.max or speed.current) or UNKNOWN
    return {"cores": cores, "model": _read(_machine.cpu_model), "frequency": frequency}


def _cpu_percent() -> float:
    import psutil  # noqa: PLC0415 (only on the sampler's thread)

    return _percent(psutil.cpu_percent(None))


def _memory() -> dict[str, Any]:
    import psutil  # noqa: PLC0415 (only on the sampler's thread)

    memory = psutil.virtual_memory()
    return _space(memory.total, memory.available)


def _disk(path: Path) -> dict[str, Any]:
    """Return the space of the disk that holds `path`, which need not exist yet."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    usage = shutil.disk_usage(there)
    return _space(usage.total, usage.free)


def _network() -> dict[str, Any]:
    """Return the bytes of all interfaces since the computer started."""
    import psutil  # noqa: PLC0415 (only on the sampler's thread)

    counters = psutil.net_io_counters()
    return {"bytes_sent": counters.bytes_sent, "bytes_received": counters.bytes_recv}


def _space(total: int, free: int) -> dict[str, Any]:
    used = total - free
    return {
        "total": total // _MB,
        "used": used // _MB,
        "free": free // _MB,
        "usage_percent": _percent(100 * used / total if total else 0.0),
        "unit": "MB",
    }


def _percent(value: float) -> float:
    """Return a share that JSON can carry; infinity and NaN would break the connection."""
    if not math.isfinite(value):
        raise ValueError(f"not a share: {value}")
    return round(min(max(value, 0.0), 100.0), 1)


def _resolve(host: str) -> str:
    found = socket.getaddrinfo(host, _DISCARD_PORT, type=socket.SOCK_DGRAM)
    return str(found[0][4][0])


def _own_address(server: str) -> str:
    """Return the address that packets to `server` leave from; connecting UDP sends none."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((server, _DISCARD_PORT))
        return str(probe.getsockname()[0])


def _read(source: Callable[[], str]) -> str:
    try:
        return source().strip() or UNKNOWN
    except _UNREADABLE:
        return UNKNOWN
