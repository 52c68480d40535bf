"""The jobs that owe something, and whose turn it is. Pure."""

from collections.abc import Iterator
from itertools import chain, islice

from app.journal.records import Target
from app.journal.stream import Stream

# Seconds between the results of two executions of a suite: the platform stamps whole seconds
# and takes those of one second together (protocol.md 7.2).
RESULT_GAP = 1.2


class Backlog:
    """Streams of all targets; only those of the current target get their turn.

    Live jobs take turns; the finished ones together are one more in the row, the oldest
    of them first.
    """

    def __init__(self) -> None:
        self._all: dict[int, Stream] = {}
        self._target: Target | None = None
        self._live: dict[int, Stream] = {}  # of the current target
        self._awake: dict[int, Stream] = {}  # the live ones that may have something to say
        self._done: dict[int, Stream] = {}
        self._suites: dict[tuple[Target, str], dict[int, Stream]] = {}  # executions of one suite
        self._results_from: dict[tuple[Target, str], float] = {}  # of the next execution
        self._turn = 0
        self._done_served = 0

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, key: int) -> Stream:
        return self._all[key]

    def get(self, key: int) -> Stream | None:
        """Return the job's stream; None when it owes nothing any more."""
        return self._all.get(key)

    def add(self, stream: Stream) -> None:
        """Take a job that owes, or will owe, something; after those that came before it."""
        self._all[stream.key] = stream
        if stream.execution is not None:
            name = (stream.target, stream.execution.suite_id)
            suite = self._suites.setdefault(name, {})
            stream.held = bool(suite)
            stream.results_from = self._results_from.get(name, 0.0)
            suite[stream.key] = stream
        self.sort_in(stream)

    def item_handled(self, stream: Stream, now: float) -> None:
        """The platform has handled an item of this job: maybe a result of a suite."""
        if stream.execution is not None:
            later = {name: at for name, at in self._results_from.items() if at > now}
            later[stream.target, stream.execution.suite_id] = now + RESULT_GAP
            self._results_from = later

    def sort_in(self, stream: Stream) -> None:
        """Put a job where it belongs after a change; forget it when it is settled."""
        self._live.pop(stream.key, None)
        self._awake.pop(stream.key, None)
        if stream.settled:
            self._done.pop(stream.key, None)
            self._all.pop(stream.key, None)
            self._release(stream)
        elif stream.target == self._target:
            (self._done if stream.finished else self._live)[stream.key] = stream
            self.wake(stream)

    def _release(self, stream: Stream) -> None:
        """Let the next execution of a suite speak: this one is delivered."""
        if stream.execution is None:
            return
        name = (stream.target, stream.execution.suite_id)
        suite = self._suites.get(name, {})
        suite.pop(stream.key, None)
        following = next(iter(suite.values()), None)
        if following is None:
            self._suites.pop(name, None)
        elif following.held:
            following.held = False
            following.results_from = self._results_from.get(name, 0.0)
            self.wake(following)

    def wake(self, stream: Stream) -> None:
        """Note that a job may have something to say; hundreds that wait cost nothing."""
        if stream.key in self._live:
            self._awake[stream.key] = stream

    def choose(self, target: Target | None) -> None:
        """Begin or end a session: everything goes back to what is confirmed."""
        self._target = target
        self._live, self._awake, self._done = {}, {}, {}
        for stream in self._all.values():
            stream.rewind()
            self.sort_in(stream)

    def current(self) -> Iterator[Stream]:
        """Return the jobs of the current target."""
        return chain(self._live.values(), self._done.values())

    def due(self, now: float) -> list[Stream]:
        """Return who may speak, the one that waited longest first."""
        for stream in [stream for stream in self._awake.values() if stream.due_at is None]:
            del self._awake[stream.key]
        due = [stream for stream in self._awake.values() if _is_due(stream, now)]
        due.extend(islice(self._done_due(now), 1))
        return sorted(due, key=self._served)

    def all_due(self, now: float) -> Iterator[Stream]:
        """Return everybody of the current target who has something to say."""
        return (stream for stream in self.current() if _is_due(stream, now))

    def served(self, stream: Stream) -> None:
        """Note that it was this job's turn."""
        self._turn += 1
        stream.served = self._turn
        if stream.finished:
            self._done_served = self._turn

    def next_due(self, now: float, *, blocked: bool) -> float | None:
        """Return when somebody may speak; `blocked`: of those due now nobody may."""
        times = [at for at in (stream.due_at for stream in self._awake.values()) if at is not None]
        if not blocked:
            if any(at <= now for at in times) or any(self._done_due(now)):
                return now
            times.extend(at for at in (s.due_at for s in self._done.values()) if at is not None)
        return min((at for at in times if at > now), default=None)

    def owed_bytes(self, target: Target | None) -> int:
        """Return the unconfirmed log bytes for one target; None: for all."""
        streams = self._all.values()
        return sum(s.owed_bytes for s in streams if target is None or s.target == target)

    def _done_due(self, now: float) -> Iterator[Stream]:
        return (stream for stream in self._done.values() if _is_due(stream, now))

    def _served(self, stream: Stream) -> int:
        return self._done_served if stream.finished else stream.served


def _is_due(stream: Stream, now: float) -> bool:
    due_at = stream.due_at
    return due_at is not None and due_at <= now
