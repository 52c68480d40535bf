"""Linux: the agent as subreaper: every orphan of a job becomes its child, and is told apart."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.host import _procfs, _tag

assert sys.platform == "linux"  # noqa: S101 (tells the type checker whose file this is)

Stat = _procfs.Stat
Key = tuple[int, int]  # pid and start (ticks): one process for all time
_PR_SET_DUMPABLE = 4  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36
NOBODY = -1  # no pid, group or session; 0 would mean our own
_LOOKS = 20  # readings until two lists of children agree
_OPENING = 5.0  # seconds in which something is opened for the user, perhaps by another thread
_REAP_LIMIT = 0.005  # seconds that one call of reap() may take


class Origin:
    """Something that may leave orphans: a job's tree, and what is recorded of it."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self.tag: int | None = None
        self.session = NOBODY  # that its main process made
        self.since = 0  # ticks; nothing of it started earlier
        self.alone_until = 0  # ticks; an orphan that started before can come from nowhere else
        self.known: dict[Key, int] = {}  # the living members, and their sessions

    def lose_session(self, number: int) -> None:
        """Give up a session whose number now belongs to a new main process."""
        if self.session == number:
            self.session = NOBODY


class Agent:
    """What this process knows of its direct children; one per process, as the subreaper is."""

    def __init__(self) -> None:
        self.subreaper = False
        self.opened = False  # something was opened for the user: orphans may be theirs
        self.opened_at = -_OPENING  # (monotonic)
        self.mains: dict[int, tuple[int, Origin | None]] = {}  # pid → start, tree or other code
        self.trees: set[Origin] = set()
        self.spawns: list[int] = []  # begin (ticks) of each spawn that is under way
        self.others = 0  # own_child() contexts that are open
        self.had_others = False  # other code's children may have left orphans
        self.bare: dict[Key, float] = {}  # without environment → seen so first (monotonic)
        self.tags = _tag.Tags()
        self.tagged: dict[int, Origin] = {}  # tag → the living tree that has it
        self.noted = 0.0  # when the last record of all trees began (monotonic)

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
        """A possible parent of orphans appears; return whether it is the only one.

        Orphans that other jobs have left are none: theirs come in vain, they started before.
        """
        now = _procfs.ticks_now()
        for tree in self.trees:
            tree.alone_until = min(tree.alone_until, now)
        if self.others or self.trees or self.opened:
            return False
        self.forget_gone()
        return not self.mains and not (self.had_others and all_children())

    def only_fork(self) -> bool:
        """Return whether no other code of this process can be about to fork."""
        return not self.others and time.monotonic() > self.opened_at + _OPENING

    def forget_gone(self) -> None:
        """Drop the registered children of closed trees that have been collected."""
        for pid, (started, tree) in list(self.mains.items()):
            if tree is None or tree in self.trees:
                continue
            found = _procfs.stat(pid)
            if found is None or found.started != started:
                del self.mains[pid]


def all_children() -> list[int]:
    """Return this process's direct children, zombies and what other threads started included."""
    return _twice(lambda: _procfs.children(os.getpid()))


def own_children() -> list[int]:
    """Return the children that can be a job's, zombies included."""
    return _twice(_procfs.own_children)


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
    listed = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110 (one stat)
    AGENT.subreaper = listed and _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    return AGENT.subreaper


def hide_environment() -> bool:
    """Keep other processes of the same user from reading our environment and memory.

    Our token may be in there. What we start is not concerned: an exec undoes it (prctl(2)).
    The user root reads everything all the same.
    """
    return _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> bool:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    prctl.restype = ctypes.c_int
    return bool(prctl(option, value, 0, 0, 0) == 0)


def is_subreaper() -> bool:
    """Return whether orphans come to this process."""
    return AGENT.subreaper


def opened_for_user() -> None:
    """From now on an orphan without proof may be the user's."""
    AGENT.opened = True
    AGENT.opened_at = time.monotonic()


@contextmanager
def own_child() -> Iterator[Callable[[int], None]]:
    """Wrap other code's direct child from before its spawn to after its wait."""
    AGENT.new_origin()
    AGENT.others += 1
    AGENT.had_others = True
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
    """Collect adopted zombies, never a child that someone waits for; return how many.

    One system call when there is no zombie. Ends early when there are very many.
    """
    if not AGENT.subreaper:
        return 0
    count, end = 0, time.monotonic() + _REAP_LIMIT
    while (pid := _any_zombie()) is not None and time.monotonic() < end:
        found = _procfs.stat(pid)
        if found is None or not collect(found):
            return count + _reap_behind(end)
        count += 1
    return count


def _any_zombie() -> int | None:
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if ended is None else ended.si_pid


def _reap_behind(end: float) -> int:
    """Collect the zombies that are hidden behind one that someone else waits for."""
    count = 0
    for pid in own_children():
        found = _procfs.stat(pid)
        count += found is not None and collect(found)
        if time.monotonic() > end:
            break
    return count


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
