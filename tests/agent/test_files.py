"""File requests off the loop, bounded (app/agent/files.py)."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.agent import files
from app.agent.files import FileService
from app.errors import WorkDirError
from app.host.paths import WorkDir
from app.protocol.messages import Outgoing, WorkspaceAnswer, WorkspaceRequest, WorkspaceVerb
from app.workspace import operations
from app.workspace.workspace import Workspace

LIST, READ, WRITE, DELETE, MKDIR = WorkspaceVerb


class Platform:
    """Takes the answers, and waits for them."""

    def __init__(self) -> None:
        self.answers: dict[str, WorkspaceAnswer] = {}
        self.said = 0
        self._news = asyncio.Event()

    def take(self, message: Outgoing) -> None:
        assert isinstance(message, WorkspaceAnswer)
        self.said += 1
        self.answers[message.request_id] = message
        self._news.set()

    async def answer(self, request_id: str) -> WorkspaceAnswer:
        while request_id not in self.answers:
            self._news.clear()
            await self._news.wait()
        return self.answers[request_id]


class Gate:
    """A work dir whose disk answers only when the gate is open (a dead network drive)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)
        plain = Workspace.answer

        def slow(workspace: Workspace, request: WorkspaceRequest, **options: object) -> object:
            self.begun.release()
            assert self.open.wait(10)
            return plain(workspace, request)

        monkeypatch.setattr(Workspace, "answer", slow)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def service(platform: Platform, tmp_path: Path) -> AsyncIterator[FileService]:
    """A service of `tmp_path` that gives up after 0.2 s."""
    service = FileService(platform.take, answer_within=0.2)
    service.use_work_dir(WorkDir(tmp_path))
    yield service
    service.stop()
    for thread in service._threads:
        await asyncio.to_thread(thread.join, 5)
        assert not thread.is_alive()


async def test_a_request_is_answered(
    service: FileService, platform: Platform, tmp_path: Path
) -> None:
    """Each verb, with the request's id."""
    for number, (verb, path) in enumerate(
        [(MKDIR, "a"), (WRITE, "a/b"), (READ, "a/b"), (LIST, "a"), (DELETE, "a")]
    ):
        service.submit(WorkspaceRequest(verb, f"r{number}", path, content="内容"))
        answer = await platform.answer(f"r{number}")
        assert answer.success, answer.error
        assert answer.verb is verb
    assert platform.answers["r2"].data["content"] == "内容"
    assert list(tmp_path.iterdir()) == []


async def test_without_a_work_dir(platform: Platform, tmp_path: Path) -> None:
    """The answer is what is wrong with the folder, at once."""
    service = FileService(platform.take)
    service.submit(WorkspaceRequest(LIST, "early"))
    assert not platform.answers["early"].success
    service.use_work_dir(WorkDirError(tmp_path, "the disk is on fire"))
    service.submit(WorkspaceRequest(LIST, "bad"))
    assert "the disk is on fire" in platform.answers["bad"].error


@pytest.mark.parametrize(
    ("verb", "said"), [(READ, "longer than 0.2 s"), (WRITE, "goes on"), (DELETE, "goes on")]
)
async def test_a_slow_disk_is_answered_in_time(
    service: FileService,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    verb: WorkspaceVerb,
    said: str,
) -> None:
    """With an error that says whether it goes on; the late result is dropped."""
    gate = Gate(monkeypatch)
    service.submit(WorkspaceRequest(verb, "r", "a"))
    answer = await platform.answer("r")
    assert not answer.success
    assert said in answer.error
    gate.open.set()
    service.submit(WorkspaceRequest(LIST, "next"))
    await platform.answer("next")
    assert platform.said == 2


async def test_a_dead_drive_makes_busy(
    service: FileService, platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Threads and queue are bounded, and what was never begun is never done."""
    gate = Gate(monkeypatch)
    for number in range(files.WORKERS):
        service.submit(WorkspaceRequest(LIST, f"held-{number}"))
    for _number in range(files.WORKERS):
        assert await asyncio.to_thread(gate.begun.acquire, timeout=5)
    for number in range(files.WAITING):
        service.submit(WorkspaceRequest(MKDIR, f"waits-{number}", "made"))
    service.submit(WorkspaceRequest(MKDIR, "too-many", "made"))
    assert "busy" in platform.answers["too-many"].error
    assert "busy" in (await platform.answer(f"waits-{files.WAITING - 1}")).error
    gate.open.set()
    for _look in range(5000):  # the threads drop what was given up
        if service._todo.empty():
            break
        await asyncio.sleep(0.001)
    service.submit(WorkspaceRequest(LIST, "after"))
    assert (await platform.answer("after")).data == []
    assert len(service._threads) == files.WORKERS


async def test_contents_in_memory_are_bounded(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers wait for the link in memory: too many large ones at once are refused."""
    monkeypatch.setattr(files, "BYTES_AT_ONCE", 2500)
    now = 100.0
    service = FileService(platform.take, clock=lambda: now)
    service.use_work_dir(WorkDir(tmp_path))
    (tmp_path / "a").write_bytes(b"x" * 1000)

    async def read(name: str) -> WorkspaceAnswer:
        service.submit(WorkspaceRequest(READ, name, "a"))
        return await platform.answer(name)

    assert (await read("1")).success
    assert (await read("2")).success
    assert "busy" in (await read("3")).error
    service.submit(WorkspaceRequest(LIST, "small"))
    assert (await platform.answer("small")).success
    now += files.ANSWER_WITHIN
    assert (await read("4")).success
    service.stop()


async def test_a_bug_is_an_answer(
    service: FileService,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One broken request is not a broken agent; the traceback is in the log."""

    def broken(*_args: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(operations.Operations, "list", broken)
    service.submit(WorkspaceRequest(LIST, "r"))
    assert "agent.log" in (await platform.answer("r")).error
    assert "KeyError: 'a bug'" in caplog.text
    service.submit(WorkspaceRequest(MKDIR, "next", "a"))
    assert (await platform.answer("next")).success


async def test_nothing_is_said_after_the_stop(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever still runs; and nothing new is begun."""
    gate = Gate(monkeypatch)
    service = FileService(platform.take, answer_within=0.05)
    service.use_work_dir(WorkDir(tmp_path))
    for number in range(files.WORKERS + 1):
        service.submit(WorkspaceRequest(MKDIR, f"r{number}", f"made-{number}"))
    for _number in range(files.WORKERS):
        assert await asyncio.to_thread(gate.begun.acquire, timeout=5)
    service.stop()
    service.stop()
    service.submit(WorkspaceRequest(LIST, "late"))
    gate.open.set()
    for thread in service._threads:
        await asyncio.to_thread(thread.join, 5)
    await asyncio.sleep(0.1)
    assert platform.said == 0
    assert len(list(tmp_path.iterdir())) == files.WORKERS


def test_a_hanging_request_does_not_keep_the_agent(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is a daemon, and a result for a loop that has ended is dropped."""
    gate = Gate(monkeypatch)

    async def agent() -> FileService:
        service = FileService(platform.take)
        service.use_work_dir(WorkDir(tmp_path))
        service.submit(WorkspaceRequest(LIST, "r"))
        await asyncio.to_thread(gate.begun.acquire)
        service.stop()
        return service

    service = asyncio.run(agent())
    assert all(thread.daemon for thread in service._threads)
    gate.open.set()
    for thread in service._threads:
        thread.join(5)
        assert not thread.is_alive()


async def longest_pause(until: asyncio.Event) -> float:
    """Return the longest time that the loop did not come round, in seconds."""
    worst, last = 0.0, time.perf_counter()
    while not until.is_set():
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        worst, last = max(worst, now - last - 0.005), now
    return worst


async def pause_during(request: WorkspaceRequest, folder: Path) -> tuple[float, WorkspaceAnswer]:
    platform, over = Platform(), asyncio.Event()
    service = FileService(platform.take)
    service.use_work_dir(WorkDir(folder))
    async with asyncio.TaskGroup() as tasks:
        heartbeat = tasks.create_task(longest_pause(over), name="heartbeat")
        await asyncio.sleep(0.05)
        service.submit(request)
        answer = await platform.answer(request.request_id)
        over.set()
    service.stop()
    return heartbeat.result(), answer


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_huge_folder_delays_no_heartbeat(tmp_path: Path) -> None:
    """100,000 files are listed in time while the loop goes round; so they are deleted."""
    folder = tmp_path / "huge"
    folder.mkdir()
    fd = os.open(folder, os.O_RDONLY)
    for number in range(100_000):
        os.close(os.open(f"result-{number:06d}.txt", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    pause, answer = await pause_during(WorkspaceRequest(LIST, "r", "huge"), tmp_path)
    assert answer.success, answer.error
    assert len(answer.data) == 20_001
    assert "80000 more" in answer.data[-1]["name"]
    assert pause < 1  # a heartbeat is never later
    pause, answer = await pause_during(WorkspaceRequest(DELETE, "r", "huge"), tmp_path)
    assert pause < 1  # a heartbeat is never later
    assert answer.success, answer.error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "encoding"),
    [(os.urandom(2**20) * 10, "utf-8"), ("汉字\n".encode("gbk") * 2 * 2**20, "gbk")],
)
async def test_a_large_file_delays_no_heartbeat(tmp_path: Path, data: bytes, encoding: str) -> None:
    """10 MB are decoded and checked in pieces."""
    (tmp_path / "a").write_bytes(data)
    pause, answer = await pause_during(WorkspaceRequest(READ, "r", "a", encoding), tmp_path)
    assert answer.success, answer.error
    assert pause < 1  # a heartbeat is never later


def test_a_file_that_is_protected_again_is_kept_once(platform: Platform, tmp_path: Path) -> None:
    """Every change of the settings names them anew, of an agent that runs for months."""
    token, other = tmp_path / "token.txt", tmp_path / "other.txt"
    service = FileService(platform.take, protected=(token,))
    for _time in range(3):
        service.protect((token, other))
    assert service._protected == (token, other)
