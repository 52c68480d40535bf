"""The error tree: it answers one question, try again or tell the user?"""

from pathlib import Path

from app.i18n import _, sentences


class AgentError(Exception):
    """Something went wrong that the user may have to know: a cause and a next step.

    `cause` says what happened and `next_step` what to do about it, each one sentence
    for a person, without secrets.
    """

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step

    def __str__(self) -> str:
        return sentences(self.cause, self.next_step)


class TransientError(AgentError):
    """Time may cure it: try again."""


class FatalError(AgentError):
    """Only the user can cure it: tell them and stop."""


class ConfigError(FatalError):
    """A flag, variable or line of the configuration file is wrong; nothing was started."""


class AlreadyRunningError(FatalError):
    """Another agent uses this home folder."""


class NotRunningError(FatalError):
    """No agent runs that uses this home folder."""


class NotDoneError(FatalError):
    """The running agent did not do what it was asked for, or does not answer."""


class WorkDirError(FatalError):
    """The work folder cannot be made or written; carries the path and the cause.

    `ordered`: the platform chose it, and its choice wins over --work-dir.
    """

    def __init__(self, path: Path, why: str, *, ordered: bool = False) -> None:
        here = _("Make it writable for this user or choose another one with --work-dir.")
        there = _("Make it writable for this user or name another one on the platform.")
        super().__init__(
            _("The work folder {path} cannot be used: {why}.").format(path=path, why=why),
            there if ordered else here,
        )
        self.path = path
        self.why = why


class JournalUnusableError(FatalError):
    """The journal in the home folder cannot be opened, or a newer agent wrote it."""


class LinkLostError(TransientError):
    """The connection could not be opened, or it died."""


class JournalError(TransientError):
    """The journal could not be written (full disk, say); the caller still owns the data."""
