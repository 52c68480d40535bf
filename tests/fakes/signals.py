"""A signal to the own process, as its user or system would send it."""

import os
import signal
import sys


def signal_ourselves(number: int) -> None:
    """Send it from any thread; os.kill would terminate the process on Windows."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)
