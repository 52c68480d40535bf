"""Another process of this computer: is it still there?"""

import os
from collections.abc import Callable


def ended(pid: int) -> Callable[[], bool]:
    """Return what tells whether the process that has this id now has ended; zombies have.

    A later process of the same id is not mistaken for it.
    """
    import psutil  # noqa: PLC0415 (only commands that wait for an end need it)

    if pid <= 0 or pid == os.getpid():
        return lambda: True
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return lambda: True

    def look() -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:  # it is there, more cannot be known
            return False

    return look
