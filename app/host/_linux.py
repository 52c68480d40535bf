"""Linux: one job's processes, found by walking down from the agent, their subreaper."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from app.host import _procfs, _subreaper, _walk
from app.host._proc import Proc, Steps

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

AGENT = _subreaper.AGENT
Stat = _procfs.Stat
Walk = _walk.Walk

_LOOK_LIMIT = 0.01  # seconds; one walk is enough unless children are just coming and going
_KILL_LIMIT = 0.1  # seconds; a tree that keeps forking needs several walks
_NAMES_PER_STEP = 100
_NOTE_PAUSE = 0.5  # seconds; one record of all trees serves every job so long


class LinuxTree(_subreaper.Origin):
    """One job's processes: all that descend from the agent and are proven to be the job's."""

    _noted = False  # at least once

    def popen_options(self) -> dict[str, Any]:
        """Return the Popen arguments: a session of its own."""
        return {"start_new_session": True}

    @contextmanager
    def spawning(self) -> Iterator[None]:
        """Wrap the spawn and `adopt`: nobody else takes the new child for an orphan."""
        self.since = begin = _procfs.ticks_now()
        self.alone_until = sys.maxsize if AGENT.new_origin() else 0
        AGENT.trees.add(self)
        AGENT.spawns.append(begin)
        try:
            yield
        finally:
            AGENT.spawns.remove(begin)

    @contextmanager
    def forking(self) -> Iterator[None]:
        """Let the child inherit the job's tag."""
        with AGENT.tags.worn(AGENT.tagged) as tag:
            if tag is not None and AGENT.only_fork():
                self.tag = tag
                AGENT.tagged[tag] = self
            yield

    def adopt(self, pid: int) -> Proc:
        """Take the child that was just spawned, even if it has already ended."""
        for other in AGENT.trees:
            other.lose_session(pid)
        self.session = pid
        found = AGENT.register(pid, self)
        if found is None:
            return Proc(pid, _procfs.epoch(self.since), "")
        self.known[found.pid, found.started] = found.session
        return _procfs.plain(found)

    def members(self) -> list[Proc]:
        """Return the living, proven processes that one glance finds."""
        end = time.monotonic() + _LOOK_LIMIT
        walk = Walk({self}, _spare)
        for pause in walk.steps(_LOOK_LIMIT):
            if pause or time.monotonic() > end:
                break
        return [
            _procfs.describe(one) if time.monotonic() < end else _procfs.plain(one)
            for one in walk.seen.values()
        ]

    def looking(self) -> Steps[list[Proc]]:
        """Find all living, proven processes; costs some µs when there are none."""
        found = yield from self._look(_spare, _LOOK_LIMIT)
        named = []
        for number, one in enumerate(found, 1):
            named.append(_procfs.describe(one))
            if number % _NAMES_PER_STEP == 0:
                yield 0.0
        return named

    def noting(self) -> Steps[None]:
        """Record who descends from which job, unless that has just been done."""
        now = time.monotonic()
        recent = now < AGENT.noted + _NOTE_PAUSE
        if recent and self._noted:
            return
        self._noted = True
        if not recent:
            AGENT.noted = now
        trees = {self} if recent else set(AGENT.trees)
        yield from Walk(trees, _spare).steps(_LOOK_LIMIT)

    def asking(self) -> Steps[bool]:
        """Send SIGTERM to every process (and wake stopped ones to hear it)."""
        yield from self._look(_ask, _LOOK_LIMIT)
        return True

    def killing(self) -> Steps[list[Proc]]:
        """Send SIGKILL to each process as soon as a look finds it."""
        found = yield from self._look(_kill, _KILL_LIMIT)
        return [_procfs.plain(one) for one in found]

    def close(self) -> None:
        """Forget the job."""
        AGENT.trees.discard(self)
        if self.tag is not None:
            AGENT.tagged.pop(self.tag, None)
            self.tag = None
        AGENT.forget_gone()

    def _look(self, strike: Callable[[Stat], None], limit: float) -> Steps[list[Stat]]:
        walk = Walk({self}, strike)
        yield from walk.steps(limit)
        return list(walk.seen.values())


def _spare(_one: Stat) -> None:
    """Only look."""


def _ask(one: Stat) -> None:
    if _procfs.send(one, signal.SIGTERM):
        _procfs.send(one, signal.SIGCONT)


def _kill(one: Stat) -> None:
    """Kill, the whole group first where that is safe: no fork slips through in between.

    Safe are the groups of our own children (of other sessions than ours, as all that is
    struck): only we collect these, so that neither their pid nor their group can have
    become somebody else's since the look.
    """
    if one.parent == os.getpid() and one.group > 1:
        with suppress(OSError):
            os.killpg(one.group, signal.SIGKILL)
    _procfs.send(one, signal.SIGKILL)
