"""A disk that takes only the beginning of a file (POSIX)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform != "win32":
    import resource


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes: a write takes a part, then fails."""
    if sys.platform != "win32":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        if sys.platform != "win32":
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
