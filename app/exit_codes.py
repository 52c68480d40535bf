"""The few exit codes of the agent, and which error ends with which."""

from enum import IntEnum

from app.errors import (
    AlreadyRunningError,
    ConfigError,
    JournalUnusableError,
    NotDoneError,
    NotRunningError,
    WorkDirError,
)


class ExitCode(IntEnum):
    """What the shell and a service manager see; documented in README and --help."""

    OK = 0  # ended as asked: Ctrl+C, quit and a signal included, before the start as well
    BUG = 1  # a long-lived part ended unexpectedly (agent.log has the traceback); selftest failed
    USAGE = 2  # a flag, variable or line of the file is wrong; nothing was started
    TOKEN_REFUSED = 3  # only a new token helps; starting again does not
    ALREADY_RUNNING = 4  # another agent uses this home folder
    FOLDER = 5  # the journal, the agent's own work folder or --junit's file cannot be used
    TESTS_FAILED = 6  # run-local: a test or the command failed, or the time ran out
    NOT_RUN = 7  # run-local: no checkout, or the command could not be started
    NO_AGENT = 8  # status, stop and the like: no agent runs for this home folder
    NOT_DONE = 9  # status, stop and the like: the agent refused or is silent; autostart: refused
    NOT_CONNECTED = 10  # login: no platform is reached with this address; nothing was saved
    STOPPED = 130  # run-local, login, status, stop and the like: ended by Ctrl+C or a signal


_ENDS: tuple[tuple[type[Exception], ExitCode], ...] = (
    (ConfigError, ExitCode.USAGE),
    (AlreadyRunningError, ExitCode.ALREADY_RUNNING),
    (WorkDirError, ExitCode.FOLDER),
    (JournalUnusableError, ExitCode.FOLDER),
    (NotRunningError, ExitCode.NO_AGENT),
    (NotDoneError, ExitCode.NOT_DONE),
)


def exit_code_for(error: BaseException) -> ExitCode:
    """Return the code with which an agent ended by `error` exits; BUG for what nobody expected."""
    for kind, code in _ENDS:
        if isinstance(error, kind):
            return code
    return ExitCode.BUG
