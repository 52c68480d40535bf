"""What a job inherits, what is proven to be its own, and what a crash leaves behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app import resources
from app.host import containment
from app.host.containment import MARKER, Containment, Mark, clean_environment, new_marker
from tests.fakes.children import (
    BARE_DAEMON,
    PARENT,
    SLEEPER,
    STUBBORN,
    alive,
    as_agent,
    finish,
    living,
    pids,
    python,
    wait_until,
    without_tags,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="other system: Linux only")

CREATE_SUSPENDED = 0x00000004  # a flag of CreateProcess
AGENT = """
import os, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from app.host import containment
containment.prepare_process()
job = containment.Containment(sys.argv[2])
with job.spawning(), job.forking():
    child = subprocess.Popen(
        [sys.executable, "-c", sys.argv[4], sys.argv[3], *sys.argv[5:]],
        env=containment.clean_environment({}, sys.argv[2]),
        **job.popen_options(),
    )
    main = job.adopt(child.pid)
print(main.pid, main.started, flush=True)
time.sleep(60)
"""
ROOT = Path(containment.__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the processes of a tree leave their pids."""
    path = tmp_path / "pids"
    path.mkdir()
    return path


@pytest.fixture
def innocent(tmp_path: Path) -> Iterator[int]:
    """A process with a job's command line, but without its marker."""
    path = tmp_path / "innocent"
    path.mkdir()
    process = subprocess.Popen(python(SLEEPER, path), start_new_session=True)
    wait_until(lambda: bool(pids(path)))
    yield process.pid
    assert alive(process.pid), "an innocent process was killed"
    process.kill()
    process.wait()


class Job:
    """One contained child, without asyncio."""

    def __init__(self, script: str, *arguments: str | Path) -> None:
        self.marker = new_marker()
        self.containment = Containment(self.marker)
        with self.containment.spawning(), self.containment.forking():
            self.process = subprocess.Popen(
                python(script, *arguments),
                env=clean_environment({}, self.marker),
                **self.containment.popen_options(),
            )
            self.main = self.containment.adopt(self.process.pid)

    def end(self) -> None:
        """Kill it until a sweep finds nothing."""
        limit = time.monotonic() + 1.0
        while finish(self.containment.killing()) and time.monotonic() < limit:
            time.sleep(0.002)
        self.process.wait()
        self.containment.close()


@pytest.fixture
def alone() -> Iterator[None]:
    """This process as an agent that has opened nothing for the user."""
    with as_agent():
        yield


@pytest.fixture
def untagged() -> Iterator[None]:
    """A system that leaves no room for tags."""
    with without_tags():
        yield


def test_a_job_gets_our_environment_without_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's settings stay here, the rest and the job's own variables go along."""
    monkeypatch.setenv("ATS_AGENT_TOKEN", "secret")
    monkeypatch.setenv("_PYI_ARCHIVE_FILE", "/opt/agent")
    monkeypatch.setenv("_MEIPASS2", "/opt/_MEI1")
    monkeypatch.setenv("KEPT", "yes")
    clean = clean_environment({"MORE": "42"}, "m1")
    assert "ATS_AGENT_TOKEN" not in clean
    assert not [name for name in clean if name.startswith(("_PYI", "_MEI"))]
    assert (clean["KEPT"], clean["MORE"], clean[MARKER]) == ("yes", "42", "m1")


def test_the_jobs_own_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the job replaces ours; the marker cannot be replaced."""
    monkeypatch.setenv("GREETING", "ours")
    clean = clean_environment({"GREETING": "theirs", MARKER: "forged"}, "m1")
    assert (clean["GREETING"], clean[MARKER]) == ("theirs", "m1")


def test_a_frozen_agent_gives_back_the_library_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the executable set for itself would break every other program."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(resources.ROOT))
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "/opt/_MEI1")
    assert not {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} & set(clean_environment({}, "m"))
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    clean = clean_environment({}, "m")
    assert clean["LD_LIBRARY_PATH"] == "/opt/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in clean


def test_an_unfrozen_agent_keeps_the_library_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """From source the library path is the user's own."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    assert clean_environment({}, "m")["LD_LIBRARY_PATH"] == "/opt/lib"


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0y"), ("A", "\ud800")]
)
def test_an_impossible_variable_is_refused(name: str, value: str) -> None:
    """What no system accepts is refused with a sentence that can be printed."""
    if name == "A" and value == "\ud800" and sys.platform == "win32":
        return  # Windows takes it
    with pytest.raises(ValueError, match="environment variable") as caught:
        clean_environment({name: value}, "m")
    str(caught.value).encode()


def test_markers_differ() -> None:
    """Every job has a marker of its own, unguessable and plain."""
    markers = {new_marker() for _ in range(100)}
    assert len(markers) == 100
    assert all(len(marker) == 32 and marker.isalnum() for marker in markers)


@pytest.mark.usefixtures("alone")
def test_the_main_process_is_told_by_pid_and_start(folder: Path) -> None:
    """The start time is the epoch time of the spawn, within the clock's grain."""
    job = Job(SLEEPER, folder)
    assert abs(job.main.started - time.time()) < 3
    assert job.containment.leftovers()[0].pid == job.process.pid
    job.end()
    assert job.containment.leftovers() == []


@pytest.mark.usefixtures("alone")
def test_an_innocent_twin_survives(folder: Path, innocent: int) -> None:
    """A process with the same command, but not the job's, is not even looked at."""
    job = Job(SLEEPER, folder)
    assert [one.pid for one in job.containment.leftovers()] == [job.process.pid]
    job.end()
    assert alive(innocent)


@linux
@pytest.mark.usefixtures("alone", "untagged")
def test_an_orphan_may_be_the_users(folder: Path) -> None:
    """Once something was opened for the user, an orphan without proof is left alone."""
    job = Job(BARE_DAEMON, folder, SLEEPER)
    job.process.wait()
    (daemon,) = pids(folder)
    containment.opened_for_user()
    assert finish(job.containment.killing()) == []
    assert alive(daemon)
    psutil.Process(daemon).kill()
    wait_until(lambda: containment.reap() == 1)


@linux
@pytest.mark.usefixtures("alone")
def test_other_codes_children_are_neither_killed_nor_collected(folder: Path) -> None:
    """A registered child of other code keeps its exit code, and its orphans their life."""
    job = Job(SLEEPER, folder)
    with containment.own_child() as register:
        other = subprocess.Popen(python("raise SystemExit(5)"), start_new_session=True)
        register(other.pid)
        wait_until(lambda: not alive(other.pid))
        assert containment.reap() == 0
        job.end()
        assert other.wait() == 5


@linux
@pytest.mark.usefixtures("alone")
def test_an_orphan_of_other_code_is_spared(folder: Path) -> None:
    """What other code may have left behind is not blamed on the only job."""
    job = Job(SLEEPER, folder)
    (folder / "other").mkdir()
    with containment.own_child() as register:
        script = python(BARE_DAEMON, folder / "other", SLEEPER)
        other = subprocess.Popen(script, start_new_session=True)
        register(other.pid)
        other.wait()
    job.end()
    (daemon,) = pids(folder / "other")
    assert alive(daemon)
    psutil.Process(daemon).kill()


@linux
@pytest.mark.usefixtures("alone")
def test_recorded_ancestry_outlives_the_parent(folder: Path) -> None:
    """A bare process seen below the job is the job's after its parents are gone."""
    containment.opened_for_user()
    job = Job(BARE_DAEMON, folder, SLEEPER, "stay")
    wait_until(lambda: len(pids(folder)) == 2)
    (daemon,) = set(pids(folder)) - {job.process.pid}
    job.containment._tree.known[daemon, _ticks(daemon)] = daemon  # type: ignore[attr-defined]
    job.process.kill()
    job.process.wait()
    assert [one.pid for one in job.containment.leftovers()] == [daemon]
    job.end()
    assert not alive(daemon)


def _ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])


@linux
@pytest.mark.usefixtures("alone")
def test_a_reused_pid_gets_no_signal(innocent: int) -> None:
    """A process that started at another time than recorded is never struck."""
    if sys.platform == "linux":
        from app.host import _procfs  # noqa: PLC0415 (Linux only)

        found = _procfs.stat(innocent)
        assert found is not None
        earlier = found._replace(started=found.started - 1)
        assert not _procfs.send(earlier, signal.SIGKILL)
        assert not _procfs._send_by_pid(earlier, signal.SIGKILL)
    assert alive(innocent)


@linux
@pytest.mark.usefixtures("alone")
def test_each_thread_finds_its_children() -> None:
    """The lists of children that stay open belong to the thread that asks."""

    def found() -> None:
        if sys.platform == "linux":
            from app.host import _procfs  # noqa: PLC0415 (Linux only)

            before = set(_procfs.own_children())
            started = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(20)]
            seen.append(set(_procfs.own_children()) - before == {one.pid for one in started})
            for one in started:
                one.kill()
                one.wait()
            seen.append(set(_procfs.own_children()) == before)

    seen: list[bool] = []
    for _ in range(2):
        thread = threading.Thread(target=found)
        thread.start()
        thread.join()
    found()
    assert seen == [True] * 6


@linux
@pytest.mark.usefixtures("alone")
def test_the_look_at_nothing_is_cheap() -> None:
    """An empty tree costs well under a millisecond, whatever else runs."""
    others = [subprocess.Popen(["/bin/sleep", "60"]) for _ in range(20)]
    job = Containment(new_marker())
    costs = []
    for _ in range(50):
        began = time.perf_counter()
        assert job.leftovers() == []
        costs.append(time.perf_counter() - began)
    for other in others:
        other.kill()
        other.wait()
    assert sorted(costs)[len(costs) // 2] < 0.005


@posix
def test_the_search_through_all_processes_finds_a_stubborn_tree(
    folder: Path, innocent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a subreaper (macOS) marker and session lead to every process of the job."""
    monkeypatch.setattr(containment, "_tree", _scan_tree)
    job = Job(STUBBORN, folder)
    wait_until(lambda: len(pids(folder)) == 3)
    finish(job.containment.noting())
    assert {one.pid for one in job.containment.leftovers()} == set(pids(folder))
    assert finish(job.containment.asking())
    job.end()
    assert not living(folder)
    assert alive(innocent)


def _scan_tree(marker: str) -> object:
    tree: object = None
    if sys.platform != "win32":
        from app.host import _posix  # noqa: PLC0415 (POSIX only)

        tree = _posix.ScanTree(marker)
    return tree


@pytest.fixture
def agent(folder: Path) -> Iterator["Agent"]:
    """An agent that runs one stubborn job."""
    running = Agent(folder, STUBBORN, 3)
    yield running
    running.die()


class Agent:
    """A process that starts a marked tree and then can only be killed."""

    def __init__(self, folder: Path, script: str, size: int) -> None:
        self.marker = new_marker()
        self.process = subprocess.Popen(
            python(AGENT, ROOT, self.marker, folder, script, SLEEPER),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        pid, started = self.process.stdout.readline().split()
        self.mark = Mark(self.marker, int(pid), float(started), float(started) - 1)
        wait_until(lambda: len(pids(folder)) == size)

    def die(self) -> None:
        """Kill -9: nobody ends the job."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@posix
def test_what_a_dead_agent_left_is_swept(agent: Agent, folder: Path, innocent: int) -> None:
    """After kill -9 of the agent its whole tree is found and killed, an innocent one is not."""
    agent.die()
    assert len(living(folder)) == 3
    swept = containment.sweep_after_crash([agent.mark])
    assert {one.pid for one in swept} == set(pids(folder))
    assert not living(folder)
    assert alive(innocent)


def test_no_job_outlives_its_agent_for_long(folder: Path) -> None:
    """Windows ends the job with the killed agent, elsewhere the next start does."""
    agent = Agent(folder, PARENT, 2)
    agent.die()
    containment.sweep_after_crash([agent.mark])
    wait_until(lambda: not living(folder), limit=1.0)


@posix
def test_a_sweep_needs_no_pid(agent: Agent, folder: Path) -> None:
    """The marker alone is proof: the agent may have died before it noted the pid."""
    agent.die()
    containment.sweep_after_crash([Mark(agent.marker, None, None, agent.mark.since)])
    assert not living(folder)


@pytest.mark.skipif(sys.platform != "win32", reason="other system: Windows only")
def test_a_child_that_was_never_contained_is_swept() -> None:
    """An agent killed between the start of a child and its job object leaves it suspended."""
    marker, other = new_marker(), new_marker()
    command = [sys.executable, "-c", "pass"]
    unborn, foreign = (
        subprocess.Popen(command, env={**os.environ, MARKER: one}, creationflags=CREATE_SUSPENDED)
        for one in (marker, other)
    )
    try:
        swept = containment.sweep_after_crash([Mark(marker, None, None, time.time() - 5)])
        assert [one.pid for one in swept] == [unborn.pid]
        assert unborn.wait(5) != 0
        assert foreign.poll() is None
    finally:
        for one in (unborn, foreign):
            one.kill()
            one.wait(5)


@posix
def test_a_pid_that_was_reused_is_not_swept(innocent: int) -> None:
    """The recorded pid with another start time belongs to somebody else now."""
    mark = Mark(new_marker(), innocent, 1_000_000.0, 1_000_000.0)
    assert containment.sweep_after_crash([mark]) == []
    assert alive(innocent)


def test_nothing_is_swept_without_marks() -> None:
    """After a clean end there is nothing to look for."""
    assert containment.sweep_after_crash([]) == []


@linux
def test_the_agents_environment_is_hidden_from_its_jobs() -> None:
    """A job cannot read the token through /proc/PPID/environ: the agent is not dumpable."""
    code = (
        "import ctypes; from app.host import containment; containment.prepare_process();"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=10
    )
    assert said.stdout.strip() == "0"
