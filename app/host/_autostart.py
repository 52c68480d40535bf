"""What starting at login means, whatever the system: its state, its errors, its interface."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from app.errors import NotDoneError
from app.host.paths import APP_NAME
from app.i18n import _

HOME, CONFIG, HEADLESS = "--home", "--config", "--headless"  # in this order, all optional
TITLE = "ATS agent"  # as the system lists it
NAME = APP_NAME  # of files and entries


class AutostartError(NotDoneError):
    """Starting at login could not be switched on or off."""


@dataclass(frozen=True, slots=True)
class AutostartState:
    """What the system would do at the next login of this user."""

    where: str  # the file or the registry key that says so; where it would be, when not installed
    command: str = ""  # that it would start, as written there; "" when nothing is installed
    ours: bool = False  # it starts this very program with this home, with whatever other flags
    enabled: bool = True  # False: it is installed, but switched off in the system's own settings
    restarts: bool = False  # the system also starts it again after a crash

    @property
    def installed(self) -> bool:
        """Something is there, perhaps for another program or home, perhaps switched off."""
        return bool(self.command)

    @property
    def on(self) -> bool:
        """This program will be started."""
        return self.installed and self.ours and self.enabled

    @property
    def problem(self) -> str:
        """Return what the user should know of an entry that does not start us; else ""."""
        if not self.installed or self.on:
            return ""
        if not self.ours:
            return _("It is set up for another program or home folder: {command}.").format(
                command=self.command
            )
        return _("It is switched off in the system's own settings.")


class Autostart(Protocol):
    """Start at login, of one user on one system. Files and small programs: may block a moment."""

    @property
    def kind(self) -> str:
        """Return the system's name for it, for a person."""

    def install(self) -> None:
        """Have this program started at login, whatever was there before.

        Raises AutostartError.
        """

    def remove(self) -> None:
        """Have nothing started at login, not even another program under our name.

        Raises AutostartError. Nothing that runs is ended.
        """

    def state(self) -> AutostartState:
        """Return what is installed. Raises AutostartError when that cannot be read."""


def same_agent(
    installed: str, command: Sequence[str], quoted: Callable[[Sequence[str]], str]
) -> bool:
    """Tell whether two commands start the same program with the same home.

    `installed` is as `quoted` would have written it.
    """
    ours = quoted(list(takewhile(lambda word: word not in (CONFIG, HEADLESS), command)))
    more = installed.removeprefix(ours)
    if more == installed:
        return False
    return not more or (more[0] == " " and not more.lstrip(' "').startswith(HOME))


def failure(where: object, cause: OSError) -> AutostartError:
    """Return the error for a file or key that cannot be read or written."""
    return AutostartError(
        _("{where} cannot be used: {why}.").format(where=where, why=cause.strerror or cause),
        _("Make it writable for this user."),
    )
