"""The commands that drive a running agent: their flags, and from those to what is wanted."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from app.errors import ConfigError
from app.exit_codes import ExitCode
from app.i18n import _

COMMANDS = {  # name -> usage behind it
    "status": "[--json]",
    "dashboard": "[--link]",
    "jobs": "[--json]",
    "cancel": "ID",
    "pause": "",
    "resume": "",
    "connect": "",
    "disconnect": "",
    "stop": "[--now | --after-jobs]",
    "logs": "[ID] [-f] [-n N]",
}
FLAGS = {"--json", "--link", "--now", "--after-jobs", "--follow", "--lines"}
AGENT_LOG_LINES = 200  # shown of agent.log unless the user wants another number


def add_control(new_parser: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the sub-commands; `new_parser(name, about)` makes one that knows --home and --help."""
    for name in COMMANDS:
        parser = new_parser(name, _about(name))
        parser.add_argument("--json", action="store_true", help=_("print JSON"))
        if name in _ARGUMENTS:
            _ARGUMENTS[name](parser)


def _about(name: str) -> str:
    return {
        "status": _("show how the running agent is"),
        "dashboard": _("open the agent's page in the browser"),
        "jobs": _("list the jobs that run and wait"),
        "cancel": _("end a job, as the platform could; of a suite: SUITE_ID/EXECUTION_ID"),
        "pause": _("finish what runs, start nothing new; survives a restart"),
        "resume": _("end a pause"),
        "connect": _("connect to the platform"),
        "disconnect": _("leave the platform; survives a restart"),
        "stop": _("end the agent in order, and wait until it has ended"),
        "logs": _("print the agent's own log, or that of a job"),
    }[name]


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job_id", metavar="ID", help=_("the job's id, as `jobs` shows it"))


def _add_stop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--now", action="store_true", help=_("end running jobs at once, without their grace")
    )
    parser.add_argument(
        "--after-jobs",
        action="store_true",
        help=_("let running jobs end by themselves; those that wait are not started"),
    )


def _add_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "job_id", metavar="ID", nargs="?", default="", help=_("a job; without: the agent itself")
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help=_("go on with what is written from now on")
    )
    parser.add_argument(
        "-n",
        "--lines",
        metavar="N",
        help=_("begin with the last N lines (default: {count}; of a job: all)").format(
            count=AGENT_LOG_LINES
        ),
    )


def _add_dashboard(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--link",
        action="store_true",
        help=_("print the address instead; whoever has it can do all that you can"),
    )


_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "cancel": _add_id,
    "stop": _add_stop,
    "logs": _add_logs,
    "dashboard": _add_dashboard,
}


def control(options: argparse.Namespace) -> int:
    """Drive the running agent as `options` say; raises FatalError."""
    from app.config import home_of  # noqa: PLC0415 (--version and --help do not need them)
    from app.control.commands import Wanted, run_control  # noqa: PLC0415 (as above)
    from app.host.paths import default_home  # noqa: PLC0415 (as above)

    given = vars(options)
    wanted = Wanted(
        name=options.command,
        home=home_of(options.flags, os.environ, default_home),
        as_json=options.json,
        job_id=given.get("job_id", ""),
        how=_how(given),
        lines=_lines(given),
        follow=given.get("follow", False),
        link=given.get("link", False),
    )
    try:
        return run_control(wanted)
    except KeyboardInterrupt:
        return ExitCode.STOPPED


def _how(given: dict[str, Any]) -> str:
    ways = [way for way, key in (("now", "now"), ("after-jobs", "after_jobs")) if given.get(key)]
    if len(ways) > 1:
        raise ConfigError(_("--now and --after-jobs exclude each other."))
    return ways[0] if ways else ""


def _lines(given: dict[str, Any]) -> int | None:
    text = given.get("lines")
    if text is None:
        return None if given.get("job_id") else AGENT_LOG_LINES
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(_("--lines: expected a number, for example 50."))
    return min(int(text[:12]), 10**9)
