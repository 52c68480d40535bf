"""Start a child in its own group or job object, end its whole tree, sweep after a crash.

Everything here is called from one thread: the one that runs the agent's loop.

What is proof on Linux, where every orphan comes to the agent: a tag that each fork inherits
(_tag.py), the marker in the environment, the session, recorded ancestry, and that nobody
else can have started it. A process escapes them all only when it gives up its tag (root's
pam_limits in su, sudo or sshd, or a changed limit for message queues), empties its
environment, makes a session of its own and loses its parent before a look, while another
job runs. What is started by request through a service (systemd-run, a container engine,
at, cron) is no descendant and is out of reach.
"""

import os
import secrets
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from app.host import bundle
from app.host._first_step import FirstStep
from app.host._proc import MARKER, Mark, Proc, Steps, Tree
from app.i18n import _

if sys.platform == "win32":
    from app.host import _windows
elif sys.platform == "linux":
    from app.host import _linux, _subreaper

__all__ = [
    "MARKER",
    "Containment",
    "Mark",
    "Proc",
    "Steps",
    "clean_environment",
    "new_marker",
    "opened_for_user",
    "own_child",
    "prepare_process",
    "reap",
    "sweep_after_crash",
]

T = TypeVar("T")

_INTERNAL_ERROR = 1359  # ERROR_INTERNAL_ERROR of Windows
_MARKER_BYTES = 16
_OWN_PREFIX = "ATS_AGENT_"  # the agent's own settings, its token among them
_BOOTLOADER_PREFIXES = (
    "_PYI_",
    "_MEIPASS",
)  # would make another frozen program take ours for its own
_LOADER_PREFIX = "DYLD_"


def new_marker() -> str:
    """Return a fresh value for MARKER that nobody can guess or meet by accident."""
    return secrets.token_hex(_MARKER_BYTES)


def prepare_process() -> None:
    """Make this process fit to contain jobs; once, before the first of them."""
    if sys.platform == "win32":
        _windows.no_crash_dialogs()
    elif sys.platform == "linux":
        _subreaper.become_subreaper()
        _subreaper.hide_environment()


def opened_for_user() -> None:
    """Say, before it happens, that the agent opens something for the user.

    From then on an orphan that no marker, session or record proves is left alone.
    """
    if sys.platform == "linux":
        _subreaper.opened_for_user()


@contextmanager
def own_child() -> Iterator[Callable[[int], None]]:
    """Wrap a direct child of other code, from before its spawn to after its wait.

    Yields `register(pid)`; between the two the child is neither killed nor collected.
    """
    if sys.platform == "linux":
        with _subreaper.own_child() as register:
            yield register
    else:
        yield lambda _pid: None


def reap() -> int:
    """Collect adopted orphans that have ended; return how many. Call it now and then."""
    collected = 0
    if sys.platform == "linux":
        collected = _subreaper.reap()
    return collected


def sweep_after_crash(marks: Iterable[Mark]) -> list[Proc]:
    """Kill what an earlier agent left running, never an innocent process; return it.

    Blocks for about a second at most. Windows has ended the jobs together with their agent,
    but for one that was just being started.
    """
    wanted = list(marks)
    if not wanted:
        return []
    if sys.platform == "win32":
        from app.host import _windows_sweep as system  # noqa: PLC0415 (psutil: after a crash)
    else:
        from app.host import _posix as system  # noqa: PLC0415 (as above)
    return system.sweep_after_crash(wanted)


class Containment:
    """The processes of one job, from before its start until nothing is left of them."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._tree = _tree(marker)

    def popen_options(self) -> dict[str, Any]:
        """Return the arguments that the spawn of the child needs."""
        return self._tree.popen_options()

    def spawning(self) -> AbstractContextManager[None]:
        """Wrap the spawn and `adopt`: the child is nobody else's orphan meanwhile."""
        return self._tree.spawning()

    def forking(self) -> AbstractContextManager[None]:
        """Wrap the very fork, inside `spawning`, and nothing that lets other code run."""
        return self._tree.forking()

    async def forked_by(self, spawn: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await `spawn()`, which must fork before it waits for anything, as asyncio's do.

        Once more when Windows failed inside: there is no process then. Wine fails so now and
        then, when the new process dies before it is one.
        """
        try:
            return await FirstStep(self._tree.forking(), spawn())
        except OSError as error:
            if getattr(error, "winerror", None) != _INTERNAL_ERROR:
                raise
        return await FirstStep(self._tree.forking(), spawn())

    def adopt(self, pid: int) -> Proc:
        """Take the child just spawned, which may have ended already.

        Raises OSError when it cannot be contained; it has then been terminated.
        """
        return self._tree.adopt(pid)

    def leftovers(self) -> list[Proc]:
        """Return what lives of the job at a glance: of a big tree only a part."""
        return self._tree.members()

    def looking(self) -> Steps[list[Proc]]:
        """Find all that lives of the job, the main process included. Cheap when nothing does."""
        return self._tree.looking()

    def noting(self) -> Steps[None]:
        """Record who descends from the job, as proof for the time after a re-parenting."""
        return self._tree.noting()

    def asking(self) -> Steps[bool]:
        """Ask the whole tree to end; False when that cannot be delivered."""
        return self._tree.asking()

    def killing(self) -> Steps[list[Proc]]:
        """Kill what lives of the job and return it; repeat until nothing is left over."""
        return self._tree.killing()

    def close(self) -> None:
        """Forget the job; on Windows this ends what is still left of it."""
        self._tree.close()


def _tree(marker: str) -> Tree:
    tree: Tree
    if sys.platform == "win32":
        tree = _windows.JobObjectTree(marker)
    elif sys.platform == "linux" and _subreaper.is_subreaper():
        tree = _linux.LinuxTree(marker)
    else:
        from app.host import _posix  # noqa: PLC0415 (psutil: not needed by a subreaper)

        tree = _posix.ScanTree(marker)
    return tree


def clean_environment(extra: Mapping[str, str], marker: str) -> dict[str, str]:
    """Return the environment of a job: ours without secrets and freezing, `extra`, the marker.

    Raises ValueError with a sentence for a name or value that no system accepts.
    """
    for name, value in extra.items():
        _check_variable(name, value)
    clean = _inheritance()
    if sys.platform == "win32":  # names differ in case only: the job's wins
        extra = {name.upper(): value for name, value in extra.items()}
    return {**clean, **extra, MARKER: marker}


def _inheritance() -> Mapping[str, str]:
    """Return our own environment as a job gets it; remembered as long as it does not change."""
    frozen = bool(getattr(sys, "frozen", False))
    raw: Mapping[Any, Any]
    if sys.platform == "win32":
        raw = dict(os.environ)
    else:
        raw = dict(os.environb)  # as it is stored: nothing has to be decoded
    if _last.get("raw") != raw or _last.get("frozen") != frozen:
        _last.update(raw=raw, frozen=frozen, clean=_cleaned(frozen))
    remembered: dict[str, str] = _last["clean"]
    return remembered


_last: dict[str, Any] = {}


def _cleaned(frozen: bool) -> dict[str, str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith((_OWN_PREFIX, *_BOOTLOADER_PREFIXES))
    }
    if frozen:
        _undo_freezing(clean)
    return clean


def _undo_freezing(variables: dict[str, str]) -> None:
    """Take out what the executable needs for itself and would break other programs.

    Most of it is gone since the start (app.host.bundle.settle).
    """
    for name in [name for name in variables if name.startswith(_LOADER_PREFIX)]:
        del variables[name]
    bundle.clean(variables)


def _check_variable(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name:
        raise ValueError(_("An environment variable cannot be named {name!r}.").format(name=name))
    try:
        os.fsencode(name + value)
    except UnicodeEncodeError:
        impossible = True
    else:
        impossible = "\0" in value
    if impossible:
        raise ValueError(
            _("The environment variable {name} holds a character that none can hold.").format(
                name=ascii(name)[1:-1]
            )
        )
