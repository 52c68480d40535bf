"""Who waits for a place, and who may start: `places` at once, of one group only one. Pure."""

from collections import Counter, deque
from collections.abc import Iterator

from app.jobs.job import Job
from app.jobs.order import Order
from app.journal.records import Target

Group = tuple[Target, str]


class WaitingLine:
    """Jobs that wait, in the order of their acceptance, and the places that are free."""

    def __init__(self, places: int) -> None:
        self.paused = False  # nobody starts
        self._places = self._free = places
        self._waiting: deque[Job] = deque()
        self._busy: Counter[Group] = Counter()  # orders of a group that run or wait
        self._running: set[Group] = set()  # groups of which one has a place

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job: object) -> bool:
        return job in self._waiting

    @property
    def taken(self) -> int:
        """How many have a place."""
        return self._places - self._free

    def offer(self, places: int) -> None:
        """Have so many places from now on; fewer than are taken evict nobody."""
        self._free += places - self._places
        self._places = places

    def group_busy(self, order: Order, target: Target) -> bool:
        """Tell whether another order of its group runs or waits."""
        return bool(order.group) and self._busy[target, order.group] > 0

    def take_place(self, order: Order, target: Target) -> bool:
        """Take a place for a new order at once; False when it has to wait.

        Those that wait while a place is free all wait for their group: whoever ends a pause
        asks `starting` at once.
        """
        starts = self._free > 0 and not self.paused and not self.group_busy(order, target)
        if starts:
            self._free -= 1
            self._enter(order, target)
            self._running.add((target, order.group))
        return starts

    def leave_place(self, order: Order, target: Target) -> None:
        """Give a place back."""
        self._free += 1
        self._running.discard((target, order.group))
        self._leave(order, target)

    def add(self, job: Job) -> None:
        """Let a job wait, behind all others."""
        self._waiting.append(job)
        self._enter(job.order, job.record.target)

    def remove(self, job: Job) -> None:
        """Let a job wait no longer; it will not start."""
        self._waiting.remove(job)
        self._leave(job.order, job.record.target)

    def clear(self) -> list[Job]:
        """Let nobody wait any longer; return who did."""
        jobs = list(self._waiting)
        for job in jobs:
            self.remove(job)
        return jobs

    def starting(self) -> Iterator[Job]:
        """Take a place for each job that may start now, in order."""
        passed: set[Group] = set()  # groups whose first one has to wait
        for job in list(self._waiting) if self._free > 0 and not self.paused else ():
            if self._free <= 0:
                return
            group = _group_of(job)
            if job.order.group and (group in self._running or group in passed):
                passed.add(group)
                continue
            self._waiting.remove(job)
            self._free -= 1
            self._running.add(group)
            yield job

    def outlook(self) -> Iterator[tuple[Job, int, bool]]:
        """Yield who waits, its number in the queue, and whether one of its group is before it."""
        before = set(self._running)
        for place, job in enumerate(tuple(self._waiting), start=1):
            group = _group_of(job)
            yield job, place, bool(job.order.group) and group in before
            before.add(group)

    def _enter(self, order: Order, target: Target) -> None:
        if order.group:
            self._busy[target, order.group] += 1

    def _leave(self, order: Order, target: Target) -> None:
        if order.group:
            self._busy[target, order.group] -= 1
            if not self._busy[target, order.group]:
                del self._busy[target, order.group]


def _group_of(job: Job) -> Group:
    return job.record.target, job.order.group
