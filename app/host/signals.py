"""Which signals end the agent, and how long its main thread may wait for one."""

import sys

# SIGHUP: the terminal was closed. SIGBREAK: the same, and Ctrl+Break, on Windows.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

# Seconds; None: until something happens. On Windows Ctrl+C cannot interrupt such a wait.
WAIT_SLICE: float | None = 1.0 if sys.platform == "win32" else None
