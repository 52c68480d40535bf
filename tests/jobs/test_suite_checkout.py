"""A suite's checkout on the way: cancelled, timed out, stopped; its secrets stay hidden."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from app.jobs.deps import JobLimits
from app.state import JobState
from tests.fakes.children import living, pids
from tests.fakes.git_desk import isolated_git, small_remote  # noqa: F401 (the fixtures)
from tests.fakes.git_remote import HttpServer, Remote, http_server
from tests.jobs.conftest import Room, open_room
from tests.jobs.suites import suite_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only"),
]

# Answers what is asked before the first real command; that one hangs, with a helper below it,
# and each leaves its pid.
_SLOW_GIT = """#!/bin/sh
case "$*" in
    version) echo "git version 2.99.0" ;;
    config*) exit 1 ;;
    *) sleep 60 & touch {folder}/$! {folder}/$$; exec sleep 60 ;;
esac
"""


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that hangs; the folder with the pids of what it is."""
    found, program = tmp_path / "pids", tmp_path / "bin" / "git"
    found.mkdir()
    program.parent.mkdir()
    program.write_text(_SLOW_GIT.format(folder=shlex.quote(str(found))), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))
    return found


async def checking_out(room: Room, found: Path) -> None:
    """Send an execution and wait until its git hangs."""
    await room.suite("e1", "touch ran", git_repo_url="https://127.0.0.1:1/slow.git")
    await room.until(lambda: len(pids(found)) == 2)


async def only_end(room: Room, found: Path) -> tuple[str, str]:
    """Status and state of the execution, whose command did not run and whose git is gone."""
    end = await room.end("e1")
    await room.idle()
    completions = [item for item in await room.items("s1/e1") if "status" in item]
    assert completions == [end.completion]
    assert living(found) == []
    assert not list(suite_folder(room).rglob("ran"))
    return end.status, (await room.record("s1/e1")).state.value


async def test_a_checkout_is_cancelled(tmp_path: Path, slow_git: Path) -> None:
    """At once, with one completion and the platform's phrase; no process is left."""
    async with open_room(tmp_path) as room:
        await checking_out(room, slow_git)
        await room.cancel_suite("s1", "e1")
        assert await only_end(room, slow_git) == ("cancelled", JobState.CANCELLED.value)
        end = await room.end("e1")
        assert (end.results, end.phrase) == ([], "测试套执行已取消")
        assert "?The platform cancelled it." in room.log_lines("e1")


async def test_a_checkout_runs_into_the_timeout(tmp_path: Path, slow_git: Path) -> None:
    """The suite has failed with every case in error; no process is left."""
    limits = JobLimits(task_timeout=0.4, grace=0.3)
    async with open_room(tmp_path, limits=limits) as room:
        await checking_out(room, slow_git)
        assert await only_end(room, slow_git) == ("failed", JobState.TIMED_OUT.value)
        end = await room.end("e1")
        assert end.verdicts == [("c2", "error"), ("c1", "error")]
        assert "timed out" in end.results[0]["error_message"]
        assert "The checkout took longer than 0.4 s." in end.results[0]["error_message"]


async def test_the_agent_stops_during_a_checkout(tmp_path: Path, slow_git: Path) -> None:
    """The completion is owed before the agent ends."""
    async with open_room(tmp_path) as room:
        await checking_out(room, slow_git)
        await room.dispatcher.stop(0.0)
        assert await only_end(room, slow_git) == ("failed", JobState.INTERRUPTED.value)


async def test_the_next_execution_starts_after_a_cancelled_checkout(
    tmp_path: Path, slow_git: Path
) -> None:
    """Its place and its suite are free again."""
    async with open_room(tmp_path) as room:
        await checking_out(room, slow_git)
        await room.suite("e2", "true")
        await room.cancel_suite("s1", "e1")
        assert (await room.end("e2")).status == "completed"
        assert (await room.end("e1")).status == "cancelled"


# ----------------------------------------------------------------------------- secrets


@pytest.fixture
def server(remote: Remote, tmp_path: Path) -> Iterator[HttpServer]:
    """A server of a small repository."""
    with http_server(remote.path.parent, tmp_path / "server") as running:
        yield running


@pytest.mark.parametrize(
    ("credentials", "secret"),
    [("user:pass-w0rd-77@", "pass-w0rd-77"), ("t0ken-as-user@", "t0ken-as-user")],
)
async def test_what_the_address_hides_is_masked_in_the_output(
    tmp_path: Path, server: HttpServer, remote: Remote, credentials: str, secret: str
) -> None:
    """A password in the repository's address is a secret of the whole job, not of git's only."""
    address = f"{server.url}/{quote(remote.path.name)}/.git".replace("://", f"://{credentials}")
    async with open_room(tmp_path) as room:
        await room.suite("e1", f"echo it is {secret}!; exit 3", git_repo_url=address)
        end = await room.end("e1")
        lines = room.log_lines("e1")
        assert " it is ***!" in lines
        assert secret not in "\n".join(lines)
        assert secret not in end.phrase + str(end.completion) + str(end.results)
