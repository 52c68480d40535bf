"""docs/performance.md: the last full run, where it ran, and how everything is measured."""

import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.benchmark.children import HERE
from tests.benchmark.figures import Row, markdown

PAGE = HERE / "page.md"
FROZEN = "## The executables\n"  # the heading of the part that --frozen --write writes


def page(rows: Sequence[Row], machine: str) -> str:
    """Return the text of docs/performance.md."""
    frame = PAGE.read_text(encoding="utf-8")
    return frame.replace("{machine}", machine).replace("{table}", markdown(rows))


def frozen_part(rows: Sequence[Row], machine: str) -> str:
    """Return the document's last part, about the executables."""
    text = PAGE.with_name("frozen.md").read_text(encoding="utf-8")
    return FROZEN + text.replace("{machine}", machine).replace("{table}", markdown(rows))


def this_machine() -> str:
    """Describe where and when this run takes place."""
    cores = f"{os.cpu_count()} × {processor()}"
    python = f"Python {platform.python_version()}, websockets {version('websockets')}"
    busy = f"load at the start {psutil.getloadavg()[0]:.1f}"
    system = f"{platform.system()} {platform.release()}"
    return f"{time.strftime('%Y-%m-%d')} · {cores} · {system} · {python} · {busy}"


def processor() -> str:
    """Return the processor's name as Linux knows it."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()
