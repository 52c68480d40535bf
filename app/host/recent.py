"""The samples of the last minutes, kept in few bytes; written by one thread, read by others."""

import math
import threading
from array import array
from typing import NamedTuple

from app.protocol.messages import Facts

SPAN = 900.0  # seconds that are kept
MOST = 1_000  # samples: 48 KB
_NONE = math.nan


class Sample(NamedTuple):
    """One look at this computer; None where nothing could be read.

    `at` in epoch seconds, shares in percent, bytes of all interfaces since the computer started.
    """

    at: float
    cpu: float | None
    memory: float | None
    disk: float | None
    received: float | None
    sent: float | None


_WIDTH = len(Sample._fields)


class Recent:
    """A ring of samples."""

    def __init__(self) -> None:
        self._values = array("d")
        self._lock = threading.Lock()

    def add(self, at: float, facts: Facts) -> None:
        """Keep a sample; older ones than SPAN go, and those of the future: the clock was set."""
        values = array("d", [at, *_numbers(facts)])
        with self._lock:
            old = self._values
            while len(old) >= MOST * _WIDTH or (old and not at - SPAN <= old[0] < at):
                del old[:_WIDTH]
            old.extend(values)

    def since(self, at: float) -> list[Sample]:
        """Return the samples later than `at` (epoch seconds), oldest first."""
        with self._lock:
            values = self._values.tolist()
        rows = (values[place : place + _WIDTH] for place in range(0, len(values), _WIDTH))
        return [_sample(row) for row in rows if row[0] > at]


def _numbers(facts: Facts) -> list[float]:
    shares = (facts.cpu_info, facts.memory_info, facts.disk_info)
    network = facts.network_info
    found = [
        *(info.get("usage_percent") for info in shares),
        network.get("bytes_received"),
        network.get("bytes_sent"),
    ]
    return [float(value) if isinstance(value, int | float) else _NONE for value in found]


def _sample(row: list[float]) -> Sample:
    at, *values = row
    return Sample(at, *(None if math.isnan(value) else value for value in values))
