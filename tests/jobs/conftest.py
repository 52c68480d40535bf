"""A dispatcher with a real journal in tmp_path, and words to talk to it."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.host.containment import prepare_process
from app.host.paths import WorkDir
from app.jobs.deps import JobDeps, JobLimits
from app.jobs.dispatcher import Dispatcher
from app.jobs.order import execution_named, suite_order, task_named, task_order
from app.jobs.process import install_child_watcher
from app.journal.outbox import Outbox
from app.journal.records import JobRecord, OwedItem, Target
from app.journal.store import Store
from app.journal.worker import Worker
from app.protocol.codec import encode
from app.protocol.messages import JobAssigned, Level, SuiteAssigned

TARGET = Target("ws://platform/ws/agent", "env-1")
LIMITS = JobLimits(task_timeout=60.0, grace=0.3)
Remark = tuple[str, Level, str]
PATIENCE = 10.0  # seconds that a wait in a test may take


class Room:
    """A running dispatcher and what a platform would know of it."""

    def __init__(
        self, dispatcher: Dispatcher, deps: JobDeps, work_dir: WorkDir, remarks: list[Remark]
    ) -> None:
        self.dispatcher = dispatcher
        self.deps = deps
        self.work_dir = work_dir
        self.remarks = remarks
        self.answers: list[OwedItem] = []  # results that the journal did not take
        work_dir.prepare()
        dispatcher.use_work_dir(work_dir)

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until `holds()` is true, looked at now and then; bounded."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 (files and processes have no event)
                await asyncio.sleep(0.002)

    async def assign(self, job_id: str, command: str | list[str], **more: Any) -> None:
        """Send a job, as the platform would."""
        text = command if isinstance(command, str) else tuple(command)
        await self.dispatcher.assign(task_order(JobAssigned(job_id, text, **more)), TARGET)

    async def cancel(self, job_id: str, target: Target = TARGET) -> None:
        """Cancel a task, as the platform would."""
        await self.dispatcher.cancel(task_named(job_id), target)

    async def python(self, job_id: str, code: str, **more: Any) -> None:
        """Send a job that runs a piece of Python."""
        await self.assign(job_id, [sys.executable, "-c", code], **more)

    async def cancel_suite(self, suite_id: str, execution_id: str) -> None:
        """Cancel one execution, as the platform would."""
        await self.dispatcher.cancel(execution_named(suite_id, execution_id), TARGET)

    async def suite(self, execution_id: str, command: str, **more: Any) -> None:
        """Send an execution of suite "s1" with the cases c1 and c2, as the platform would."""
        fields: dict[str, Any] = {"case_ids": ("c2", "c1"), "case_codes": ("100001", "100002")}
        fields |= {"suite_id": "s1", "plan_id": "p1", "executor_id": "u1"}
        suite = SuiteAssigned(execution_id=execution_id, command=command, **fields | more)
        await self.dispatcher.assign(suite_order(suite), TARGET)

    async def first_reports(self, execution_id: str) -> list[dict[str, Any]]:
        """The first results of an execution that still runs."""
        async with asyncio.timeout(PATIENCE):
            while not (items := await self.items(f"s1/{execution_id}")):  # noqa: ASYNC110 (as in `until`)
                await asyncio.sleep(0.01)
        return items

    async def end(self, execution_id: str, suite_id: str = "s1") -> "SuiteEnd":
        """What is owed for an execution besides its log, once it has ended."""
        job_id = f"{suite_id}/{execution_id}"
        async with asyncio.timeout(PATIENCE):
            while True:
                items = await self.items(job_id)
                if items and "status" in items[-1]:
                    return SuiteEnd(items)
                await asyncio.sleep(0.002)

    async def record(self, job_id: str) -> JobRecord:
        """The journal's record of a job."""
        record = await self.deps.store.find(TARGET, job_id)
        assert record is not None
        return record

    async def result(self, job_id: str) -> dict[str, Any]:
        """The body of the one result of a job, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while True:
                items = await self.items(job_id)
                if items:
                    assert len(items) == 1
                    return items[0]
                await asyncio.sleep(0.002)

    async def items(self, job_id: str) -> list[dict[str, Any]]:
        """The bodies of what is owed for a job besides its log."""
        bodies = []
        for record, items in await self.deps.store.undelivered():
            for item in items if record.job_id == job_id else ():
                stored = await self.deps.store.item(item.seq)
                assert stored is not None
                assert stored.body is not None
                bodies.append(stored.body)
        return bodies

    def log_lines(self, job_id: str) -> list[str]:
        """A job's log: kind and text of each line."""
        path = self.work_dir.task_logs / f"{job_id}.log"
        return [line[25:] for line in path.read_text(encoding="utf-8").splitlines()]

    async def idle(self) -> None:
        """Wait until no job is left."""
        await self.until(lambda: not self.dispatcher.busy)


class SuiteEnd:
    """What the platform will be told about one execution, in order."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.completion = items[-1]
        self.phrase = str(items[-2]["text"])
        self.results = [item for item in items if "case_id" in item]

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Case and result of each report, in order."""
        return [(str(item["case_id"]), str(item["result"])) for item in self.results]

    @property
    def status(self) -> str:
        """The completion's."""
        return str(self.completion["status"])


@asynccontextmanager
async def open_room(
    home: Path,
    *,
    max_concurrent: int = 1,
    limits: JobLimits = LIMITS,
    started: bool = True,
    **more: Any,
) -> AsyncIterator[Room]:
    """A room in `home`; at its end everything is stopped in order. `more`: fields of JobDeps."""
    worker = Worker()
    worker.start()
    store = await Store.open(home / "journal.db", worker)
    outbox = Outbox(store, worker, encode, lambda _problem: None)
    await outbox.load()
    remarks: list[Remark] = []
    answers: list[OwedItem] = []
    deps = JobDeps(
        store=store,
        outbox=outbox,
        worker=worker,
        limits=limits,
        remark=lambda *remark: remarks.append(remark),
        answer=answers.append,
        on_change=lambda: None,
        clock=time.time,
        encodings=("gb18030",),
        **more,
    )
    room = Room(Dispatcher(deps, max_concurrent), deps, WorkDir(home / "work"), remarks)
    room.answers = answers
    try:
        async with asyncio.TaskGroup() as tasks:
            if started:
                tasks.create_task(room.dispatcher.run(), name="dispatcher")
                await asyncio.sleep(0)  # until it has its own task group
            yield room
            await room.dispatcher.stop(grace=0.0)
    finally:
        await store.close()
        await worker.stop()


@pytest.fixture(autouse=True)
async def _children() -> None:
    """What the agent does once before its first child."""
    prepare_process()
    install_child_watcher()
