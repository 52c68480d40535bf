"""Linux: one job's processes, found by walking down from the agent, their subreaper."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from app.host import _procfs, _subreaper
from app.host._proc import Proc

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

Stat = _procfs.Stat
AGENT = _subreaper.AGENT

_LOOK_LIMIT = 0.01  # seconds; one walk is enough unless children are just coming and going
_KILL_LIMIT = 0.1  # seconds; a tree that keeps forking needs several walks
_EXEC_PAUSE = 0.0005  # seconds; a process without environment may be in the middle of an exec
_EXEC_LOOKS = 4


class LinuxTree(_subreaper.Origin):
    """One job's processes: all that descend from the agent and are proven to be the job's."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._since = 0  # ticks
        self._known: set[tuple[int, int]] = set()  # recorded: pid, start
        self._sessions: set[int] = set()  # of the living members
        self._no_environment: set[tuple[int, int]] = set()

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments: a session of its own."""
        return {"start_new_session": True}

    @contextmanager
    def spawning(self) -> Iterator[None]:
        """Wrap the spawn and `adopt`: nobody else takes the new child for an orphan."""
        self._since = _procfs.ticks_now()
        alone = AGENT.new_origin()
        self.alone_until = sys.maxsize if alone else 0
        AGENT.trees.add(self)
        AGENT.spawns.append(self._since)
        try:
            yield
        finally:
            AGENT.spawns.remove(self._since)

    def adopt(self, pid: int) -> Proc:
        """Take the child that was just spawned, even if it has already ended."""
        for other in AGENT.trees:
            other.lose_session(pid)
        self.session = pid
        found = AGENT.register(pid, self)
        if found is None:
            return Proc(pid, _procfs.epoch(self._since), "")
        self._known.add((found.pid, found.started))
        return _procfs.describe(found)

    def members(self) -> list[Proc]:
        """Return the living, proven processes; costs some µs when there are none."""
        return [_procfs.describe(found) for found in self._look(_spare, _LOOK_LIMIT)]

    def ask(self) -> bool:
        """Send SIGTERM to every process (and wake stopped ones to hear it)."""
        self._look(_ask, _LOOK_LIMIT)
        return True

    def kill(self) -> list[Proc]:
        """Send SIGKILL to each process as soon as a look finds it."""
        found = self._look(_kill, _KILL_LIMIT)
        return [Proc(one.pid, _procfs.epoch(one.started), one.name) for one in found]

    def close(self) -> None:
        """Forget the job."""
        AGENT.trees.discard(self)
        AGENT.forget_gone()

    def _look(self, strike: Callable[[Stat], None], limit: float) -> list[Stat]:
        """Walk the tree until no new child turns up meanwhile, for at most `limit` seconds.

        Each living process gets `strike` once, at once: one that forks all the time has
        moved on when a whole walk is over. What a dying parent leaves is in our list of
        children before it shows as dead; two equal lists also tell that none lacks an
        entry because a child just ended.
        """
        seen: dict[tuple[int, int], Stat] = {}
        end = time.monotonic() + limit
        before = _procfs.own_children()
        while True:
            now, settled = self._walk(before, seen, strike)
            if (now == before and settled) or time.monotonic() > end:
                break
            before = now
        self._known = set(seen)
        self._sessions = {one.session for one in seen.values()}
        return list(seen.values())

    def _walk(
        self,
        roots: list[int],
        seen: dict[tuple[int, int], Stat],
        strike: Callable[[Stat], None],
    ) -> tuple[list[int], bool]:
        """Go down from `roots`, newest first; return our children now, and whether all is clear."""
        own, session = os.getpid(), os.getsid(0)
        settled = True
        dead: list[Stat] = []
        todo = [(pid, own, False) for pid in roots]
        while todo:
            pid, parent, proven = todo.pop()
            one = _procfs.stat(pid)
            if one is None or one.parent not in {parent, own}:
                continue
            if one.session == session or self._is_foreign(one):
                continue  # nothing of a job can be in our own session
            if not one.alive:
                dead.append(one)
                continue
            verdict = proven or self._proves(one)
            settled = settled and verdict is not None
            if verdict and (one.pid, one.started) not in seen:
                seen[one.pid, one.started] = one
                strike(one)
            todo += [(child, pid, bool(verdict)) for child in _procfs.children(pid)]
        now = _procfs.own_children()
        for one in dead:
            _subreaper.collect(one)
        return now, settled

    def _is_foreign(self, one: Stat) -> bool:
        """Return whether `one` is another job's main process or other code's child."""
        started, tree = AGENT.mains.get(one.pid, (None, None))
        return started == one.started and tree is not self

    def _proves(self, one: Stat) -> bool | None:
        """Return whether `one` is proven to be the job's; None: look again in a moment."""
        if (one.pid, one.started) in self._known:
            return True
        marker = self._marker_of(one)
        if marker:
            return marker == self.marker
        if one.session in {self.session, *self._sessions} or self._only_origin(one):
            return True
        return None if marker is None and self._was_in_exec(one) else False

    def _marker_of(self, one: Stat) -> str | None:
        if (one.pid, one.started) in self._no_environment:
            return ""
        return _procfs.marker(one.pid)

    def _was_in_exec(self, one: Stat) -> bool:
        """Look a few times at a process without environment, then believe it for good."""
        for _ in range(_EXEC_LOOKS):
            time.sleep(_EXEC_PAUSE)
            if _procfs.marker(one.pid) is not None:
                return True
        self._no_environment.add((one.pid, one.started))
        return False

    def _only_origin(self, one: Stat) -> bool:
        """Return whether an adopted orphan without proof can be no one else's.

        Only true while no other job, no child of other code and nothing opened for
        the user could have started it.
        """
        if AGENT.opened or one.parent != os.getpid():
            return False
        return self._since <= one.started < self.alone_until


def _spare(_one: Stat) -> None:
    """Only look."""


def _ask(one: Stat) -> None:
    if _procfs.send(one, signal.SIGTERM):
        _procfs.send(one, signal.SIGCONT)


def _kill(one: Stat) -> None:
    """Kill, the whole group first where that is safe: no fork slips through in between.

    Safe are the groups of our own children (of other sessions than ours, as all that
    is struck): these are not collected before the walk is over, so that neither their
    pid nor their group can have become somebody else's.
    """
    if one.parent == os.getpid() and one.group > 1:
        with suppress(OSError):
            os.killpg(one.group, signal.SIGKILL)
    _procfs.send(one, signal.SIGKILL)
