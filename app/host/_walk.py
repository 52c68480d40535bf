"""Linux: one look at all that descends from the agent, some milliseconds at a time."""

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator

from app.host import _procfs, _subreaper, _tag
from app.host._proc import Steps

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

AGENT = _subreaper.AGENT
Key = _subreaper.Key
Origin = _subreaper.Origin
Stat = _procfs.Stat

STEP = 0.003  # seconds of work between two turns of others
EXEC_TIME = 0.002  # seconds; a process without environment may be in the middle of an exec
_BELIEVED = 0.0  # it had none the second time either
_BARE_LIMIT = 10_000  # processes without environment that are remembered
Heir = tuple[int, int, Origin | None, int]  # pid, parent, the parent's owner, listed at (ticks)


class Walk:
    """Finds the living processes of `trees`, and hands each to `strike` once, at once.

    Between two steps anything may happen: other walks, spawns, a tree that is closed.
    Therefore what is read of a process is used in the same step, a list of children is only
    believed where a process already lived when the list was read, and a record of a
    process is only dropped when a look at that very process shows its end.
    """

    def __init__(self, trees: Collection[Origin], strike: Callable[[Stat], None]) -> None:
        self._trees = trees
        self._strike = strike
        self.seen: dict[Key, Stat] = {}
        self._dead: list[int] = []
        self._in_doubt = False
        self._own, self._session = os.getpid(), os.getsid(0)
        self._turn = 0.0

    def steps(self, limit: float) -> Steps[None]:
        """Go down until no new child turns up meanwhile; at least once, then for `limit` seconds.

        One that forks all the time has moved on when a whole walk is over. What a dying
        parent leaves is in our list of children before it shows as dead; two equal lists
        also tell that none lacks an entry because a child just ended.
        """
        self._turn = time.monotonic() + STEP
        end = time.monotonic() + limit
        before = _procfs.own_children()
        while True:
            self._in_doubt = False
            yield from self._down(before)
            now = _procfs.own_children()
            yield from self._collect()
            if (now == before and not self._in_doubt) or time.monotonic() > end:
                break
            if now == before:
                yield from self._pause(EXEC_TIME)
                now = _procfs.own_children()
            before = now
        yield from self._drop_gone()

    def _down(self, roots: list[int]) -> Steps[None]:
        listed = _procfs.ticks_now()
        todo: list[Heir] = [(pid, self._own, None, listed) for pid in roots]
        while todo:  # newest first
            todo += self._visit(*todo.pop())
            yield from self._breath()

    def _visit(self, pid: int, parent: int, heritage: Origin | None, listed: int) -> Iterator[Heir]:
        one = _procfs.stat(pid)
        if one is None or one.parent not in {parent, self._own}:
            return
        if one.session == self._session:
            return  # nothing of a job can be in our own session
        if not one.alive:
            self._dead.append(one.pid)
            return
        main_of = AGENT.mains.get(one.pid, (None, None))
        if main_of[0] == one.started:
            owner = main_of[1]
        else:
            owner = (heritage if one.started <= listed else None) or self._owner(one)
        if owner is not None and owner in self._trees:
            self._found(one, owner)
        elif owner is not None or main_of[0] == one.started:
            return  # another job's or other code's, and so is all below
        now = _procfs.ticks_now()
        for child in _procfs.children(one.pid):
            yield child, one.pid, owner, now

    def _found(self, one: Stat, owner: Origin) -> None:
        key = one.pid, one.started
        owner.known[key] = one.session
        if key not in self.seen:
            self.seen[key] = one
            self._strike(one)

    def _owner(self, one: Stat) -> Origin | None:
        """Return whose process it is proven to be; without proof there may be doubt."""
        key = one.pid, one.started
        for tree in AGENT.trees:
            if key in tree.known:
                return tree
        tag = _tag.tag_of(one.pid)
        if tag in AGENT.tagged:
            return AGENT.tagged[tag]
        marker = "" if AGENT.bare.get(key) == _BELIEVED else _procfs.marker(one.pid)
        if marker:
            return next((tree for tree in AGENT.trees if tree.marker == marker), None)
        owner = _by_session(one) or _by_exclusion(one)
        if owner is None and marker is None:
            self._in_doubt |= _may_be_in_exec(key)
        return owner

    def _collect(self) -> Steps[None]:
        """Collect the adopted dead after the walk, which would change our list of children."""
        dead, self._dead = self._dead, []
        for pid in dead:
            one = _procfs.stat(pid)
            if one is not None:
                _subreaper.collect(one)
            yield from self._breath()

    def _drop_gone(self) -> Steps[None]:
        for tree in self._trees:
            for pid, started in [key for key in tree.known if key not in self.seen]:
                one = _procfs.stat(pid)
                if one is None or one.started != started or not one.alive:
                    tree.known.pop((pid, started), None)
                yield from self._breath()

    def _breath(self) -> Steps[None]:
        if time.monotonic() > self._turn:
            yield from self._pause(0.0)

    def _pause(self, seconds: float) -> Steps[None]:
        yield seconds
        self._turn = time.monotonic() + STEP


def _by_session(one: Stat) -> Origin | None:
    for tree in AGENT.trees:
        if one.session == tree.session or one.session in tree.known.values():
            return tree
    return None


def _by_exclusion(one: Stat) -> Origin | None:
    """Return the only one that an adopted orphan without proof can come from.

    There is none once another job, a child of other code or something opened for the
    user could have started it.
    """
    if AGENT.opened or one.parent != os.getpid():
        return None
    for tree in AGENT.trees:
        if tree.since <= one.started < tree.alone_until:
            return tree
    return None


def _may_be_in_exec(key: Key) -> bool:
    """Return whether a later look may find an environment; believe two that find none."""
    now = time.monotonic()
    if len(AGENT.bare) > _BARE_LIMIT:
        AGENT.bare.clear()
    if now - AGENT.bare.setdefault(key, now) < EXEC_TIME:
        return True
    AGENT.bare[key] = _BELIEVED
    return False
