"""Views for the tests of the tray's pure parts."""

from datetime import UTC
from typing import Any

from app.state import JobState, JobView, LinkState, Snapshot
from app.tray.words import View

TEN_32 = 1_795_343_520.0  # 2026-11-22 10:32 UTC
URL = "ws://192.168.1.10:8000"


def view(link: LinkState = LinkState.ONLINE, **fields: Any) -> View:
    """A view of an agent that is set up, at 10:32."""
    parts = {"server_url": URL, "link_since": TEN_32, **fields}
    return View(Snapshot(link=link, **parts), UTC)


def jobs(running: int = 0, waiting: int = 0) -> tuple[JobView, ...]:
    """Jobs with the ids r1, r2, …, w1, w2, …"""
    runs = [JobView(f"r{n}", JobState.RUNNING, TEN_32) for n in range(1, running + 1)]
    waits = [JobView(f"w{n}", JobState.QUEUED, TEN_32) for n in range(1, waiting + 1)]
    return (*runs, *waits)
