"""How suites end when something is wrong: with the journal, the agent, or before the start."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.errors import JournalError, WorkDirError
from app.jobs.collector import Collector
from app.journal.records import CaseReport, JobKind, NewJob, OwedItem, OwedKind, StoredItem
from app.state import JobState
from tests.jobs.conftest import TARGET, Room, open_room
from tests.jobs.suites import python, suite_folder

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def full_from(room: Room, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Let the journal take no results of cases from that call on; ends it takes."""
    plain, calls = room.deps.store.report, 0

    async def report(key: int, reports: Sequence[CaseReport]) -> list[StoredItem]:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise JournalError("disk full")
        return await plain(key, reports)

    monkeypatch.setattr(room.deps.store, "report", report)


@pytest.mark.parametrize("call", [1, 2])
async def test_results_that_the_journal_did_not_take_come_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """A full disk in the middle of a run or at its end costs no result."""
    code = 'write(item("100001", "passed")); time.sleep(0.6)'
    async with open_room(tmp_path) as room:
        full_from(room, monkeypatch, call)
        await room.suite("e1", python(tmp_path, code))
        end = await room.end("e1")
        assert end.verdicts == [("c1", "passed"), ("c2", "skipped")]
        assert await room.deps.store.reported((await room.record("s1/e1")).key) == {
            "c1": "passed",
            "c2": "skipped",
        }


@pytest.mark.parametrize("call", [1, 9])
async def test_a_suite_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Its cases are errors with the reason, also when the journal takes only its end."""
    async with open_room(tmp_path) as room:
        full_from(room, monkeypatch, call)
        room.dispatcher.use_work_dir(WorkDirError(room.work_dir.root, "no permission"))
        await room.suite("e1", "true")
        end = await room.end("e1")
        assert end.verdicts == [("c2", "error"), ("c1", "error")]
        assert "no permission" in end.results[0]["error_message"]
        assert end.status == "failed"


async def test_an_order_that_the_journal_does_not_take_is_offered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would hold its place on the platform for ever; it holds none here meanwhile."""

    def full(*_anything: object) -> None:
        raise JournalError("disk full")

    async with open_room(tmp_path) as room:
        with monkeypatch.context() as patch:
            patch.setattr(room.deps.store, "accept_and", full)
            with pytest.raises(JournalError):
                await room.suite("e1", "true")
            with pytest.raises(JournalError):
                await room.cancel_suite("s1", "e9")
        assert not room.answers
        assert not room.remarks
        await room.suite("e1", "true")
        assert (await room.end("e1")).status == "completed"


def bug(*_anything: object) -> Any:
    """A mistake in the agent."""
    raise ZeroDivisionError("a mistake")


def dead_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake while the command runs: inside a task group."""
    monkeypatch.setattr(Collector, "poll", bug)


def dead_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake after the command's end."""
    monkeypatch.setattr(Collector, "finish", bug)


@pytest.mark.parametrize("broken", [dead_poll, dead_finish])
async def test_a_bug_after_the_start_says_that_the_run_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """The command did start, so nobody says that it could not; the mistake is named."""
    broken(monkeypatch)
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, 'open("ran", "w").close(); time.sleep(0.5)'))
        end = await room.end("e1")
        assert (suite_folder(room) / "ran").exists()
        assert [result for _case, result in end.verdicts] == ["error", "error"]
        for text in (end.results[0]["error_message"], end.completion["message"]):
            assert "could not be started" not in text
            assert "ZeroDivisionError('a mistake')" in text
            assert "ExceptionGroup" not in text
        assert "was interrupted" in end.results[0]["error_message"]
        assert end.phrase.startswith("测试套执行完成: failed; ")
        assert end.status == "failed"


async def test_a_bug_before_the_start_says_that_it_was_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side of the same."""
    monkeypatch.setattr(Collector, "note_old", bug)
    async with open_room(tmp_path) as room:
        await room.suite("e1", "true")
        end = await room.end("e1")
        assert "could not be started" in end.results[0]["error_message"]
        assert "执行完成" not in end.phrase


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"git_repo_url": "/no/such/repository"}, "repository"),
        ({"command": "echo \ud800"}, "script"),
    ],
)
async def test_a_suite_that_cannot_start(tmp_path: Path, more: dict[str, Any], hint: str) -> None:
    """Every case is an error with the reason, and the execution is completed as failed."""
    async with open_room(tmp_path) as room:
        fields = {"command": "true"} | more
        await room.suite("e1", **fields)
        end = await room.end("e1")
        assert end.status == "failed"
        assert [result for _case, result in end.verdicts] == ["error", "error"]
        assert hint in end.results[0]["error_message"]
        assert hint in end.phrase


async def test_the_reason_of_a_suite_that_cannot_start_says_no_phrase(tmp_path: Path) -> None:
    """A path may hold the platform's words: they would make the history say "cancelled"."""
    async with open_room(tmp_path) as room:
        await room.suite("e1", "true", git_repo_url="/没有/取消/执行完成")
        end = await room.end("e1")
        assert "/没有/取\u200b消/执行\u200b完成" in end.phrase
        assert "取消" not in end.phrase
        assert "执行完成" not in end.phrase


async def test_a_dead_agents_suite_is_completed(tmp_path: Path) -> None:
    """Reported cases are not repeated, the others are errors."""
    details: dict[str, Any] = {"suite_id": "s1", "execution_id": "e1", "executor_id": "u1"}
    details |= {"case_ids": ["c1", "c2"], "case_codes": None}
    new = NewJob(
        target=TARGET,
        kind=JobKind.SUITE,
        job_id="s1/e1",
        name="e1",
        state=JobState.RUNNING,
        marker="m" * 32,
        work_dir=tmp_path / "work",
        accepted_at=1.0,
        details=details,
        group="s1",
    )
    told = {"suite_id": "s1", "case_id": "c1", "result": "passed", "executor_id": "u1"}
    async with open_room(tmp_path) as room:
        record = await room.deps.store.accept(new)
        assert record is not None
        item = OwedItem(OwedKind.CASE_RESULT, told)
        await room.deps.store.report(record.key, [CaseReport("c1", "passed", item)])
    async with open_room(tmp_path) as room:
        await room.dispatcher.recover(await room.deps.store.unfinished())
        end = await room.end("e1")
        assert end.verdicts == [("c1", "passed"), ("c2", "error")]
        assert "interrupted" in end.results[1]["error_message"]
        assert end.status == "failed"
        assert end.completion["reported_case_count"] == 2
