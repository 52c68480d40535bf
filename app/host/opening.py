"""Open a file or folder with the program that the user has chosen for it."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

from app.errors import AgentError
from app.host import containment
from app.i18n import _

log = logging.getLogger(__name__)


class CannotOpenError(AgentError):
    """The system has no way to open this."""


def open_for_user(path: Path) -> None:
    """Open `path` as a double click would; returns at once.

    Raises CannotOpenError when it is not there or nothing can be started; what goes wrong
    later is a line in the log.
    """
    if not path.exists():
        raise CannotOpenError(_("{path} does not exist.").format(path=path))
    _try(str(path), str(path))


def open_url(url: str) -> None:
    """Show a page in the user's browser; as `open_for_user`. The address stays out of logs."""
    _try(url, _("the page"))


def _try(what: str, named: str) -> None:
    containment.opened_for_user()
    try:
        _open(what, named)
    except OSError as cause:
        raise CannotOpenError(
            _("{path} cannot be opened: {why}.").format(path=named, why=cause.strerror or cause)
        ) from cause


if sys.platform == "win32":

    def _open(what: str, _named: str) -> None:
        """Ask the shell; no program of ours and so no console window is started."""
        os.startfile(what)  # noqa: S606 (this is what the shell's double click does)

else:
    _OPENER = "open" if sys.platform == "darwin" else "xdg-open"

    def _open(what: str, named: str) -> None:
        """Start the opener in a session of its own: neither Ctrl+C nor our end reaches it."""
        environment = containment.clean_environment({}, "")
        del environment[containment.MARKER]  # it belongs to the user, not to a job
        process = subprocess.Popen(
            [_OPENER, what],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        waiter = threading.Thread(target=_wait, args=(process, named), name="opened", daemon=True)
        waiter.start()

    def _wait(process: subprocess.Popen[bytes], named: str) -> None:
        """Collect it; some openers live as long as the program that they start."""
        code = process.wait()
        if code != 0:
            log.warning(_("%s could not open %s (exit code %d)"), _OPENER, named, code)
