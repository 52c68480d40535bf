"""macOS: a LaunchAgent of the user (launchd.plist(5)); launchd reads it at the next login.

It is only written, not loaded: that would start the agent a second time, and unloading would
end the one that runs.
"""

import plistlib
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from app.host._autostart import NAME, AutostartState, failure, same_agent
from app.host.private_file import write_private

RESTART_PAUSE = 60  # seconds between two starts at least: launchd has no limit of their number


class MacAutostart:
    """The file of this program in ~/Library/LaunchAgents."""

    kind = "LaunchAgent"

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = list(command)
        self._path = folder / f"{NAME}.plist"

    def install(self) -> None:
        """Write the file."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._path, plistlib.dumps(self._job()))
        except OSError as cause:
            raise failure(self._path, cause) from cause

    def remove(self) -> None:
        """Delete the file."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as cause:
            raise failure(self._path, cause) from cause

    def state(self) -> AutostartState:
        """Read the file; one that launchd could not read either is another's."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return AutostartState(str(self._path))
        except OSError as cause:
            raise failure(self._path, cause) from cause
        job = _job_in(data)
        words = job.get("ProgramArguments")
        text = shlex.join(map(str, words)) if isinstance(words, list) else "?"
        return AutostartState(
            where=str(self._path),
            command=text,
            ours=same_agent(text, self._command, shlex.join),
            enabled=not job.get("Disabled"),
            restarts="KeepAlive" in job,
        )

    def _job(self) -> dict[str, Any]:
        return {
            "Label": NAME,
            "ProgramArguments": self._command,
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": RESTART_PAUSE,
            "ProcessType": "Interactive",  # else the system slows down the tests that we run
        }


def _job_in(data: bytes) -> dict[str, Any]:
    """Return what a file says; nothing when it is broken (what plistlib raises differs)."""
    try:
        job = plistlib.loads(data)
    except (ValueError, LookupError, TypeError, OverflowError, ExpatError):
        job = {}
    return job if isinstance(job, dict) else {}
