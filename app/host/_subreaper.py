"""Linux: the agent as subreaper: every orphan of a job becomes its child, and is told apart."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.host import _procfs

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

Stat = _procfs.Stat
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
NOBODY = -1  # no pid, group or session; 0 would mean our own
_LOOKS = 20  # readings until two lists of children agree


class Origin:
    """Something that may leave orphans: a job's tree."""

    alone_until = 0  # ticks; an orphan that started before can come from nowhere else
    session = NOBODY  # that its main process made

    def lose_session(self, number: int) -> None:
        """Give up a session whose number now belongs to a new main process."""
        if self.session == number:
            self.session = NOBODY


class Agent:
    """What this process knows of its direct children; one per process, as the subreaper is."""

    def __init__(self) -> None:
        self.subreaper = False
        self.opened = False  # something was opened for the user: orphans may be theirs
        self.mains: dict[int, tuple[int, Origin | None]] = {}  # pid → start, tree or other code
        self.trees: set[Origin] = set()
        self.spawns: list[int] = []  # begin (ticks) of each spawn that is under way
        self.others = 0  # own_child() contexts that are open

    def register(self, pid: int, tree: Origin | None) -> Stat | None:
        """Note a direct child; None when it has already ended and was collected."""
        found = _procfs.stat(pid)
        if found is None or found.parent != os.getpid():
            return None
        self.mains[pid] = (found.started, tree)
        return found

    def owner_known(self, found: Stat) -> bool:
        """Return whether `found` is a registered child (never an adopted one)."""
        return self.mains.get(found.pid, (None, None))[0] == found.started

    def new_origin(self) -> bool:
        """A possible parent of orphans appears; return whether it is the only one."""
        now = _procfs.ticks_now()
        living = [s for s in map(_procfs.stat, all_children()) if s is not None and s.alive]
        alone = not self.others and not living
        for tree in self.trees:
            tree.alone_until = min(tree.alone_until, now)
        return alone

    def forget_gone(self) -> None:
        """Drop registered children that have been collected."""
        for pid, (started, _tree) in list(self.mains.items()):
            found = _procfs.stat(pid)
            if found is None or found.started != started:
                del self.mains[pid]


def all_children() -> list[int]:
    """Return this process's direct children, zombies and what other threads started included."""
    return _twice(lambda: _procfs.children(os.getpid()))


def _twice(listing: Callable[[], list[int]]) -> list[int]:
    """The kernel's list may miss an entry while another child ends: two must agree."""
    last = listing()
    for _ in range(_LOOKS):
        now = listing()
        if now == last:
            break
        last = now
    return last


def become_subreaper() -> bool:
    """Make orphans of this process's descendants its children (Linux 3.4, prctl(2))."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    prctl.restype = ctypes.c_int
    listed = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110 (one stat)
    AGENT.subreaper = listed and prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    return AGENT.subreaper


def is_subreaper() -> bool:
    """Return whether orphans come to this process."""
    return AGENT.subreaper


def opened_for_user() -> None:
    """From now on an orphan without proof may be the user's."""
    AGENT.opened = True


@contextmanager
def own_child() -> Iterator[Callable[[int], None]]:
    """Wrap other code's direct child from before its spawn to after its wait."""
    AGENT.new_origin()
    AGENT.others += 1
    pids: list[int] = []

    def register(pid: int) -> None:
        pids.append(pid)
        AGENT.register(pid, None)

    try:
        yield register
    finally:
        AGENT.others -= 1
        for pid in pids:
            AGENT.mains.pop(pid, None)


def reap() -> int:
    """Collect adopted zombies, never a child that someone waits for; return how many."""
    if not AGENT.subreaper:
        return 0
    children = _twice(_procfs.own_children)
    return sum(collect(found) for found in map(_procfs.stat, children) if found)


def collect(found: Stat) -> bool:
    """Collect one child if it is dead and was adopted; return whether it was.

    Nothing of a job is in our session; one that is being spawned is not registered yet.
    """
    if found.alive or found.parent != os.getpid() or AGENT.owner_known(found):
        return False
    if found.session == os.getsid(0) or found.started >= min(AGENT.spawns, default=sys.maxsize):
        return False
    try:
        return os.waitpid(found.pid, os.WNOHANG)[0] == found.pid
    except ChildProcessError:
        return False


AGENT = Agent()
