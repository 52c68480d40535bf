"""What the platform has seen: frames, logs and results, bounded, and a way to wait for more."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from app.demo.joblog import ReceivedLog
from app.i18n import _

T = TypeVar("T")

MAX_HEARTBEATS = 10_000
MAX_JOBS = 10_000  # newest are kept
MAX_RESULTS = 100  # of one job
MAX_CLOSINGS = 1000


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame from an agent."""

    at: float  # the loop's clock, seconds
    connection: int  # 1 for the first accepted one
    type: str  # "" when the frame is not a JSON object
    body: dict[str, Any]
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """How a connection ended; `code` is None when no close frame came back."""

    connection: int
    code: int | None
    reason: str
    at: float


@dataclass(slots=True)
class JobRecord:
    """All that was heard about one job."""

    log: ReceivedLog
    first_at: float  # the loop's clock, seconds; of the first log or result
    last_at: float
    results: list[Frame] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is kept; the oldest goes first."""

    keep_logs: bool = True  # False: logs are counted and checked, their text is not kept
    max_frames: int = 10_000
    max_frame_bytes: int = 32 * 2**20
    max_log_chars: int = 64 * 2**20  # of one job


class Record:
    """Frames in the order of arrival, and what they amount to per job."""

    def __init__(self, limits: Limits) -> None:
        self.frames: deque[Frame] = deque()
        self.heartbeats: deque[Frame] = deque(maxlen=MAX_HEARTBEATS)
        self.closings: deque[Closing] = deque(maxlen=MAX_CLOSINGS)
        self.jobs: dict[str, JobRecord] = {}
        self.total = 0  # frames ever taken
        self.changes = 0  # of anything, frames included: who polls compares it
        self._limits = limits
        self._bytes = 0
        self._change: asyncio.Future[None] | None = None

    def add(self, frame: Frame) -> None:
        """Take one frame and wake who waits."""
        if frame.type == "heartbeat":
            self.heartbeats.append(frame)
        elif frame.type == "task_log":
            frame = self._add_log(frame)
        elif frame.type == "task_result":
            self._add_result(frame)
        self._keep(frame)
        self.changed()

    def since(self, total: int) -> list[Frame]:
        """Return the frames taken after `total` of them had been, as far as they are kept."""
        new = min(self.total - total, len(self.frames))
        return list(islice(self.frames, len(self.frames) - new, None))

    def changed(self) -> None:
        """Wake who waits: something else than a frame has happened."""
        self.changes += 1
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def wait_for(self, condition: Callable[[], T], timeout: float, what: str) -> T:  # noqa: ASYNC109 (the caller's limit, with a telling error)
        """Return the first truthy value of `condition`, which is asked after every change.

        Raises TimeoutError after `timeout` seconds, with the last frames in its text.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    await self._next_change()
                return value
        except TimeoutError:
            last = ", ".join(frame.type or "?" for frame in list(self.frames)[-10:])
            text = _("{what}: not within {limit} s; last: {last}")
            raise TimeoutError(text.format(what=what, limit=timeout, last=last or "-")) from None

    async def _next_change(self) -> None:
        if self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)

    def _add_log(self, frame: Frame) -> Frame:
        body = frame.body
        job = self._job(frame)
        message, offset = body.get("message"), body.get("offset")
        if job is None or not isinstance(message, str):
            return frame
        known = offset if isinstance(offset, int) else None
        job.log.add(message, str(body.get("level")), known)
        if self._limits.keep_logs:
            return frame
        return Frame(frame.at, frame.connection, frame.type, {**body, "message": ""}, 0)

    def _add_result(self, frame: Frame) -> None:
        job = self._job(frame)
        if job is not None and len(job.results) < MAX_RESULTS:
            job.results.append(frame)

    def _job(self, frame: Frame) -> JobRecord | None:
        job_id = frame.body.get("task_id")
        if not isinstance(job_id, str):
            return None
        job = self.jobs.get(job_id)
        if job is None:
            kept = self._limits.max_log_chars if self._limits.keep_logs else 0
            job = JobRecord(ReceivedLog(kept), first_at=frame.at, last_at=frame.at)
            self.jobs[job_id] = job
            while len(self.jobs) > MAX_JOBS:
                del self.jobs[next(iter(self.jobs))]
        job.last_at = frame.at
        return job

    def _keep(self, frame: Frame) -> None:
        self.total += 1
        self.frames.append(frame)
        self._bytes += frame.size
        while (
            len(self.frames) > self._limits.max_frames or self._bytes > self._limits.max_frame_bytes
        ):
            self._bytes -= self.frames.popleft().size
