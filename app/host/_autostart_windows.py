"""Windows: a value of the user's Run key; no administrator, no service.

Learn, "Run and RunOnce Registry Keys": a command line of at most 260 characters. The Task
Manager and the Settings switch an entry off in StartupApproved\\Run: 12 bytes, of which the
first is odd when it is off (seen on Windows 10 and 11, not documented).
"""

import subprocess
from collections.abc import Sequence
from typing import Protocol

from app.host._autostart import TITLE, AutostartError, AutostartState, failure, same_agent
from app.i18n import _

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
LONGEST = 260  # characters


class Registry(Protocol):
    """The user's part of the registry (HKEY_CURRENT_USER); each may raise OSError."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value, None when there is none."""

    def write(self, key: str, name: str, value: str) -> None:
        """Set a text (REG_SZ); the key is made when it is not there."""

    def delete(self, key: str, name: str) -> None:
        """Remove a value, if it is there."""


class WindowsAutostart:
    """The entry of this program in the Run key."""

    kind = "Run"

    def __init__(self, command: Sequence[str], registry: Registry) -> None:
        self._words = command
        self._command = subprocess.list2cmdline(command)
        self._registry = registry
        self._where = f"HKEY_CURRENT_USER\\{RUN}"

    def install(self) -> None:
        """Write our command, and take back that the user switched an entry off."""
        if len(self._command) > LONGEST:
            raise AutostartError(
                _("Windows takes {limit} characters to start at login; this needs {count}.").format(
                    limit=LONGEST, count=len(self._command)
                ),
                _("Move the program or its home to a folder with a shorter path."),
            )
        try:
            self._registry.write(RUN, TITLE, self._command)
            self._registry.delete(APPROVED, TITLE)
        except OSError as cause:
            raise failure(self._where, cause) from cause

    def remove(self) -> None:
        """Delete the entry."""
        try:
            self._registry.delete(RUN, TITLE)
            self._registry.delete(APPROVED, TITLE)
        except OSError as cause:
            raise failure(self._where, cause) from cause

    def state(self) -> AutostartState:
        """Read the entry, and whether it is switched off."""
        try:
            command = self._registry.read(RUN, TITLE)
            approved = self._registry.read(APPROVED, TITLE)
        except OSError as cause:
            raise failure(self._where, cause) from cause
        text = command if isinstance(command, str) else ""
        return AutostartState(
            where=self._where,
            command=text,
            ours=same_agent(text, self._words, subprocess.list2cmdline),
            enabled=not (isinstance(approved, bytes) and approved[:1] and approved[0] % 2),
        )
