"""The commands of a terminal: ask the agent, say the answer, return the exit code."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.control import words
from app.control.client import Agent, EndedError
from app.control.wire import (
    Ask,
    AskJobs,
    AskLogs,
    AskPage,
    AskStatus,
)
from app.errors import NotDoneError, NotRunningError
from app.exit_codes import ExitCode
from app.host.other_process import ended
from app.i18n import _, sentences
from app.state import CancelJob, Command
from app.terminal import harmless, put, say

_COLOURS = re.compile("\x1b\\[[0-9;:]*m")
LEAVE_TIMEOUT = 15.0  # seconds from the agent's goodbye to the end of its process
_LOOK_EVERY = 0.05  # seconds

STOP = {"now": Command.QUIT, "after-jobs": Command.DRAIN, "": Command.QUIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One command of a terminal; what does not belong to it keeps its default."""

    name: str
    home: Path
    as_json: bool = False
    job_id: str = ""
    how: str = ""  # stop: "", "now", "after-jobs"
    lines: int | None = None  # logs: of its end; None: all
    follow: bool = False
    link: bool = False  # dashboard: only tell the address


def run_control(wanted: Wanted) -> int:
    """Carry out a command; NotRunningError and NotDoneError are the caller's to say."""
    with Agent(wanted.home) as agent:
        return _COMMANDS[wanted.name](agent, wanted)


def _status(agent: Agent, wanted: Wanted) -> int:
    return _show(agent, wanted, AskStatus(), words.status_text)


def _jobs(agent: Agent, wanted: Wanted) -> int:
    columns = os.get_terminal_size().columns if _on_terminal() else None
    return _show(agent, wanted, AskJobs(), lambda jobs: words.jobs_table(jobs, columns))


def _switch(agent: Agent, wanted: Wanted) -> int:
    """Pause, resume, connect, disconnect."""

    def said(status: words.Answer) -> str:
        return sentences(_DONE[wanted.name](), _("{jobs}.").format(jobs=words.jobs_line(status)))

    return _show(agent, wanted, Command(wanted.name), said)


def _cancel(agent: Agent, wanted: Wanted) -> int:
    text = _("Job {job_id} is being ended.").format(job_id=wanted.job_id)
    return _show(agent, wanted, CancelJob(wanted.job_id), lambda _answer: text)


def _dashboard(agent: Agent, wanted: Wanted) -> int:
    def said(page: words.Answer) -> str:
        return str(page["url"]) if wanted.link else _("The dashboard is being opened.")

    return _show(agent, wanted, AskPage("", show=not wanted.link), said)


def raise_first(home: Path) -> bool:
    """Have the agent of `home` show its dashboard; False when none can be asked."""
    try:
        with Agent(home) as agent:
            agent.ask(AskPage("", show=True))
    except (NotDoneError, NotRunningError):
        return False
    return True


def _show(agent: Agent, wanted: Wanted, ask: Ask, in_words: Callable[[words.Answer], str]) -> int:
    answer = agent.ask(ask)
    say(json.dumps(answer, indent=2) if wanted.as_json else in_words(answer))
    return ExitCode.OK


def _stop(agent: Agent, wanted: Wanted) -> int:
    """Ask for the end and wait for it; Ctrl+C ends only the waiting."""
    is_over = ended(agent.pid)
    try:
        status = agent.ask(STOP[wanted.how])
        if wanted.how == "now":
            status = agent.ask(Command.QUIT)
        if not wanted.as_json:
            say(_("The agent ends: {jobs}.").format(jobs=words.jobs_line(status)))
        agent.wait_gone()
        _wait_over(is_over)
    except KeyboardInterrupt:
        say(_("Not waited for any longer: the agent ends by itself."), error=True)
        return ExitCode.STOPPED
    say(json.dumps({"ended": True}) if wanted.as_json else _("The agent has ended."))
    return ExitCode.OK


def _wait_over(is_over: Callable[[], bool]) -> None:
    until = time.monotonic() + LEAVE_TIMEOUT
    while not is_over():
        if time.monotonic() > until:
            raise NotDoneError(_("The agent said goodbye, but its process does not end."))
        time.sleep(_LOOK_EVERY)


def _logs(agent: Agent, wanted: Wanted) -> int:
    """Print a log; the end of what is followed is no error, nor is Ctrl+C."""
    show = _put_harmless if _on_terminal() else put
    try:
        for piece in agent.stream(AskLogs(wanted.job_id, wanted.lines, wanted.follow)):
            if not show(json.dumps({"text": piece}) + "\n" if wanted.as_json else piece):
                break  # `| head` has seen enough
    except EndedError:
        say(_("The agent has ended."), error=True)
    except KeyboardInterrupt:
        return ExitCode.OK
    return ExitCode.OK


def _on_terminal() -> bool:
    try:
        return sys.stdout is not None and sys.stdout.isatty()
    except ValueError:  # it is closed
        return False


def _put_harmless(piece: str) -> bool:
    """Print what a test wrote without its colours, and without letting it drive the terminal."""
    lines = _COLOURS.sub("", piece).split("\n")
    return put("\n".join(map(harmless, lines)))


_DONE: dict[str, Callable[[], str]] = {
    "pause": lambda: _("Paused: what runs is finished, nothing new is started."),
    "resume": lambda: _("Resumed: what waits is started again."),
    "connect": lambda: _("The agent connects."),
    "disconnect": lambda: _("The agent disconnects and stays so until `ats-agent connect`."),
}
_COMMANDS: dict[str, Callable[[Agent, Wanted], int]] = {
    "status": _status,
    "jobs": _jobs,
    "cancel": _cancel,
    "stop": _stop,
    "logs": _logs,
    "dashboard": _dashboard,
    **dict.fromkeys(_DONE, _switch),
}
