"""Real children: their output, their end, and the end of everything they started."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from app.host import containment
from app.host.containment import Containment
from app.jobs.process import Child, StartError, Stream, install_child_watcher
from tests.fakes.children import (
    BARE_DAEMON,
    LEAVER,
    MANY_BARE,
    PARENT,
    RUNAWAY,
    SLEEPER,
    STUBBORN,
    alive,
    as_agent,
    living,
    pids,
    python,
    until,
    wait_until,
    without_tags,
)

WINDOWS = sys.platform == "win32"
posix = pytest.mark.skipif(WINDOWS, reason="other system: POSIX only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="other system: Linux only")
windows = pytest.mark.skipif(not WINDOWS, reason="other system: Windows only")

Output = dict[Stream, bytes]
Start = Callable[..., Coroutine[Any, Any, Child]]


@pytest.fixture
def output() -> Output:
    """What the children of a test print."""
    return {Stream.OUT: b"", Stream.ERR: b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the processes of a tree leave their pids."""
    path = tmp_path / "pids"
    path.mkdir()
    return path


@pytest.fixture
async def start(output: Output, tmp_path: Path) -> AsyncIterator[Start]:
    """Start children in a prepared process; close them in the end."""
    install_child_watcher()
    children: list[Child] = []

    def hear(stream: Stream, data: bytes) -> None:
        output[stream] += data

    async def begin(*argv: str, cwd: Path = tmp_path, **extra: str) -> Child:
        marker = containment.new_marker()
        env = containment.clean_environment(extra, marker)
        child = await Child.start(argv, cwd, env, Containment(marker), hear)
        children.append(child)
        return child

    with as_agent():
        yield begin
        for child in children:
            await child.close()


async def test_both_streams_and_the_exit_code_arrive(start: Start, output: Output) -> None:
    """Bytes come unchanged from both pipes, and the exit code is the program's."""
    code = "import os; os.write(1, b'a\\xff\\r\\n'); os.write(2, b'oops'); os._exit(7)"
    child = await start(*python(code))
    assert await child.wait() == 7
    assert await child.drain(5.0)
    assert output == {Stream.OUT: b"a\xff\r\n", Stream.ERR: b"oops"}


class FailedInsideError(OSError):
    """What Windows says when it failed inside (ERROR_INTERNAL_ERROR)."""

    winerror = 1359


@pytest.mark.parametrize("failures", [1, 2])
async def test_a_start_that_failed_inside_is_tried_once_more(
    start: Start, output: Output, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """There is no process then; what fails twice is told."""
    loop = asyncio.get_running_loop()
    really, errors = loop.subprocess_exec, [FailedInsideError()] * failures

    async def spawn(*words: Any, **options: Any) -> Any:
        if errors:
            raise errors.pop()
        return await really(*words, **options)

    monkeypatch.setattr(loop, "subprocess_exec", spawn)
    if failures > 1:
        with pytest.raises(StartError):
            await start(*python("print('on')"))
        return
    child = await start(*python("print('on')"))
    assert await child.wait() == 0
    assert await child.drain(5)
    assert output[Stream.OUT].split() == [b"on"]


async def test_environment_and_folder_are_as_asked(
    start: Start, output: Output, tmp_path: Path
) -> None:
    """The child sees its variables and runs in its folder."""
    code = "import os; print(os.environ['GREETING'], os.getcwd(), end='')"
    child = await start(*python(code), GREETING="hello")
    await child.wait()
    await child.drain(5.0)
    greeting, _, place = output[Stream.OUT].decode().partition(" ")
    assert greeting == "hello"
    assert Path(place).samefile(tmp_path)


@posix
async def test_a_signal_is_a_negative_exit_code(start: Start) -> None:
    """A program that dies of a signal ends with its negative number."""
    child = await start(*python("import os; os.kill(os.getpid(), 9)"))
    assert await child.wait() == -9


async def test_many_children_at_once_keep_their_exit_codes(start: Start) -> None:
    """Collecting adopted orphans never takes another child's exit code away."""

    async def one(code: int) -> int:
        child = await start(*python(f"raise SystemExit({code})"))
        containment.reap()
        return await child.wait()

    assert await asyncio.gather(*(one(code) for code in range(12))) == list(range(12))


async def test_a_paused_child_is_read_later_in_full(start: Start, output: Output) -> None:
    """While paused at most what was under way arrives; afterwards all the rest does."""
    size = 3_000_000
    child = await start(*python(f"import sys; sys.stdout.buffer.write(b'x' * {size})"))
    child.pause_output()
    await asyncio.sleep(0.3)
    assert len(output[Stream.OUT]) <= 512 * 1024
    assert child.returncode is None
    child.resume_output()
    assert await child.wait() == 0
    assert await child.drain(5.0)
    assert len(output[Stream.OUT]) == size


async def test_what_holds_the_pipes_is_named_and_ended(start: Start, folder: Path) -> None:
    """The job ends with its main process; the child it left is ended and named."""
    child = await start(*python(LEAVER, folder, SLEEPER))
    assert await child.wait() == 0
    assert not await child.drain(0.1)
    ended = await child.end_tree(grace=0)
    assert [one.pid for one in ended] == pids(folder)
    assert "python" in ended[0].command
    assert not living(folder)
    assert await child.drain(5.0)


async def test_nothing_left_is_found_out_quickly(start: Start) -> None:
    """A clean end costs a look, not a wait."""
    child = await start(*python("pass"))
    await child.wait()
    began = time.perf_counter()
    assert await child.end_tree(grace=30.0) == []
    assert time.perf_counter() - began < 5.0


@posix
async def test_a_polite_tree_ends_within_its_grace(start: Start, tmp_path: Path) -> None:
    """The whole tree is asked first, and nothing is killed that obeys."""
    note = tmp_path / "asked"
    code = (
        "import signal, sys, time\n"
        f"def bye(*_): open({str(note)!r}, 'w').close(); sys.exit(3)\n"
        "signal.signal(signal.SIGTERM, bye); print('ready', flush=True); time.sleep(60)"
    )
    child = await start("/bin/sh", "-c", '"$0" -c "$1" | cat', sys.executable, code)
    await asyncio.sleep(0.3)
    began = time.perf_counter()
    await child.end_tree(grace=8.0)
    assert time.perf_counter() - began < 4.0
    assert note.exists()


@posix
async def test_a_stopped_process_can_be_asked(start: Start, folder: Path) -> None:
    """A process that was stopped is woken to obey, not left to the kill."""
    child = await start(*python(SLEEPER, folder))
    await until(lambda: len(pids(folder)) == 1)
    os.kill(child.pid, signal.SIGSTOP)  # type: ignore[attr-defined,unused-ignore] # POSIX only
    await child.end_tree(grace=8.0)
    assert await child.wait() == -signal.SIGTERM


@posix
async def test_daemons_that_ignore_the_request_are_killed(start: Start, folder: Path) -> None:
    """Nothing of a double-forked, setsid'ed, SIGTERM-ignoring tree outlives the kill."""
    child = await start(*python(STUBBORN, folder))
    await until(lambda: len(pids(folder)) == 3)
    began = time.perf_counter()
    ended = await child.end_tree(grace=0.2)
    assert 0.2 <= time.perf_counter() - began < 1.2
    assert not living(folder)
    assert {one.pid for one in ended} == {*pids(folder)} - {child.pid}
    assert await child.wait() == -9


async def test_a_tree_is_gone_when_its_child_is_closed(start: Start, folder: Path) -> None:
    """Closing ends parent and child at once, and may be repeated."""
    child = await start(*python(PARENT, folder, SLEEPER))
    await until(lambda: len(pids(folder)) == 2)
    await child.close()
    assert not living(folder)
    await child.close()


@posix
async def test_processes_born_during_the_kill_die_too(start: Start, folder: Path) -> None:
    """A tree that forks and changes sessions all the time is gone within a second."""
    await run_away(start, folder)


@posix
@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_no_runaway_ever_survives(start: Start, folder: Path) -> None:
    """Thirty runaway trees in a row leave nothing."""
    for _ in range(30):
        await run_away(start, folder)


async def run_away(start: Start, folder: Path) -> None:
    """Start a runaway tree, end it, and look for what carries its marker."""
    child = await start(*python(RUNAWAY, folder), RUN=folder.name)
    await until(lambda: child.pid in pids(folder))
    await asyncio.sleep(0.1)
    began = time.perf_counter()
    await child.end_tree(grace=0)
    assert time.perf_counter() - began < 1.0
    assert await child.wait() == -9
    await child.close()
    left = containment.sweep_after_crash(
        [containment.Mark(child._containment.marker, None, None, 0.0)]
    )
    assert left == []


@linux
async def test_a_bare_daemon_of_the_only_job_is_its_own(start: Start, folder: Path) -> None:
    """Without any proof an orphan is the job's when nobody else can have started it."""
    child = await start(*python(BARE_DAEMON, folder, SLEEPER))
    await child.wait()
    ended = await child.end_tree(grace=0)
    assert [one.pid for one in ended] == pids(folder)
    assert not living(folder)


@linux
async def test_a_bare_daemon_with_two_possible_parents_is_spared(
    start: Start, folder: Path, tmp_path: Path
) -> None:
    """Without tags, an orphan that another running job could have started is left alone."""
    (tmp_path / "other").mkdir()
    with without_tags():
        other = await start(*python(SLEEPER, tmp_path / "other"))
        child = await start(*python(BARE_DAEMON, folder, SLEEPER))
    await child.wait()
    assert await child.end_tree(grace=0) == []
    await child.close()
    (daemon,) = pids(folder)
    assert alive(daemon)
    assert alive(other.pid)
    os.kill(daemon, signal.SIGTERM)


@linux
async def test_what_an_earlier_job_left_takes_no_proof_away(
    start: Start, folder: Path, tmp_path: Path
) -> None:
    """A survivor of an earlier job is no possible parent of a later job's orphans."""
    (tmp_path / "old").mkdir()
    with without_tags():
        other = await start("/bin/sleep", "60")
        child = await start(*python(BARE_DAEMON, tmp_path / "old", SLEEPER))
        await child.wait()
        await child.close()
        await other.close()
        (survivor,) = living(tmp_path / "old")
        await asyncio.sleep(0.02)  # two ticks of the clock that start times are told by
        child = await start(*python(BARE_DAEMON, folder, SLEEPER))
    await child.wait()
    assert [one.pid for one in await child.end_tree(grace=0)] == pids(folder)
    assert alive(survivor)
    os.kill(survivor, signal.SIGTERM)


@linux
async def test_bare_daemons_of_eight_jobs_at_once_are_told_apart(
    start: Start, tmp_path: Path
) -> None:
    """Each job's daemon without environment, session or parent is found, none of the others'."""
    folders = [tmp_path / str(number) for number in range(8)]
    for path in folders:
        path.mkdir()
    children = [await start(*python(BARE_DAEMON, path, STUBBORN)) for path in folders]
    for child, path in zip(children, folders, strict=True):
        await child.wait()
        await until(lambda path=path: len(pids(path)) == 3)  # type: ignore[misc]
        others = {pid for other in folders[int(path.name) + 1 :] for pid in living(other)}
        assert {one.pid for one in await child.end_tree(grace=0)} == {*pids(path)}
        assert not living(path)
        assert all(alive(pid) for pid in others)


@linux
async def test_the_tag_is_worn_by_the_child_alone(start: Start, folder: Path) -> None:
    """The child has its tag before anything else runs; the agent and other jobs have not."""
    if sys.platform == "linux":
        import resource  # noqa: PLC0415 (POSIX only)

        limit = resource.RLIMIT_MSGQUEUE
        before = resource.getrlimit(limit)
        children = await asyncio.gather(*(start("/bin/sleep", "60") for _ in range(4)))
        worn = {resource.prlimit(child.pid, limit)[0] for child in children}
        assert len(worn) == 4
        assert before[0] not in worn
        assert resource.getrlimit(limit) == before


@linux
@pytest.mark.timeout(60)
@pytest.mark.slow
async def test_a_big_tree_does_not_hold_up_the_loop(start: Start, output: Output) -> None:
    """Two thousand bare orphans beside other jobs are recorded and ended in small steps."""
    others = [await start("/bin/sleep", "60") for _ in range(7)]
    child = await start(*python(MANY_BARE, "2000"))
    stalls = Stalls()
    await until(lambda: output[Stream.OUT].count(b"up") == 1, limit=40)
    await asyncio.sleep(2.5)  # notes
    ended = await child.end_tree(grace=0.5)
    stalls.end()
    assert len(ended) == 2000
    assert stalls.longest < 0.25
    assert all(other.returncode is None for other in others)


class Stalls:
    """The longest time in which the loop did not get round."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._next = self._loop.call_soon(self._look)

    def _look(self) -> None:
        now = self._loop.time()
        self.longest, self._last = max(self.longest, now - self._last - 0.001), now
        self._next = self._loop.call_later(0.001, self._look)

    def end(self) -> None:
        """Look no more."""
        self._look()
        self._next.cancel()


async def test_another_jobs_tree_is_untouched(start: Start, tmp_path: Path) -> None:
    """Ending one job leaves the processes of another one alone."""
    folders = [tmp_path / name for name in ("one", "two")]
    for path in folders:
        path.mkdir()
    one, two = [await start(*python(PARENT, path, SLEEPER)) for path in folders]
    await until(lambda: all(len(pids(path)) == 2 for path in folders))
    await one.end_tree(grace=0)
    assert not living(folders[0])
    assert len(living(folders[1])) == 2
    assert two.returncode is None


async def test_a_cancelled_start_leaves_nothing(start: Start, folder: Path) -> None:
    """Cancelling in the middle of a start ends what had been spawned."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await start(*python(SLEEPER, folder))
    await asyncio.sleep(0.2)
    assert not living(folder)


async def test_a_start_cancelled_when_there_is_a_tree_already(start: Start, folder: Path) -> None:
    """On a busy computer the program has helpers before its pipes are ours: nobody waits for them.

    asyncio ends the main process only, and then waits until the helper has let go of the pipes.
    """
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        starting = tasks.create_task(start(*python(PARENT, folder, SLEEPER)), name="start")
        await asyncio.sleep(0)
        wait_until(lambda: len(pids(folder)) == 2)  # the loop stands still meanwhile
        starting.cancel()
    assert starting.cancelled()
    await until(lambda: not living(folder))


@linux
async def test_children_cost_no_thread_and_leave_no_descriptor(start: Start) -> None:
    """After twenty children there are as many threads and descriptors as before."""
    await (await start("/bin/true")).close()
    before = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    for _ in range(20):
        child = await start("/bin/true")
        await child.wait()
        await child.close()
    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == before


async def test_output_after_the_close_is_dropped(start: Start, output: Output) -> None:
    """Nobody hears a child that has been closed."""
    child = await start(*python("while True: print('x' * 100)"))
    await until(lambda: bool(output[Stream.OUT]))
    await child.close()
    heard = len(output[Stream.OUT])
    await asyncio.sleep(0.05)
    assert len(output[Stream.OUT]) == heard


@pytest.mark.parametrize(
    ("argv", "cause"),
    [
        (["no-such-program"], "The program no-such-program was not found."),
        ([], "The command is empty."),
        ([""], "The command is empty."),
        (["./folder"], "./folder is a folder, not a program."),
        pytest.param(["./plain"], "The program ./plain may not be executed", marks=posix),
        pytest.param(["./script"], "The interpreter that ./script names", marks=posix),
        pytest.param(["/bin/true", "x" * 300_000], "The argument list is too long", marks=posix),
        (["python", "a\0b"], "The program python cannot be started"),
    ],
)
async def test_a_failed_start_is_explained(
    start: Start, tmp_path: Path, argv: list[str], cause: str
) -> None:
    """Each way of not starting has its own sentence."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("text", encoding="utf-8")
    (tmp_path / "script").write_text("#!/no/such/interpreter\n", encoding="utf-8")
    (tmp_path / "script").chmod(0o755)
    with pytest.raises(StartError) as caught:
        await start(*argv)
    assert caught.value.cause.startswith(cause)


async def test_a_missing_folder_is_named(start: Start, tmp_path: Path) -> None:
    """A working folder that is not there is told apart from a missing program."""
    with pytest.raises(StartError, match=r"The working folder .*gone does not exist"):
        await start(*python("pass"), cwd=tmp_path / "gone")


@windows
async def test_children_die_with_the_handle_of_their_job_object(start: Start, folder: Path) -> None:
    """Closing the containment alone ends the tree: so does the agent's death."""
    child = await start(*python(PARENT, folder, SLEEPER))
    await until(lambda: len(pids(folder)) == 2)
    child._containment.close()
    await until(lambda: not living(folder))
