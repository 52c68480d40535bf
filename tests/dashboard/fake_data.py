"""What the fake agent has lived through: jobs with logs and cases, settings, values."""

import math
from dataclasses import dataclass, field
from typing import Any

OPEN = ("queued", "preparing", "running", "stopping")
MINUTE = 60.0
TITLES = (
    "pytest tests/orders -q --maxfail=5",
    "python tools/warm_up.py --cache D:\\缓存\\订单",
    "make smoke",
    "xat run --suite 登录与支付",
    "npm test -- --reporter=junit",
)
ENDS = ("succeeded", "failed", "succeeded", "timed out", "cancelled", "error", "interrupted")
EXAMPLE_FILE = """\
# ATS agent: settings of this computer
server:
  url: ws://platform.example:8000/ws/agent
jobs:
  max_parallel: 2
"""


@dataclass
class FakeJob:
    """One job of the fake's journal."""

    key: int
    kind: str
    state: str
    title: str
    accepted_at: float
    since: float
    finished_at: float | None = None
    log: bytes = b""
    cases: list[dict[str, Any]] = field(default_factory=list)
    delivered: bool = True
    removed: bool = False

    @property
    def job_id(self) -> str:
        """The platform's name of the job."""
        return f"{self.kind}-{self.key:04d}-7f3a"

    @property
    def open(self) -> bool:
        """True while it has not ended."""
        return self.state in OPEN

    def view(self) -> dict[str, Any]:
        """As in the snapshot's `jobs`."""
        names = ("key", "job_id", "kind", "state", "title", "since", "accepted_at")
        return {name: getattr(self, name) for name in names}

    def ended(self) -> dict[str, Any]:
        """As in the snapshot's `ended`."""
        names = ("key", "job_id", "kind", "title", "state")
        failed = sum(case["result"] in {"failed", "error"} for case in self.cases)
        return {name: getattr(self, name) for name in names} | {
            "at": self.finished_at,
            "failed": failed,
        }

    def row(self) -> dict[str, Any]:
        """As in an answer to `history`."""
        names = ("key", "job_id", "kind", "state", "title", "accepted_at", "finished_at")
        counts = {
            name: sum(case["result"] == name for case in self.cases)
            for name in ("passed", "failed", "error", "skipped")
        }
        return {name: getattr(self, name) for name in names} | {
            "log_size": None if self.state == "queued" else len(self.log),
            "delivered": self.delivered,
            "removed": self.removed,
            "cases": counts if self.kind == "suite" else None,
        }


def cases(count: int, done: int) -> list[dict[str, Any]]:
    """Return cases of which the first `done` have a result."""
    results = ("passed", "passed", "failed", "passed", "error", "skipped", "passed")
    return [
        {
            "case_id": f"case-{number:05d}",
            "code": f"{number:06d}",
            "result": results[number % len(results)] if number <= done else None,
        }
        for number in range(1, count + 1)
    ]


def past_jobs(now: float, count: int = 60) -> list[FakeJob]:
    """Return ended jobs over the last days, oldest first."""
    jobs = []
    for key in range(1, count + 1):
        end = now - (count - key) * 47 * MINUTE - 3 * MINUTE
        suite = key % 3 == 0
        jobs.append(
            FakeJob(
                key=key,
                kind="suite" if suite else "task",
                state=ENDS[key % len(ENDS)],
                title=TITLES[key % len(TITLES)],
                accepted_at=end - 40 - key * 7,
                since=end,
                finished_at=end,
                log=b"" if key < 10 else log_lines(30 + key),
                cases=cases(9, 9) if suite else [],
                delivered=key != count,
                removed=key < 10,
            )
        )
    return jobs


def open_jobs(now: float, first: int) -> list[FakeJob]:
    """Return a suite and a task that run, and a task that waits."""
    return [
        FakeJob(
            first,
            "suite",
            "running",
            "pytest tests/登录 tests/checkout -q",
            now - 200,
            now - 190,
            log=log_lines(400),
            cases=cases(40, 14),
        ),
        FakeJob(
            first + 1, "task", "running", "ping -n 60 printer-3", now - 75, now - 74, log=b"go\n"
        ),
        FakeJob(first + 2, "task", "queued", "python tools/report.py", now - 20, now - 20),
    ]


def log_lines(count: int, first: int = 0) -> bytes:
    """Return a log as a test run writes it: colours, Chinese, long and short lines."""
    return "".join(log_line(number) for number in range(first, first + count)).encode()


def log_line(number: int) -> str:
    """Return one line; every 7th is a failure, every 50th is long."""
    verdict = "\x1b[1;31mFAILED\x1b[0m" if number % 7 == 3 else "\x1b[32mPASSED\x1b[0m"
    text = (
        f"[10:{number // 60 % 60:02d}:{number % 60:02d}] test_{number:06d} 订单{number} {verdict}"
    )
    return text + (" details " + "x" * 300 if number % 50 == 49 else "") + "\n"


def past_samples(now: float) -> list[list[float | None]]:
    """Return a sample every 5 s over the last 15 minutes, the network unknown at first."""
    return [sample(now - 900 + 5 * step, first=step == 0) for step in range(180)]


def sample(at: float, *, first: bool = False) -> list[float | None]:
    """Return values that move as a busy computer's do."""
    wave = math.sin(at / 70) + math.sin(at / 23) / 2
    return [
        at,
        max(1.0, 38 + 22 * wave),
        61 + 3 * math.sin(at / 200),
        72.4,
        None if first else 180_000 * (1.6 + wave) ** 2,
        None if first else 24_000 * (1.6 - wave / 2) ** 2,
    ]


def setting_rows(path: str, language: str | None) -> list[dict[str, Any]]:
    """Return the effective settings as `settings` answers them."""
    rows: list[tuple[str, Any, str, str, Any]] = [
        ("server.url", "ws://platform.example:8000/ws/agent", f"{path}:3", "the address", None),
        ("jobs.max_parallel", 2, f"{path}:5", "how many jobs run at the same time", 1),
        ("desktop.keep_awake", "jobs", "default", "when it may not fall asleep", "jobs"),
        ("notifications.refused", True, "default", "tell when the token is refused", True),
        ("jobs.keep_days", 14, "environment ATS_AGENT_JOBS_KEEP_DAYS", "days that are kept", 30),
        ("jobs.environment", [], "default", "variables that jobs get", []),
        ("language", language, f"{path}:6" if language else "default", "language of texts", None),
    ]
    names = ("key", "value", "origin", "about", "default")
    return [{**dict(zip(names, row, strict=True)), "in_file": True} for row in rows]
