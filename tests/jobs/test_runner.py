"""Tests of app.jobs.runner, with real children and a real journal."""

import asyncio
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.errors import JournalError
from app.jobs import bench
from app.jobs.deps import JobLimits
from app.jobs.excerpt import OUTPUT_LIMIT
from app.journal.joblog import JobLog
from app.state import JobState
from tests.integration.scripts import command
from tests.jobs.conftest import open_room

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ENDED = "*Task ended: success, exit code 0, "


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_a_program_that_succeeds(tmp_path: Path) -> None:
    """Its output is in the log, between the agent's remarks, and in the result."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["sh", "-c", "echo out; sleep 0.05; echo err >&2"])
        result = await room.result("t1")
        assert (result["status"], result["exit_code"], result["error"]) == ("success", 0, "")
        assert result["output"] == "out\nerr"
        assert 0.05 <= result["duration"] < 5
        assert abs(result["at"] - time.time()) < 5
        lines = room.log_lines("t1")
        assert lines[:4] == [
            "*Task started: sh -c echo out; sleep 0.05; echo err >&2",
            f"*Work dir: {room.work_dir.tasks / 't1'}",
            " out",
            "!err",
        ]
        assert lines[4].startswith(ENDED)
        record = await room.record("t1")
        assert record.state is JobState.SUCCEEDED
        assert record.log_end == record.log.stat().st_size


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [("exit 3", 3, "exit code 3"), ("kill -SEGV $$", -signal.SIGSEGV, "SIGSEGV")],
)
async def test_a_program_that_fails(tmp_path: Path, command: str, code: int, error: str) -> None:
    """Exit code or negative signal number, and a sentence that names it."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", command)
        result = await room.result("t1")
        assert (result["status"], result["exit_code"]) == ("failed", code)
        assert error in result["error"]
        assert room.log_lines("t1")[-1].startswith(f"?Task ended: failed, exit code {code}, ")


async def test_every_line_of_a_shell_text_runs(tmp_path: Path) -> None:
    """The text goes to the shell whole and the last exit status counts."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", "false\necho 'two  words' | tr o 0\n(exit 7)\n")
        result = await room.result("t1")
        assert (result["output"], result["exit_code"]) == ("tw0  w0rds", 7)


async def test_a_last_line_without_an_end_is_output_too(tmp_path: Path) -> None:
    """Nothing that was printed is missing in the result."""
    async with open_room(tmp_path) as room:
        await room.python("t1", "import sys; sys.stdout.write('x\\nabc')")
        assert (await room.result("t1"))["output"] == "x\nabc"


async def test_a_list_runs_without_a_shell(tmp_path: Path) -> None:
    """Nothing in the arguments is special."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["echo", "$HOME; `id` *", "a  b"])
        assert (await room.result("t1"))["output"] == "$HOME; `id` * a  b"


async def test_the_environment_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's variables are over ours; the agent's own secrets are not there."""
    monkeypatch.setenv("ATS_AGENT_TOKEN", "secret")
    monkeypatch.setenv("FROM_OUTSIDE", "kept")
    monkeypatch.setenv("OVERRIDDEN", "outside")
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["env"], env_vars=(("OVERRIDDEN", "job"), ("MORE", "a=b c")))
        lines = (await room.result("t1"))["output"].splitlines()
        assert {"FROM_OUTSIDE=kept", "OVERRIDDEN=job", "MORE=a=b c"} <= set(lines)
        assert not any("secret" in line or line.startswith("ATS_AGENT_TOKEN") for line in lines)


@pytest.mark.parametrize(
    ("command", "more", "hint"),
    [
        (["/no/such/program"], {}, "/no/such/program"),
        (["x\0y"], {}, ""),
        (["\ud800"], {}, ""),
        ("echo \ud800", {}, ""),
        (["true"], {"env_vars": (("A=B", "x"),)}, "A=B"),
        (["true"], {"env_vars": (("A", "x\0"),)}, "A"),
        (["true"], {"work_dir": "/no/such/folder"}, "/no/such/folder"),
        ([], {}, "empty"),
    ],
)
async def test_a_job_that_cannot_start(
    tmp_path: Path, command: str | list[str], more: dict[str, Any], hint: str
) -> None:
    """It ends as `error` with the reason, and the next one runs."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", command, **more)
        result = await room.result("t1")
        assert (result["status"], result["exit_code"]) == ("error", -1)
        assert hint in result["error"]
        assert result["error"]
        await room.assign("t2", ["true"])
        assert (await room.result("t2"))["status"] == "success"


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""


async def test_a_timeout_ends_the_whole_tree(tmp_path: Path) -> None:
    """Also what has its own session and ignores the question; the log names it before."""
    async with open_room(tmp_path) as room:
        await room.python("t1", STUBBORN, timeout=0.7)
        began = time.monotonic()
        result = await room.result("t1")
        assert time.monotonic() - began < 3
        assert (result["status"], result["exit_code"]) == ("timeout", -1)
        assert "timeout of 0.7 s" in result["error"]
        pids = [int(word) for word in result["output"].split()]
        assert len(pids) == 2
        assert not any(map(alive, pids))
        lines = room.log_lines("t1")
        at = lines.index("?It ran into its timeout of 0.7 s. Ending:")
        assert lines[at + 1].startswith(f"?  {pids[0]} {sys.executable} -c ")
        assert lines[at + 2].startswith(f"?    {pids[1]} {sys.executable} -c import signal")


BUSY = """
import time
for number in range(8):
    print(number, flush=True)
    time.sleep(0.3)
"""


async def test_a_job_that_prints_nothing_is_ended(tmp_path: Path) -> None:
    """With an idle limit silence ends it; what keeps printing may go on."""
    limits = JobLimits(task_timeout=60.0, grace=0.3, idle_timeout=2.0)
    async with open_room(tmp_path, limits=limits, max_concurrent=2) as room:
        await room.python("quiet", "import time; print('once', flush=True); time.sleep(60)")
        await room.python("busy", BUSY)
        result = await room.result("quiet")
        assert (result["status"], result["output"]) == ("timeout", "once")
        assert result["error"] == "It printed nothing for 2 s (task.idle_timeout)."
        assert 2 <= result["duration"] < 5
        assert (await room.result("busy"))["status"] == "success"


async def test_a_background_process_does_not_hold_the_job(tmp_path: Path) -> None:
    """The pipes it holds are read for half a second, then it is ended and named."""
    async with open_room(tmp_path) as room:
        began = time.monotonic()
        await room.assign("t1", "sleep 61 &\necho $!")
        result = await room.result("t1")
        assert 0.5 <= time.monotonic() - began < 5
        assert (result["status"], result["exit_code"]) == ("success", 0)
        assert not alive(int(result["output"]))
        line = room.log_lines("t1")[-2]
        assert line.startswith("?Left behind, now ended: sleep 61 (pid ")


async def test_a_silent_leftover_is_ended_at_once(tmp_path: Path) -> None:
    """A leftover that holds no pipe costs no wait."""
    limits = JobLimits(task_timeout=60.0, held_pipes=20.0)
    async with open_room(tmp_path, limits=limits) as room:
        began = time.monotonic()
        await room.assign("t1", "setsid sleep 62 >/dev/null 2>&1 &\nsleep 0.1")
        assert (await room.result("t1"))["status"] == "success"
        assert time.monotonic() - began < 10
        assert "now ended: sleep 62" in room.log_lines("t1")[-2]


async def test_a_line_in_the_consoles_code_page(tmp_path: Path) -> None:
    """GBK output becomes text, beside UTF-8."""
    code = "import os; os.write(1, '中文\\n'.encode('gbk') + '中文 é\\n'.encode())"
    async with open_room(tmp_path) as room:
        await room.python("t1", code)
        assert (await room.result("t1"))["output"] == "中文\n中文 é"


async def test_a_prompt_is_logged_before_its_line_ends(tmp_path: Path) -> None:
    """A partial line does not wait for its end."""
    code = "import sys, time; sys.stdout.write('Name: '); sys.stdout.flush(); time.sleep(60)"
    async with open_room(tmp_path) as room:
        await room.python("t1", code)
        path = room.work_dir.task_logs / "t1.log"
        await room.until(lambda: path.exists() and path.read_bytes().endswith(b" Name: "))


async def test_the_output_field_is_bounded(tmp_path: Path) -> None:
    """Head and tail of a long output, and the log whole."""
    async with open_room(tmp_path) as room:
        await room.python("t1", "for n in range(100_000): print('line', n)")
        output = (await room.result("t1"))["output"]
        assert len(output.encode()) <= OUTPUT_LIMIT
        assert output.startswith("line 0\n")
        assert output.endswith("line 99999")
        assert " bytes left out …\n" in output
        assert room.log_lines("t1")[2:-1] == [f" line {number}" for number in range(100_000)]


async def test_a_line_of_50_megabytes(tmp_path: Path) -> None:
    """A line of any length arrives whole."""
    async with open_room(tmp_path) as room:
        await room.python("t1", "import sys; sys.stdout.write('0123456789' * 5_000_000)")
        assert (await room.result("t1"))["status"] == "success"
        lines = room.log_lines("t1")
        assert len(lines) == 4
        assert lines[2] == " " + "0123456789" * 5_000_000


@pytest.mark.parametrize(
    "job_id", ["../../etc/passwd", "..", "con", "a/b", "x" * 500, "é\n测", "-"]
)
async def test_a_hostile_id(tmp_path: Path, job_id: str) -> None:
    """An id never leads out of the work dir."""
    async with open_room(tmp_path) as room:
        before = set(tmp_path.rglob("*"))
        await room.python(job_id, "open('here', 'x').close()")
        assert (await room.result(job_id))["status"] == "success"
        made = set(tmp_path.rglob("*")) - before
        inside = [path for path in made if path.is_relative_to(room.work_dir.root)]
        assert [path.name for path in inside if path.parent.parent == room.work_dir.tasks] == [
            "here"
        ]
        assert all(path.name.startswith("journal.db") for path in made - set(inside))


async def test_a_full_disk_does_not_end_a_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the log did not take is counted and named in it once there is room again."""
    real = JobLog._append
    full = True

    def append(joblog: JobLog, data: bytes) -> int:
        if full and b"] lost" in data:
            raise OSError(28, "No space left on device")
        return real(joblog, data)

    monkeypatch.setattr(JobLog, "_append", append)
    async with open_room(tmp_path) as room:
        rest = command(tmp_path, "time.sleep(0.2)")
        await room.assign("t1", f"echo kept\n{rest}\necho lost\n{rest}\necho again")
        result = await room.result("t1")
        assert result["status"] == "success"
        assert result["output"] == "kept\nlost\nagain"
        lines = room.log_lines("t1")
        assert lines[2] == " kept"
        assert lines[3].startswith("?5 bytes of output are missing here: ")
        assert "No space left" in lines[3]
        assert lines[4] == " again"


async def test_a_log_that_cannot_be_made(tmp_path: Path) -> None:
    """Without its log a job does not run: the result says why."""
    async with open_room(tmp_path) as room:
        room.work_dir.task_logs.rmdir()
        room.work_dir.task_logs.touch()
        await room.assign("t1", "echo never >/dev/null")
        result = await room.result("t1")
        assert result["status"] == "error"
        assert "logs" in result["error"]


async def test_a_bug_ends_one_job_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure inside the agent is that job's error, with the traceback in agent.log."""

    def broken(*_args: object) -> None:
        raise ZeroDivisionError("a bug")

    async with open_room(tmp_path) as room:
        with monkeypatch.context() as patch:
            patch.setattr(bench, "clean_environment", broken)
            await room.assign("t1", ["true"])
            result = await room.result("t1")
        assert result["status"] == "error"
        assert "a bug" in result["error"]
        assert "Traceback" in caplog.text
        await room.assign("t2", ["true"])
        assert (await room.result("t2"))["status"] == "success"


async def test_the_result_waits_for_a_journal_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that cannot be stored is offered again; nothing is forgotten."""
    async with open_room(tmp_path) as room:
        real = room.deps.store.finish
        tries = []

        async def finish(*args: Any) -> Any:
            tries.append(args)
            if len(tries) == 1:
                raise JournalError("full")
            return await real(*args)

        monkeypatch.setattr(room.deps.store, "finish", finish)
        monkeypatch.setattr("app.jobs.ending.RETRY_AFTER", 0.01)
        await room.assign("t1", ["true"])
        assert (await room.result("t1"))["status"] == "success"
        assert len(tries) == 2


async def test_a_flood_is_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk slower than the child pauses the child's pipes, and loses nothing."""
    real = JobLog._append

    def slow(joblog: JobLog, data: bytes) -> int:
        time.sleep(0.02)
        assert len(data) < 2 * 2**20
        return real(joblog, data)

    monkeypatch.setattr(JobLog, "_append", slow)
    async with open_room(tmp_path) as room:
        await room.assign(
            "t1",
            f"{shlex.quote(sys.executable)} -c \"print(('x' * 79 + '\\n') * 200_000, end='')\"",
        )
        assert (await room.result("t1"))["status"] == "success"
        assert room.log_lines("t1").count(" " + "x" * 79) == 200_000


async def test_a_stdin_that_is_read_is_empty(tmp_path: Path) -> None:
    """A program that asks gets the end of the file, not the agent's terminal."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["cat"])
        assert (await room.result("t1"))["status"] == "success"


def job_tasks() -> list[str]:
    """The names of the jobs' asyncio tasks."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("job ")]


async def test_jobs_leave_no_descriptors(tmp_path: Path) -> None:
    """Pipes, log and process handles are closed when a job has ended."""
    async with open_room(tmp_path) as room:
        await room.assign("warm-up", ["true"])
        await room.until(lambda: not job_tasks())
        before = set(Path("/proc/self/fd").iterdir())
        for number in range(5):
            await room.assign(f"t{number}", ["true"])
        await room.until(lambda: not job_tasks())
        assert set(Path("/proc/self/fd").iterdir()) == before


async def test_a_task_timeout_by_default(tmp_path: Path) -> None:
    """A job that names no timeout gets the configured one."""
    async with open_room(tmp_path, limits=JobLimits(task_timeout=0.2, grace=0.3)) as room:
        await room.assign("t1", ["sleep", "60"])
        assert (await room.result("t1"))["status"] == "timeout"


@pytest.mark.parametrize("broken", [b"out", b"Task ended"])
async def test_a_bug_in_writing_the_log_ends_one_job_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bytes
) -> None:
    """The job's result comes all the same, an error unless it was stored before the bug."""
    real = JobLog._append

    def append(joblog: JobLog, data: bytes) -> int:
        if joblog.path.stem == "t1" and broken in data:
            raise RuntimeError("a bug")
        return real(joblog, data)

    monkeypatch.setattr(JobLog, "_append", append)
    async with open_room(tmp_path) as room:
        await room.assign("t1", "echo out; sleep 0.05; echo out")
        result = await room.result("t1")
        if broken == b"out":
            assert (result["status"], "a bug" in result["error"]) == ("error", True)
            assert "Task ended" not in "".join(room.log_lines("t1"))
        await room.idle()
        await room.assign("t2", ["true"])
        assert (await room.result("t2"))["status"] == "success"


async def test_every_result_is_owed_though_the_log_has_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that never takes anything: the outbox hears of the end, the agent goes on."""

    def append(_joblog: JobLog, _data: bytes) -> int:
        raise RuntimeError("a bug")

    async with open_room(tmp_path) as room:
        told: list[int] = []
        real = room.deps.outbox.finished

        def finished(key: int, *more: Any) -> None:
            told.append(key)
            real(key, *more)

        monkeypatch.setattr(room.deps.outbox, "finished", finished)
        with monkeypatch.context() as patch:
            patch.setattr(JobLog, "_append", append)
            await room.assign("t1", "echo out; sleep 0.05; echo more")
            assert (await room.result("t1"))["status"] == "error"
            await room.idle()
        assert told == [(await room.record("t1")).key]
        await room.assign("t2", ["true"])
        assert (await room.result("t2"))["status"] == "success"


async def test_a_script_goes_with_its_job(tmp_path: Path) -> None:
    """A text too long for an argument leaves no file behind: it may hold secrets."""
    async with open_room(tmp_path) as room:
        await room.assign("t1", f"ls\n# {'x' * 150_000}")
        result = await room.result("t1")
        assert result["output"].startswith("ats command ")
        await room.until(lambda: not job_tasks())
        assert list((room.work_dir.tasks / "t1").iterdir()) == []
