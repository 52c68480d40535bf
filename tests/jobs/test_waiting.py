"""Tests of app.jobs.waiting."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.job import Job
from app.jobs.order import Order
from app.jobs.waiting import WaitingLine
from app.journal.records import JobKind, JobRecord
from app.state import JobState
from tests.journal.kit import record_of


def order(name: str, group: str = "") -> Order:
    """An order that nobody runs."""
    return Order(job_id=name, kind=JobKind.SUITE if group else JobKind.TASK, group=group)


def job(name: str, group: str = "") -> Job:
    """A job that waits."""
    return Job(order(name, group), record_of(name), JobState.QUEUED)


TARGET = record_of("x").target


def test_places_are_taken_in_order() -> None:
    """Who does not get a place waits; a place that comes free goes to the first."""
    line = WaitingLine(1)
    assert line.take_place(order("a"), TARGET)
    assert not line.take_place(order("b"), TARGET)
    line.add(job("b"))
    line.add(job("c"))
    assert list(line.starting()) == []
    assert line.taken == 1
    line.leave_place(order("a"), TARGET)
    assert line.taken == 0
    assert [one.job_id for one in line.starting()] == ["b"]
    assert len(line) == line.taken == 1


def test_orders_of_a_group_follow_each_other() -> None:
    """With places free the second of a suite waits, and another suite passes it."""
    line = WaitingLine(3)
    assert line.take_place(order("s/1", "s"), TARGET)
    assert line.group_busy(order("s/2", "s"), TARGET)
    assert not line.take_place(order("s/2", "s"), TARGET)
    line.add(job("s/2", "s"))
    line.add(job("s/3", "s"))
    assert list(line.starting()) == []
    assert line.take_place(order("u/1", "u"), TARGET)
    line.leave_place(order("s/1", "s"), TARGET)
    assert [one.job_id for one in line.starting()] == ["s/2"]
    assert list(line.starting()) == []


def test_a_suite_of_another_platform_is_another_group() -> None:
    """Groups belong to their target."""
    line = WaitingLine(2)
    assert line.take_place(order("s/1", "s"), TARGET)
    other = replace(TARGET, environment_id="elsewhere")
    assert line.take_place(order("s/1", "s"), other)


def test_who_is_removed_holds_up_nobody() -> None:
    """A cancelled one that waited makes way for the next of its suite."""
    line = WaitingLine(1)
    assert line.take_place(order("s/1", "s"), TARGET)
    second, third = job("s/2", "s"), job("s/3", "s")
    line.add(second)
    line.add(third)
    assert second in line
    line.remove(second)
    line.leave_place(order("s/1", "s"), TARGET)
    assert list(line.starting()) == [third]
    assert line.clear() == []


class Steps:
    """Counts how often somebody looks at the name of a group, or compares two jobs."""

    def __init__(self) -> None:
        self.count = 0

    def job(self, number: int) -> Job:
        """A job of the counted group."""
        return _Counted(order(str(number), self.group()), record_of(str(number)), self)

    def group(self) -> str:
        """The group's name."""
        return _Group("s").counting(self)


class _Group(str):
    __slots__ = ("_steps",)

    def counting(self, steps: Steps) -> str:
        self._steps = steps
        return self

    def __hash__(self) -> int:
        self._steps.count += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        self._steps.count += 1
        return super().__eq__(other)


class _Counted(Job):
    def __init__(self, an_order: Order, record: JobRecord, steps: Steps) -> None:
        super().__init__(an_order, record, JobState.QUEUED)
        self._steps = steps

    __hash__ = Job.__hash__

    def __eq__(self, other: object) -> bool:
        self._steps.count += 1
        return self is other


def crowded(steps: Steps, count: int) -> WaitingLine:
    """A line in which so many wait for one that runs, with places free."""
    line = WaitingLine(3)
    assert line.take_place(order("first", steps.group()), TARGET)
    for number in range(count):
        line.add(steps.job(number))
    steps.count = 0
    return line


@pytest.mark.parametrize("ended", [False, True])
def test_a_thousand_that_wait_for_one_are_looked_at_once(ended: bool) -> None:
    """With places free each order and each end costs steps in proportion to who waits."""
    taken = []
    for count in (1000, 2000):
        steps = Steps()
        line = crowded(steps, count)
        if ended:
            line.leave_place(order("first", steps.group()), TARGET)
        assert len(list(line.starting())) == ended
        taken.append(steps.count)
    assert taken[0] <= 10 * 1000
    assert taken[1] <= 2.1 * taken[0]


def test_in_a_pause_nobody_starts() -> None:
    """Free places stay free and who comes waits; afterwards all start in their order."""
    line = WaitingLine(2)
    assert line.take_place(order("a"), TARGET)
    line.paused = True
    assert not line.take_place(order("b"), TARGET)
    line.add(job("b"))
    line.add(job("c"))
    line.leave_place(order("a"), TARGET)
    assert list(line.starting()) == []
    line.paused = False
    assert [one.job_id for one in line.starting()] == ["b", "c"]


def test_outlook() -> None:
    """Each has its number; one of a suite waits for those of it that run or wait before it."""
    line = WaitingLine(2)
    assert line.take_place(order("s/1", "s"), TARGET)
    for name, group in (("s/2", "s"), ("u/1", "u"), ("u/2", "u"), ("t", ""), ("t2", "")):
        line.add(job(name, group))
    seen = [(one.job_id, place, behind) for one, place, behind in line.outlook()]
    assert seen == [
        ("s/2", 1, True),
        ("u/1", 2, False),
        ("u/2", 3, True),
        ("t", 4, False),
        ("t2", 5, False),
    ]


@given(st.integers(1, 3), st.lists(st.sampled_from(["", "s", "u"]), max_size=12), st.data())
def test_never_two_of_a_group_and_never_too_many(places: int, groups: list[str], data: Any) -> None:
    """Whatever comes and ends when: the limits hold, the order within a group holds, all run."""
    line = WaitingLine(places)
    running: list[Job] = []
    begun: list[Job] = []
    for number, group in enumerate(groups):
        one = job(str(number), group)
        if line.take_place(one.order, TARGET):
            running.append(one)
            begun.append(one)
        else:
            line.add(one)
        if running and data.draw(st.booleans()):
            ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
            line.leave_place(ended.order, TARGET)
            started = list(line.starting())
            running += started
            begun += started
        named = [one.order.group for one in running if one.order.group]
        assert len(running) <= places
        assert len(named) == len(set(named))
    while running:
        line.leave_place(running.pop(0).order, TARGET)
        started = list(line.starting())
        running += started
        begun += started
    assert len(begun) == len(groups)
    for group in ("s", "u"):
        numbers = [int(one.job_id) for one in begun if one.order.group == group]
        assert numbers == sorted(numbers)
