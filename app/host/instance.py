"""One agent per home: a lock that the system releases, however the agent ends."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from app.errors import AlreadyRunningError, ConfigError
from app.host.paths import prepare_home
from app.i18n import _

LOCK_NAME = "agent.lock"

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 2**30  # far behind the pid, which others may read: Windows locks are mandatory

    def _lock(fd: int) -> None:
        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _taken(cause: OSError) -> bool:
        return isinstance(cause, PermissionError) or cause.errno == 0  # 0: what Wine says

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _taken(cause: OSError) -> bool:
        return isinstance(cause, BlockingIOError)


class InstanceLock:
    """Holds `<home>/agent.lock`, with this process's id in it, while the context lasts.

    Entering makes the home folder; it raises AlreadyRunningError when another agent holds
    the lock and ConfigError when the home folder cannot be used.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._fd: int | None = None

    def __enter__(self) -> "InstanceLock":
        prepare_home(self._home)
        path = self._home / LOCK_NAME
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            _lock(self._fd)
            self._write_pid(self._fd)
        except OSError as cause:
            problem = self._problem(cause)
            self._release()
            raise problem from cause
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._release()

    def _release(self) -> None:
        """Close the file; it is never removed, or two agents could lock two files of one name."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _write_pid(self, fd: int) -> None:
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, f"{os.getpid()}\n".encode())

    def _problem(self, cause: OSError) -> ConfigError | AlreadyRunningError:
        if self._fd is not None and _taken(cause):
            return AlreadyRunningError(
                _("Another agent ({holder}) already uses the home folder {path}.").format(
                    holder=_holder(self._fd), path=self._home
                ),
                _("See it with `{status}`, or give this one a folder of its own: --home.").format(
                    status=f"ats-agent status --home {self._home}"
                ),
            )
        return ConfigError(
            _("The home folder {path} cannot be locked: {why}.").format(
                path=self._home, why=cause.strerror
            ),
            _("Choose one on a local disk with --home."),
        )


def _holder(fd: int) -> str:
    """Return who holds the lock, as far as the file tells."""
    with suppress(OSError, ValueError):
        os.lseek(fd, 0, os.SEEK_SET)
        return _("process {pid}").format(pid=int(os.read(fd, 20)))
    return _("process unknown")
