"""Tests of app.jobs.dispatcher, with real children and a real journal."""

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest

from app.errors import JournalError, WorkDirError
from app.jobs import dispatcher
from app.jobs.deps import JobLimits
from app.jobs.order import task_named
from app.journal.records import Target
from app.protocol.messages import Level
from app.state import JobState
from tests.integration.scripts import DEAF, command
from tests.jobs.conftest import TARGET, open_room

KILLED = -1 if os.name == "nt" else -9  # exit codes of a job
pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def test_jobs_run_in_order_and_the_waiting_ones_say_so(tmp_path: Path) -> None:
    """With one place the others wait, first in, first out; each says its place in its log."""
    async with open_room(tmp_path) as room:
        order = tmp_path / "order"
        rest = command(tmp_path, "time.sleep(0.05)")
        for name in "abc":
            await room.assign(name, f"{rest}\necho {name}>>{order}")
        assert [view.job_id for view in room.dispatcher.views()] == ["a", "b", "c"]
        assert [view.state for view in room.dispatcher.views()][1:] == [JobState.QUEUED] * 2
        assert room.log_lines("c") == ["*Waiting for a free place, number 2 in the queue."]
        await room.idle()
        assert order.read_text(encoding="utf-8") == "a\nb\nc\n"
        assert room.log_lines("c")[1].startswith("*Task started: ")
        for name in "abc":
            assert (await room.result(name))["status"] == "success"


async def test_an_agent_that_ends_right_after_a_job_closes_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between a result and the closing may be the agent's last."""
    monkeypatch.setattr(dispatcher, "CLOSE_AFTER", 60.0)
    async with open_room(tmp_path, started=False) as room, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(room.dispatcher.run(), name="dispatcher")
        await asyncio.sleep(0)
        await room.assign("a", "true")
        await room.idle()
        opened = [Path(file.path).name for file in psutil.Process().open_files()]
        assert "a.log" in opened
        running.cancel()
        await asyncio.wait([running])
        left = [Path(file.path).name for file in psutil.Process().open_files()]
        assert "a.log" not in left


async def test_so_many_run_at_once(tmp_path: Path) -> None:
    """As many as allowed run side by side, no more."""
    async with open_room(tmp_path, max_concurrent=2) as room:
        for number in range(3):
            await room.assign(f"t{number}", "echo; exec sleep 60")
        await room.until(
            lambda: (
                [view.state for view in room.dispatcher.views()]
                == [JobState.RUNNING, JobState.RUNNING, JobState.QUEUED]
            )
        )
        await room.cancel("t0")
        await room.until(lambda: room.dispatcher.views()[-1].state is JobState.RUNNING)


PAUSED = "*This computer is paused; the task starts when it is resumed."


async def test_a_pause_lets_running_jobs_end_and_starts_nothing(tmp_path: Path) -> None:
    """What waited and what comes say so in their logs; afterwards all run in order."""
    gate, order = tmp_path / "gate", tmp_path / "order"
    async with open_room(tmp_path) as room:
        wait = command(tmp_path, f"wait({str(gate)!r})")
        await room.assign("a", f"{wait}\necho a>>{order}")
        await room.assign("b", f"echo b>>{order}")
        room.dispatcher.pause()
        assert (room.dispatcher.busy, room.dispatcher.running) == (True, True)
        await room.dispatcher.tell_waiting()
        await room.assign("c", f"echo c>>{order}")
        gate.touch()
        assert (await room.result("a"))["status"] == "success"
        assert (room.dispatcher.busy, room.dispatcher.running) == (True, False)
        assert [view.state for view in room.dispatcher.views()] == [JobState.QUEUED] * 2
        assert room.log_lines("b") == ["*Waiting for a free place, number 1 in the queue.", PAUSED]
        assert room.log_lines("c") == [PAUSED]
        room.dispatcher.resume()
        await room.dispatcher.tell_waiting()
        await room.idle()
        assert order.read_text(encoding="utf-8").split() == ["a", "b", "c"]
        assert room.log_lines("c")[1] == "*Waiting for a free place, number 1 in the queue."
        for name in "bc":
            assert (await room.result(name))["status"] == "success"


async def test_cancel_in_a_pause(tmp_path: Path) -> None:
    """A job that waits for the end of the pause can be cancelled; the agent can end."""
    async with open_room(tmp_path) as room:
        room.dispatcher.pause()
        await room.assign("a", ["true"])
        await room.assign("b", ["true"])
        assert await room.dispatcher.cancel_here("a")
        assert (await room.result("a"))["error"] == "cancelled"
        await room.dispatcher.stop(0.0)
        assert "was not run" in (await room.result("b"))["error"]


async def test_a_log_that_cannot_say_that_its_job_waits(tmp_path: Path) -> None:
    """The others say it, and the job runs all the same."""
    async with open_room(tmp_path) as room:
        room.dispatcher.pause()
        await room.assign("a", ["true"])
        await room.assign("b", ["true"])
        path = (await room.record("a")).log
        path.unlink()
        path.mkdir()
        await room.dispatcher.tell_waiting()
        assert room.log_lines("b") == [PAUSED, PAUSED]
        path.rmdir()
        room.dispatcher.resume()
        assert (await room.result("b"))["status"] == "success"


async def test_cancelled_at_this_computer(tmp_path: Path) -> None:
    """On the wire as if the platform had done it; the job's log says who did."""
    async with open_room(tmp_path) as room:
        await room.assign("a", "echo; exec sleep 60")
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        assert await room.dispatcher.cancel_here("a")
        assert not await room.dispatcher.cancel_here("a")
        assert (await room.result("a"))["error"] == "cancelled"
        assert any("cancelled at this computer" in line for line in room.log_lines("a"))
        await room.idle()
        assert not await room.dispatcher.cancel_here("a")
        assert room.remarks == []


async def test_views_say_what_people_call_a_job(tmp_path: Path) -> None:
    """Kind, the command's first line without secrets, and when it was accepted."""
    async with open_room(tmp_path) as room:
        secret = (("API_TOKEN", "s3cret-s3cret"),)
        await room.assign("a", "echo s3cret-s3cret\nexec sleep 60", env_vars=secret)
        await room.assign("b", ["a list", "x"])
        await room.suite("e1", "pytest -q")
        views = room.dispatcher.views()
        assert [view.title for view in views] == ["echo ***…", "a list x", "pytest -q"]
        assert [view.kind for view in views] == ["task", "task", "suite"]
        assert all(0 < view.accepted_at <= time.time() for view in views)


async def test_the_queue_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is answered with an error; there is room again later."""
    monkeypatch.setattr(dispatcher, "QUEUE_LIMIT", 1)
    async with open_room(tmp_path) as room:
        await room.assign("runs", ["sleep", "60"])
        await room.assign("waits", ["true"])
        await room.assign("too-many", ["true"])
        assert "Too many tasks" in (await room.result("too-many"))["error"]
        await room.cancel("runs")
        await room.result("waits")
        await room.idle()
        await room.assign("fits", ["true"])
        assert (await room.result("fits"))["status"] == "success"


async def test_jobs_wait_for_the_dispatcher(tmp_path: Path) -> None:
    """What comes before `run` is accepted and started by it."""
    async with open_room(tmp_path, started=False) as room, asyncio.TaskGroup() as tasks:
        await room.assign("t1", ["true"])
        assert [view.state for view in room.dispatcher.views()] == [JobState.QUEUED]
        tasks.create_task(room.dispatcher.run(), name="dispatcher")
        assert (await room.result("t1"))["status"] == "success"
        await room.dispatcher.stop(0)


async def test_a_running_job_is_cancelled(tmp_path: Path) -> None:
    """Asked with SIGTERM it ends; its one result says so."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["sleep", "60"])
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        await room.cancel("t1")
        await room.cancel("t1")
        result = await room.result("t1")
        assert (result["status"], result["error"]) == ("error", "cancelled")
        assert result["exit_code"] == -15
        assert (await room.record("t1")).state is JobState.CANCELLED
        assert room.log_lines("t1")[-2].startswith("?The platform cancelled it. Ending: ")
        assert len(room.remarks) == 1


async def test_a_job_that_is_just_starting_is_cancelled(tmp_path: Path) -> None:
    """A cancel right behind the assignment is not lost."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["sleep", "60"])
        await room.cancel("t1")
        assert (await room.result("t1"))["error"] == "cancelled"
        await room.idle()


async def test_a_queued_job_is_cancelled_at_once(tmp_path: Path) -> None:
    """It never runs; its log and its result say so, and the next one moves up."""
    async with open_room(tmp_path) as room:
        await room.assign("first", ["sleep", "60"])
        await room.assign("second", ["touch", str(tmp_path / "ran")])
        await room.assign("third", ["true"])
        await room.cancel("second")
        result = await room.result("second")
        assert (result["status"], result["exit_code"]) == ("error", -1)
        assert result["error"] == "cancelled"
        assert room.log_lines("second")[1:] == [
            "?Task ended: error, exit code -1, 0.000 s. cancelled"
        ]
        assert [view.job_id for view in room.dispatcher.views()] == ["first", "third"]
        await room.cancel("first")
        assert (await room.result("third"))["status"] == "success"
        assert not (tmp_path / "ran").exists()


async def test_nothing_to_cancel(tmp_path: Path) -> None:
    """A finished or unknown id gets a clear remark and no second result."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["true"])
        await room.result("t1")
        await room.idle()
        await room.cancel("t1")
        await room.cancel("who")
        assert len(await room.items("t1")) == 1
        assert await room.items("who") == []
        assert room.remarks == [
            ("t1", Level.WARNING, "Nothing to cancel: task t1 has ended as: succeeded."),
            ("who", Level.WARNING, "Nothing to cancel: task who is not known here."),
        ]


async def test_a_job_of_another_environment_is_not_cancelled(tmp_path: Path) -> None:
    """Ids belong to their target."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["sleep", "60"])
        await room.cancel("t1", Target("ws://other", "env-1"))
        assert room.dispatcher.busy
        assert "not known here" in room.remarks[0][2]


async def test_a_duplicate_is_not_run_twice(tmp_path: Path) -> None:
    """Neither while the first one runs, nor when it has ended; a remark says where it stands."""
    async with open_room(tmp_path, max_concurrent=2) as room:
        runs = tmp_path / "runs"
        text = f"echo x>>{runs}\n{command(tmp_path, 'time.sleep(0.1)')}"
        await room.assign("t1", text)
        await room.assign("t1", text)
        await room.idle()
        await room.assign("t1", text)
        await room.idle()
        assert runs.read_text(encoding="utf-8") == "x\n"
        assert len(await room.items("t1")) == 1
        running, ended = (text for _job_id, _level, text in room.remarks)
        assert running == "Not run a second time: task t1 has not ended, it is: running."
        assert ended == "Not run a second time: task t1 has ended as: succeeded."


async def test_ids_that_differ_in_case_only(tmp_path: Path) -> None:
    """Each has its own folder and log, on every file system."""
    async with open_room(tmp_path) as room:
        await room.assign("job", "echo lower")
        await room.assign("JOB", "echo upper")
        assert (await room.result("job"))["output"] == "lower"
        assert (await room.result("JOB"))["output"] == "upper"
        assert (await room.record("job")).name.lower() != (await room.record("JOB")).name.lower()


async def test_a_bad_job_is_answered(tmp_path: Path) -> None:
    """What cannot be run as it is gets a durable result with the reason, once."""
    async with open_room(tmp_path) as room:
        await room.dispatcher.refuse(task_named("t1"), "command: expected text", TARGET)
        result = await room.result("t1")
        assert (result["status"], result["error"]) == ("error", "command: expected text")
        await room.idle()
        await room.dispatcher.refuse(task_named("t1"), "command: expected text", TARGET)
        assert len(await room.items("t1")) == 1
        assert "Not run a second time" in room.remarks[0][2]


async def test_without_a_work_dir_every_job_is_answered(tmp_path: Path) -> None:
    """The result names path and cause; a good folder later makes it work."""
    async with open_room(tmp_path) as room:
        good = room.work_dir
        room.dispatcher.use_work_dir(WorkDirError(Path("/no/such"), "Permission denied"))
        await room.assign("t1", "exit 0")
        result = await room.result("t1")
        assert result["status"] == "error"
        assert str(Path("/no/such")) in result["error"]
        assert "Permission denied" in result["error"]
        room.dispatcher.use_work_dir(good)
        await room.assign("t2", "exit 0")
        assert (await room.result("t2"))["status"] == "success"


async def test_a_journal_that_cannot_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that cannot be remembered is not run, and the platform hears why."""

    async def full(_job: object, _then: object, _undo: object) -> None:
        raise JournalError("The disk is full.")

    async with open_room(tmp_path) as room:
        with monkeypatch.context() as patch:
            patch.setattr(room.deps.store, "accept_and", full)
            await room.assign("t1", ["true"])
        assert not room.dispatcher.busy
        assert room.remarks == [("t1", Level.ERROR, "Task not accepted: The disk is full.")]
        assert [answer.body["status"] for answer in room.answers] == ["error"]
        await room.assign("t1", ["true"])
        assert (await room.result("t1"))["status"] == "success"


async def test_stop_ends_everything(tmp_path: Path) -> None:
    """Running and waiting jobs are interrupted with a result each; new ones are refused."""
    async with open_room(tmp_path) as room:
        await room.assign("running", ["sleep", "60"])
        await room.assign("waiting", ["true"])
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        await room.dispatcher.stop(5)
        assert not room.dispatcher.busy
        result = await room.result("running")
        assert (result["status"], result["exit_code"]) == ("error", -15)
        assert "agent was stopped while" in result["error"]
        assert "not run" in (await room.result("waiting"))["error"]
        await room.assign("late", ["true"])
        assert "not run" in (await room.result("late"))["error"]
        for job_id in ("running", "waiting", "late"):
            assert (await room.record(job_id)).state is JobState.INTERRUPTED


async def test_a_second_stop_hurries(tmp_path: Path) -> None:
    """A stop with a shorter grace ends the grace of the first one."""
    limits = JobLimits(task_timeout=60, grace=60)
    ignore = DEAF + "print('ready', flush=True)\ntime.sleep(60)"
    async with open_room(tmp_path, limits=limits) as room, asyncio.TaskGroup() as tasks:
        await room.python("t1", ignore)
        path = room.work_dir.task_logs / "t1.log"
        await room.until(lambda: path.exists() and b"] ready" in path.read_bytes())
        tasks.create_task(room.dispatcher.stop(60), name="first stop")
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.STOPPING)
        began = time.monotonic()
        await room.dispatcher.stop(0)
        assert time.monotonic() - began < 10
        assert (await room.result("t1"))["exit_code"] == KILLED


async def test_many_at_once(tmp_path: Path) -> None:
    """A burst of messages is dealt with in order, each job once."""
    async with open_room(tmp_path, max_concurrent=8) as room:
        jobs = (room.assign(f"t{number}", f"echo {number}") for number in range(40))
        await asyncio.gather(*jobs)
        await room.idle()
        for number in range(40):
            assert (await room.result(f"t{number}"))["output"] == f"{number}"
