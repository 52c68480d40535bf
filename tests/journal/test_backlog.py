"""Tests of whose turn it is."""

from dataclasses import replace

from app.journal.backlog import Backlog
from app.journal.records import OwedKind, StoredItem, Target
from app.journal.stream import Place, Stream
from app.journal.window import BATCH_BYTES
from tests.journal.kit import ELSEWHERE, HERE, record_of


def stream(key: int, target: Target = HERE, log_end: int | None = None) -> Stream:
    record = replace(record_of(f"job-{key}", key=key, target=target), log_end=log_end)
    return Stream(record, Place(0))


def backlog(*streams: Stream) -> Backlog:
    log = Backlog()
    for one in streams:
        log.add(one)
    log.choose(HERE)
    return log


def keys(log: Backlog, now: float = 1.0) -> list[int]:
    return [one.key for one in log.due(now)]


def test_only_the_current_target_gets_its_turn() -> None:
    """What is owed elsewhere is never offered here."""
    log = backlog(stream(1, ELSEWHERE, log_end=5), stream(2, HERE, log_end=5))
    assert keys(log) == [2]
    log.choose(ELSEWHERE)
    assert keys(log) == [1]
    log.choose(None)
    assert keys(log) == []


def test_live_jobs_take_turns_with_the_finished_ones() -> None:
    """The oldest finished job and each live one: nobody starves."""
    live = stream(3)
    live.length = BATCH_BYTES
    log = backlog(stream(1, log_end=5), stream(2, log_end=5), live)
    turns = []
    for _ in range(4):
        first = log.due(1.0)[0]
        log.served(first)
        turns.append(first.key)
    assert turns == [3, 1, 3, 1]


def test_a_settled_job_is_forgotten() -> None:
    """A job that owes nothing costs no memory."""
    one = stream(1)
    log = backlog(one)
    assert len(log) == 1
    one.finish(0, [])
    log.sort_in(one)
    assert len(log) == 0
    assert log.get(1) is None


def test_next_due_names_the_next_paced_job() -> None:
    """Now when somebody may speak; else when the first pace lets go; else never."""
    one = stream(1)
    log = backlog(one)
    assert log.next_due(1.0, blocked=False) is None
    one.length = 1
    one.pace.spend(1.0)
    one.pace.spend(1.0)
    assert log.next_due(1.0, blocked=False) == 1.2
    assert log.next_due(1.3, blocked=False) == 1.3
    assert log.next_due(1.3, blocked=True) is None


def test_owed_bytes_are_counted_per_target() -> None:
    """The user sees how much is still here."""
    log = backlog(stream(1, ELSEWHERE, log_end=5), stream(2, HERE, log_end=7))
    counts = (log.owed_bytes(HERE), log.owed_bytes(ELSEWHERE), log.owed_bytes(None))
    assert counts == (7, 5, 12)


def test_a_job_with_items_only_is_due() -> None:
    """A refused job has no log but an answer."""
    one = stream(1)
    log = backlog(one)
    one.finish(0, [StoredItem(1, OwedKind.JOB_RESULT, {})])
    log.sort_in(one)
    assert keys(log) == [1]
