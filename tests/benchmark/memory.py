"""Memory and processor time of a process, as Linux counts them."""

import sys
import time
from pathlib import Path

KIB = 1024
PEAK_RESET = "5"  # proc(5), clear_refs: sets the peak to the present size


def resident(pid: int) -> float:
    """Return the resident memory now, in MiB."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> float:
    """Return the largest resident memory since `reset_peak`, in MiB."""
    return _status(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    """Let the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text(PEAK_RESET, encoding="ascii")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of all its threads so far, in seconds, to the nanosecond."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3), CPUCLOCK_SCHED
    raise NotImplementedError


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / KIB
    raise RuntimeError(f"process {pid} has no {name}")
