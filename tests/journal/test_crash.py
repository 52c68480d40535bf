"""The journal after the agent was killed at any moment."""

import asyncio
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from app.journal.joblog import JobLog, mend_tail
from app.journal.lines import split_runs
from app.journal.store import Store
from app.journal.worker import Worker
from tests.journal.kit import HERE

WRITER = """
import asyncio, sys, time
from pathlib import Path
from app.journal.joblog import JobLog
from app.journal.lines import Kind, LineWriter
from app.journal.records import Finish
from app.journal.store import Store
from app.journal.worker import Worker
from app.state import JobState
from tests.journal.kit import new_job, result

def tell(*words):
    print(*words, flush=True)

async def lane(store, worker, folder, lane):
    for number in range(10_000):
        job_id = f"{lane}-{number}"
        record = await store.accept(new_job(folder, job_id))
        tell("accepted", job_id)
        log, writer = await worker.submit(JobLog.create_here, worker, record.log), LineWriter()
        await store.starting(record.key)
        for line in range(20):
            length = await log.append(writer.write(f"line {line} é漢🎉", Kind.OUT, time.time()))
            length = await log.append(writer.write("!\\n", Kind.OUT, time.time()))
            tell("line", job_id, length)
        await store.finish(
            record.key, Finish(JobState.SUCCEEDED, length, [result(job_id)], time.time())
        )
        tell("finished", job_id, length)
        await log.close()

async def main(folder):
    worker = Worker()
    worker.start()
    store = await Store.open(folder / "journal.db", worker)
    tell("ready")
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(lane(store, worker, folder, number))

asyncio.run(main(Path(sys.argv[1])))
"""


def told_until_killed(folder: Path, wait: float) -> list[list[str]]:
    """Kill a writing child after `wait` seconds of work; return what it had promised."""
    argv = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().rstrip() == b"ready"
        with suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=wait)
        child.kill()
        output, _nothing = child.communicate()
    whole, _newline, _torn = output.decode().rpartition("\n")
    return [line.split() for line in whole.splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("trial", range(12))
async def test_a_killed_agent_has_kept_every_promise(tmp_path: Path, trial: int) -> None:
    """What was answered before kill -9 is there: jobs, lines, ends; logs can be mended."""
    wait = random.Random(trial).uniform(0.0, 0.4)  # noqa: S311 (a moment, no secret)
    told = await asyncio.to_thread(told_until_killed, tmp_path, wait)
    worker = Worker()
    worker.start()
    store = await Store.open(tmp_path / "journal.db", worker)
    assert store.moved_aside is None
    owing = {record.job_id: (record, items) for record, items in await store.undelivered()}
    for what, job_id, *numbers in told:
        record, items = owing[job_id]
        match what:
            case "line":
                assert record.log.stat().st_size >= int(numbers[0])
            case "finished":
                assert (record.log_end, len(items)) == (int(numbers[0]), 1)
            case _:
                assert record.target == HERE
    for record in await store.unfinished():
        await whole_log(worker, record.log)
    await store.close()
    await worker.stop()


async def whole_log(worker: Worker, path: Path) -> None:
    """Mend a log; every line of it but the last is whole."""
    if not path.exists():
        return
    mend_tail(path)
    log = await JobLog.reopen(worker, path)
    assert log.length == path.stat().st_size
    await log.close()
    runs = split_runs(path.read_bytes(), None)
    lines = [line for run in runs for line in run.text.split("\n")]
    assert lines[:-1] == [f"line {number} é漢🎉!" for number in range(len(lines) - 1)]
