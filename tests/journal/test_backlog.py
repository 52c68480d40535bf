"""Tests of whose turn it is."""

from dataclasses import replace

from app.journal.backlog import RESULT_GAP, Backlog
from app.journal.records import OwedKind, StoredItem, Target
from app.journal.stream import Place, Stream
from app.journal.window import BATCH_BYTES
from tests.journal.kit import ELSEWHERE, HERE, record_of, suite_record


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


# ------------------------------------------------------------- executions of one suite


def execution(
    key: int, suite_id: str = "s", target: Target = HERE, log_end: int | None = None
) -> Stream:
    """The stream of one execution."""
    record = suite_record(suite_id, f"run-{key}", key)
    return Stream(replace(record, target=target, log_end=log_end), Place(0))


def item(seq: int, kind: OwedKind = OwedKind.CASE_RESULT) -> StoredItem:
    """Something owed."""
    return StoredItem(seq, kind, {})


def prints(one: Stream, length: int = BATCH_BYTES) -> None:
    """The log has so many bytes."""
    one.grew(length, b"")


def ends(log: Backlog, one: Stream, *items: StoredItem) -> None:
    """The execution has ended and owes these items."""
    one.finish(one.length, items)
    log.sort_in(one)


def delivers(log: Backlog, one: Stream, now: float) -> None:
    """The platform has handled everything of it."""
    one.confirmed = one.read = Place(one.length)
    for seq in list(one.items):
        del one.items[seq]
        log.item_handled(one, now)
    one.unsent.clear()
    log.sort_in(one)


def test_an_execution_waits_for_the_one_before_it() -> None:
    """Neither its log nor its results go before all of the other is delivered, 1.2 s after."""
    first, second = execution(1), execution(2)
    log = backlog(first, second)
    for one in (first, second):
        prints(one)
        log.wake(one)
    second.owe([item(20)])
    assert keys(log) == [1]
    ends(log, first, item(10), item(11, OwedKind.SUITE_COMPLETED))
    assert keys(log, 50.0) == [1]
    assert log.next_due(50.0, blocked=False) == 50.0
    delivers(log, first, 50.0)
    assert log.get(1) is None
    assert keys(log, 50.0) == [2]  # its log at once
    assert second.item_at(50.0) is None  # its results not yet
    second.read = second.confirmed = Place(second.length)
    log.wake(second)
    assert keys(log, 50.0 + RESULT_GAP - 0.01) == []
    assert log.next_due(50.0, blocked=False) == 50.0 + RESULT_GAP
    assert keys(log, 50.0 + RESULT_GAP) == [2]
    assert second.item_at(50.0 + RESULT_GAP) is not None


def test_an_execution_that_waits_is_not_asked_for() -> None:
    """What nobody may say makes nobody look at the clock, however much of it there is."""
    first, second = execution(1), execution(2)
    log = backlog(first, second)
    prints(second)
    second.owe([item(20)])
    log.wake(second)
    assert keys(log) == []
    assert log.next_due(1.0, blocked=False) is None


def test_three_executions_go_one_after_the_other() -> None:
    """The end of one lets one of them speak, in the order of their acceptance."""
    waiting = [execution(number) for number in (1, 2, 3)]
    log = backlog(*waiting)
    for one in waiting:
        prints(one)
        log.wake(one)
    for number, one in enumerate(waiting, 1):
        assert keys(log, 100.0) == [number]
        ends(log, one, item(number, OwedKind.SUITE_COMPLETED))
        assert keys(log, 100.0) == [number]
        delivers(log, one, 90.0)
    assert len(log) == 0


def test_an_execution_that_comes_later_keeps_its_distance() -> None:
    """The one before it is delivered and forgotten; its last result still counts for 1.2 s."""
    first = execution(1)
    log = backlog(first)
    ends(log, first, item(10))
    delivers(log, first, 50.0)
    second = execution(2)
    log.add(second)
    second.owe([item(20)])
    log.wake(second)
    assert keys(log, 51.0) == []  # of the platform's whole seconds one must have passed
    assert keys(log, 50.0 + RESULT_GAP) == [2]


def test_only_results_keep_their_distance() -> None:
    """A suite's own results follow each other at once; another suite's do not wait for them."""
    first, other = execution(1), execution(2, "another suite")
    log = backlog(first, other)
    first.owe([item(10), item(11)])
    other.owe([item(20)])
    log.item_handled(first, 50.0)
    for one in (first, other):
        log.wake(one)
    assert sorted(keys(log, 50.0)) == [1, 2]


def test_executions_of_other_suites_and_platforms_do_not_wait() -> None:
    """Only those of the same suite on the same platform mix there; tasks never do."""
    first, other = execution(1), execution(2, "another suite")
    elsewhere, task = execution(3, target=ELSEWHERE), stream(4)
    log = backlog(first, other, elsewhere, task)
    for one in (first, other, elsewhere, task):
        prints(one)
        log.wake(one)
    assert sorted(keys(log)) == [1, 2, 4]
    log.choose(ELSEWHERE)
    assert keys(log) == [3]


def test_one_cancelled_in_the_queue_says_so_at_once() -> None:
    """It has no results to mix; the platform waits for its completion. One with results waits."""
    first, cancelled, refused = (execution(number) for number in (1, 2, 3))
    log = backlog(first, cancelled, refused)
    ends(log, cancelled, item(20, OwedKind.SUITE_LOG), item(21, OwedKind.SUITE_COMPLETED))
    ends(log, refused, item(30), item(31, OwedKind.SUITE_COMPLETED))
    assert keys(log) == [2]
    delivers(log, cancelled, 1.0)
    assert keys(log) == []  # the first one is still under way
    ends(log, first)
    assert keys(log, 50.0) == [3]


def test_a_new_session_keeps_the_order() -> None:
    """After a lost connection the later execution still waits for the earlier one."""
    first, second = execution(1), execution(2)
    log = backlog(first, second)
    for one in (first, second):
        prints(one)
    log.choose(None)
    log.choose(HERE)
    assert keys(log) == [1]
