"""Tests of what is handed to the platform, and of what is repeated until it is confirmed."""

import asyncio
import json
import random
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.journal.outbox import Outbox
from app.journal.records import Finish, JobRecord, OwedItem, OwedKind, Target
from app.journal.sender import RETRY_READ
from app.journal.store import Store
from app.journal.window import BATCH_BYTES, BATCH_EVERY, KIB
from app.journal.worker import Worker
from app.state import JobState
from tests.journal.kit import ELSEWHERE, HERE, LOG, NOON, RESULT, encode, new_job, result

Frames = list[dict[str, Any]]


class Desk:
    """A journal with an outbox and a sender that plays the session."""

    def __init__(self, store: Store, worker: Worker, folder: Path) -> None:
        self.store, self.worker, self.folder = store, worker, folder
        self.problems: list[str] = []
        self.logs: list[JobLog] = []
        self.outbox = self.restart()
        self.now = 1000.0

    def restart(self) -> Outbox:
        """Forget all that was in memory."""
        self.outbox = Outbox(self.store, self.worker, encode, self.problems.append, lambda: NOON)
        return self.outbox

    async def job(self, job_id: str, target: Target = HERE) -> "LiveJob":
        """Accept a job and open its log."""
        record = await self.store.accept(new_job(self.folder, job_id, target=target))
        assert record is not None
        self.outbox.open(record)
        self.logs.append(await self.worker.submit(JobLog.create_here, self.worker, record.log))
        return LiveJob(self, record, self.logs[-1])

    async def ended(self, job_id: str, *texts: str, target: Target = HERE) -> JobRecord:
        """Accept a job and end it."""
        job = await self.job(job_id, target)
        for text in texts:
            await job.prints(text)
        await job.ends()
        return job.record

    def opens(self, target: Target = HERE) -> None:
        """A session begins and answers its first heartbeat."""
        self.outbox.session_opened(target, self.now)
        self.fence()

    def fence(self) -> None:
        """A heartbeat goes and is answered."""
        self.outbox.seal(self.now)
        self.outbox.confirm(self.now)

    async def next(self) -> dict[str, Any] | None:
        """Send one frame."""
        texts = await self.outbox.next_frames(self.now)
        return json.loads(texts[0]) if texts else None

    async def sends(self) -> Frames:
        """Send all that may go; heartbeats where wanted, none answered."""
        frames: Frames = []
        while True:
            frame = await self.next()
            frames += [frame] if frame else []
            if self.outbox.fence_wanted:
                self.outbox.seal(self.now)
            elif frame is None and self.outbox.next_due(self.now) != self.now:
                return frames

    async def delivers(self) -> Frames:
        """Send and confirm until nothing is owed."""
        frames: Frames = []
        while True:
            frame = await self.next()
            if frame is not None:
                frames.append(frame)
            if frame is None or self.outbox.fence_wanted:
                self.fence()
            if frame is None and self.outbox.drained:
                return frames
            if frame is None:
                self.now += BATCH_EVERY


class LiveJob:
    """A job that prints."""

    def __init__(self, desk: Desk, record: JobRecord, log: JobLog) -> None:
        self.desk, self.record, self.log = desk, record, log
        self.writer = LineWriter()

    async def prints(self, text: str, kind: Kind = Kind.OUT) -> None:
        """Print; the outbox hears of it."""
        length = await self.log.append(self.writer.write(text, kind, NOON))
        self.desk.outbox.grew(self.record.key, length)

    async def ends(self, *items: OwedItem) -> None:
        """End with a result, or with these items."""
        await self.log.append(self.writer.close_line())
        await self.log.close()
        owed = items or (result(self.record.job_id),)
        end = Finish(JobState.SUCCEEDED, self.log.length, owed, NOON)
        stored = await self.desk.store.finish(self.record.key, end)
        self.desk.outbox.finished(self.record.key, self.log.length, stored)


@pytest.fixture
async def desk(store: Store, worker: Worker, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(store, worker, tmp_path)
    yield desk
    for log in desk.logs:
        await log.close()


def kinds(frames: Frames) -> list[tuple[str, str]]:
    return [(frame["type"], frame["job_id"]) for frame in frames]


def lines(frames: Frames, job_id: str) -> list[str]:
    logs = [frame for frame in frames if frame["type"] == LOG and frame["job_id"] == job_id]
    return [line for frame in logs for line in frame["text"].split("\n")]


async def test_a_result_follows_its_whole_log(desk: Desk) -> None:
    """Log first, then the result, then a fence at once; confirmed means delivered."""
    desk.opens()
    await desk.ended("a", "one\n", "two\n")
    assert kinds(await desk.sends()) == [(LOG, "a"), (RESULT, "a")]
    assert desk.outbox.in_flight
    assert len(await desk.store.undelivered()) == 1
    desk.outbox.confirm(desk.now)
    assert desk.outbox.drained
    assert await desk.store.undelivered() == []


async def test_nothing_is_sent_without_a_session(desk: Desk) -> None:
    """Offline everything waits in the journal."""
    await desk.ended("a", "one\n")
    assert await desk.sends() == []
    desk.opens()
    assert kinds(await desk.sends()) == [(LOG, "a"), (RESULT, "a")]


async def test_unconfirmed_frames_are_repeated_in_the_next_session(desk: Desk) -> None:
    """What no fence confirmed goes again, from the confirmed place on."""
    desk.opens()
    job = await desk.job("a")
    await job.prints("one\n")
    await desk.sends()
    desk.fence()
    await job.prints("two\n")
    await desk.sends()
    desk.outbox.session_closed(False, desk.now)
    desk.opens()
    desk.now += BATCH_EVERY
    assert lines(await desk.sends(), "a") == ["two"]


async def test_a_new_agent_resumes_at_the_confirmed_offset(desk: Desk) -> None:
    """After a crash the log goes on where the platform is, also in the middle of a line."""
    desk.opens()
    job = await desk.job("a")
    await job.prints("first\nhalf of ", Kind.ERR)
    await desk.sends()
    desk.fence()
    await job.prints("a line\n", Kind.ERR)
    await job.ends()
    outbox = desk.restart()
    await outbox.load()
    desk.opens()
    frames = await desk.delivers()
    assert lines(frames, "a") == ["a line"]
    assert frames[0]["level"] == "error"
    assert kinds(frames)[1:] == [(RESULT, "a")]


async def test_an_interrupted_job_waits_for_its_end(desk: Desk) -> None:
    """After a crash an unfinished job is owed from its confirmed place once it is ended."""
    job = await desk.job("a")
    await job.prints("one\n")
    outbox = desk.restart()
    await outbox.load()
    desk.opens()
    assert await desk.sends() == []
    await job.ends()
    assert kinds(await desk.delivers()) == [(LOG, "a"), (RESULT, "a")]


async def test_what_is_owed_elsewhere_never_leaks(desk: Desk) -> None:
    """A session gets its own target's frames only, before and after a restart."""
    await desk.ended("there", "secret\n", target=ELSEWHERE)
    await desk.ended("here", "one\n")
    desk.opens()
    assert {job for _kind, job in kinds(await desk.delivers())} == {"here"}
    outbox = desk.restart()
    await outbox.load()
    desk.opens()
    assert await desk.sends() == []
    assert (outbox.owed_bytes(HERE), outbox.owed_bytes(ELSEWHERE)) == (0, outbox.owed_bytes())
    outbox.session_closed(False, desk.now)
    desk.opens(ELSEWHERE)
    assert kinds(await desk.delivers()) == [(LOG, "there"), (RESULT, "there")]


async def test_one_result_per_fence(desk: Desk) -> None:
    """A second result goes only behind the first one's heartbeat."""
    await desk.ended("a")
    await desk.ended("b")
    desk.opens()
    assert kinds([await desk.next() or {}]) == [(RESULT, "a")]
    assert await desk.next() is None
    assert desk.outbox.fence_wanted
    assert desk.outbox.next_due(desk.now) is None
    desk.outbox.wake.clear()
    desk.outbox.seal(desk.now)
    assert desk.outbox.wake.is_set()
    assert kinds([await desk.next() or {}]) == [(RESULT, "b")]


async def test_a_completion_waits_until_nothing_is_on_its_way(desk: Desk) -> None:
    """A suite's completion needs a heartbeat between it and what was before."""
    body = {"suite_id": "s", "execution_id": "e"}
    refusal = OwedItem(OwedKind.SUITE_LOG, {**body, "text": "no", "level": "error"})
    done = OwedItem(OwedKind.SUITE_COMPLETED, {**body, "status": "failed", "message": ""})
    desk.opens()
    job = await desk.job("s")
    await job.ends(refusal, done)
    assert [frame["type"] for frame in await desk.sends()] == ["SuiteLog"]
    desk.outbox.confirm(desk.now)
    assert [frame["type"] for frame in await desk.sends()] == ["SuiteCompleted"]


async def test_a_full_window_waits_for_its_answer(desk: Desk) -> None:
    """A frozen platform gets one window and no more; the answer lets the rest flow."""
    job = await desk.job("a")
    desk.opens()
    for _ in range(20):
        await job.prints("x" * 1023 * 64 + "\n")
    await desk.sends()
    limit = desk.outbox._flight.window.limit
    assert desk.outbox._flight.window.bytes <= limit
    assert desk.outbox.next_due(desk.now) is None
    desk.outbox.wake.clear()
    desk.outbox.confirm(desk.now)
    assert desk.outbox.wake.is_set()
    assert await desk.sends() != []
    desk.outbox.confirm(desk.now)
    await job.ends()
    assert len("".join(lines(await desk.delivers(), "a"))) > 0


async def test_a_quiet_job_is_paced(desk: Desk) -> None:
    """The first lines at once, then a batch every 200 ms; much output does not wait."""
    job = await desk.job("a")
    desk.opens()
    for text in ("1\n", "2\n"):
        await job.prints(text)
        assert len(await desk.sends()) == 1
    await job.prints("3\n")
    await job.prints("4\n")
    assert await desk.sends() == []
    due = desk.outbox.next_due(desk.now)
    assert due == pytest.approx(desk.now + BATCH_EVERY)
    desk.now += BATCH_EVERY
    assert lines(await desk.sends(), "a") == ["3", "4"]
    await job.prints("x" * BATCH_BYTES + "\n")
    assert len(await desk.sends()) >= 1


async def test_a_partial_lines_newline_is_not_a_frame(desk: Desk) -> None:
    """The end of a line that was sent as far as it was adds no empty line."""
    job = await desk.job("a")
    desk.opens()
    for text in ("password: ", "\n", "next\n"):
        await job.prints(text)
    await job.ends()
    assert lines(await desk.delivers(), "a") == ["password: ", "next"]


async def test_times_are_told_in_the_platforms_zone(desk: Desk) -> None:
    """The history is right only with the server's offset."""
    desk.outbox.zone = timezone(timedelta(hours=8))
    await desk.ended("a", "one\n")
    desk.opens()
    assert [frame["at"] for frame in await desk.sends()] == ["2026-09-21 22:13:20+08:00"] * 2


async def kills(desk: Desk, poison: Callable[[dict[str, Any]], bool]) -> Frames:
    """One session with a platform that dies at the heartbeat behind a poisonous frame."""
    desk.opens()
    frames: Frames = []
    while True:
        frame = await desk.next()
        frames += [frame] if frame else []
        if any(map(poison, frames)) and (frame is None or desk.outbox.fence_wanted):
            desk.outbox.seal(desk.now)
            desk.outbox.session_closed(True, desk.now)
            return frames
        if frame is None or desk.outbox.fence_wanted:
            desk.fence()
        if frame is None and desk.outbox.drained:
            return frames
        desk.now += BATCH_EVERY


@pytest.mark.parametrize("poisonous", [RESULT, LOG])
async def test_what_kills_three_sessions_is_set_aside(desk: Desk, poisonous: str) -> None:
    """Everything else is delivered; the poison goes alone at last and never again."""
    for job_id in ("a", "b", "c"):
        await desk.ended(job_id, f"{job_id} says\n")

    def poison(frame: dict[str, Any]) -> bool:
        return (frame["type"], frame["job_id"]) == (poisonous, "b")

    sessions = [kinds(await kills(desk, poison)) for _ in range(4)]
    deadly = (poisonous, "b")
    assert [frames.count(deadly) for frames in sessions] == [1, 1, 1, 0]
    assert sessions[2][-1] == deadly
    assert {frame for frames in sessions for frame in frames} == {
        (kind, job) for kind in (LOG, RESULT) for job in "abc"
    }
    assert len(desk.problems) == 1
    assert "Job b" in desk.problems[0]
    assert desk.outbox.drained
    assert await desk.store.undelivered() == []


async def test_breaks_of_the_line_set_nothing_aside(desk: Desk) -> None:
    """Abrupt ends before any answer, however many, cost repeats only."""
    await desk.ended("a", "one\n")
    for _ in range(6):
        desk.outbox.session_opened(HERE, desk.now)
        await desk.sends()
        desk.outbox.session_closed(True, desk.now)
    desk.opens()
    assert kinds(await desk.delivers()) == [(LOG, "a"), (RESULT, "a")]
    assert desk.problems == []


@pytest.mark.parametrize("loss", ["gone", "shortened"])
async def test_a_lost_log_does_not_hold_back_its_result(desk: Desk, loss: str) -> None:
    """A log that the user deleted is reported; everything else is delivered."""
    record = await desk.ended("a", "one\n")
    if loss == "gone":
        record.log.unlink()
    else:
        record.log.write_bytes(b"")
    desk.opens()
    assert kinds(await desk.delivers()) == [(RESULT, "a")]
    assert len(desk.problems) == 1
    assert await desk.store.undelivered() == []


async def test_a_log_that_cannot_be_read_now_is_tried_again(desk: Desk) -> None:
    """A folder in its place stands for any passing trouble: nothing is given up."""
    record = await desk.ended("a", "one\n")
    await desk.ended("b", "two\n")
    moved = record.log.rename(record.log.with_suffix(".moved"))
    record.log.mkdir()
    desk.opens()
    assert {job for _kind, job in kinds(await desk.sends())} == {"b"}
    record.log.rmdir()
    moved.rename(record.log)
    assert await desk.sends() == []
    desk.now += RETRY_READ
    desk.fence()
    assert {job for _kind, job in kinds(await desk.delivers())} >= {"a"}
    assert desk.problems == []


async def test_a_broken_entry_is_set_aside(desk: Desk) -> None:
    """A result that cannot be read from the journal does not stop the others."""
    job = await desk.job("a")
    await job.ends(OwedItem(OwedKind.JOB_RESULT, {"nonsense": 1}))
    await desk.ended("b")
    desk.opens()
    assert kinds(await desk.delivers()) == [(RESULT, "b")]
    assert len(desk.problems) == 1


async def test_results_of_a_long_backlog_are_read_when_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory does not grow with the number of finished jobs."""
    monkeypatch.setattr("app.journal.outbox.HELD_JOBS", 0)
    job = await desk.job("a")
    await job.ends(result("a", "output"))
    assert [item.body for item in desk.outbox._backlog[job.record.key].items.values()] == [None]
    desk.opens()
    [frame] = await desk.delivers()
    assert frame["output"] == "output"


async def test_a_session_that_ends_during_a_read_gets_nothing(desk: Desk) -> None:
    """A frame read for a dead session is not counted as sent."""
    await desk.ended("a", "one\n")
    desk.opens()
    hold = threading.Event()
    held = desk.worker.submit(hold.wait, 5)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(desk.next(), name="sender")
        await asyncio.sleep(0)
        desk.outbox.session_closed(False, desk.now)
        desk.opens()
        hold.set()
    await held
    assert reading.result() is None
    assert not desk.outbox.in_flight
    assert kinds(await desk.delivers()) == [(LOG, "a"), (RESULT, "a")]


async def test_an_answer_too_many_is_ignored(desk: Desk) -> None:
    """A platform that answers twice confirms nothing that was not sealed."""
    await desk.ended("a", "one\n")
    desk.opens()
    await desk.next()
    desk.outbox.confirm(desk.now)
    assert desk.outbox.in_flight


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_everything_arrives(desk: Desk, seed: int) -> None:
    """Random prints, breaks, answers and restarts: every line and result, in order."""
    rng = random.Random(seed)  # noqa: S311 (a reproducible story, no secret)
    jobs = [await desk.job(f"job-{n}") for n in range(3)]
    printed: dict[str, list[str]] = {job.record.job_id: [] for job in jobs}
    got: Frames = []
    for step in range(250):
        job = rng.choice(jobs)
        match rng.choice(["print", "print", "send", "send", "fence", "seal", "ack", "break"]):
            case "print":
                text = f"{step} " + rng.choice(["x", "é" * 50, "\x1b" * 3000, "y" * 40 * KIB])
                printed[job.record.job_id].append(text)
                await job.prints(text + "\n", rng.choice([Kind.OUT, Kind.ERR]))
            case "send":
                frame = await desk.next()
                got += [frame] if frame else []
            case "fence":
                desk.fence()
            case "seal":
                desk.outbox.seal(desk.now)
            case "ack":
                desk.outbox.confirm(desk.now)
            case "break":
                desk.outbox.session_closed(False, desk.now)
                desk.opens()
        desk.now += rng.random() / 5
    for job in jobs:
        await job.ends()
    desk.outbox.session_closed(False, desk.now)
    await desk.restart().load()
    desk.opens()
    got += await desk.delivers()
    for job_id, expected in printed.items():
        assert text_of(got, job_id) == "".join(expected)
        assert (RESULT, job_id) in kinds(got)
    assert desk.problems == []


def text_of(frames: Frames, job_id: str) -> str:
    """Put a log together as a platform can: a repeat replaces all from its offset on."""
    parts: Frames = []
    for frame in frames:
        if (frame["type"], frame["job_id"]) == (LOG, job_id):
            while parts and parts[-1]["offset"] >= frame["offset"]:
                parts.pop()
            parts.append(frame)
    return "".join(part["text"].replace("\n", "") for part in parts)
