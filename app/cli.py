"""Flags and sub-commands → options → wiring → exit code."""

import argparse
import difflib
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from app import __version__, i18n
from app.errors import ConfigError, FatalError
from app.exit_codes import ExitCode, exit_code_for
from app.i18n import _
from app.setting import Kind, Setting
from app.settings import BY_KEY, SETTINGS
from app.terminal import say

if TYPE_CHECKING:
    from app.config import Config, Effective

PROGRAM = "ats-agent"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with `argv` (default: the process's own); returns the exit code.

    Ctrl+C before the agent runs is an orderly end like Ctrl+C later: 0, without a word.
    """
    i18n.install()
    # Until the agent's own handlers stand, SIGTERM ends like Ctrl+C, not by killing.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _dispatch(parse(sys.argv[1:] if argv is None else argv))
    except FatalError as error:
        say(f"{PROGRAM}: {error}", error=True)
        return exit_code_for(error)
    except KeyboardInterrupt:
        return ExitCode.OK


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options, with `flags` holding the given settings as texts by key.

    Raises ConfigError, never with a value in it, and SystemExit(0) after --help.
    """
    glued = _glued(argv)
    _refuse_unknown(glued)
    options, left_over = _parser().parse_known_args(glued)
    if left_over:
        raise ConfigError(_("An argument is left over that belongs to no flag."), _see_help())
    given = vars(options)
    options.flags = {s.key: given[s.key] for s in SETTINGS if s.key in given}
    return options


def _dispatch(options: argparse.Namespace) -> int:
    if options.version:
        say(f"{PROGRAM} {__version__}")
        return ExitCode.OK
    if options.command == "config":
        return _config_show(options.flags, as_json=options.json)
    config = _config(options.flags)
    from app.wiring import run_agent  # noqa: PLC0415 (brings asyncio and all vendors)

    return run_agent(config)


def _config(flags: Mapping[str, str]) -> "Config":
    """Return the Config; what the file was warned of is said even when it cannot be used."""
    from app.config import gather  # noqa: PLC0415 (--version and --help do not need it)
    from app.host.paths import default_home  # noqa: PLC0415 (as above)

    effective = gather(flags, os.environ, default_home)
    try:
        return effective.config()
    except ConfigError:
        _say_warnings(effective)
        raise


def _say_warnings(effective: "Effective") -> None:
    for warning in effective.warnings:
        say(f"{PROGRAM}: {warning}", error=True)


def _config_show(flags: Mapping[str, str], *, as_json: bool) -> int:
    """Print every effective setting with its origin; works without token and address."""
    from app.config import gather  # noqa: PLC0415 (--version and --help do not need it)
    from app.host.paths import default_home  # noqa: PLC0415 (as above)

    effective = gather(flags, os.environ, default_home)
    _say_warnings(effective)
    shown = effective.shown()
    if as_json:
        import json  # noqa: PLC0415 (only here)

        said = {key: {"value": value, "from": origin} for key, (value, origin) in shown.items()}
        say(json.dumps(said, indent=2))
    else:
        say(_table([(key, _text(key, value), origin) for key, (value, origin) in shown.items()]))
    return ExitCode.OK


def _text(key: str, value: object) -> str:
    return _(BY_KEY[key].default_text) if value is None else str(value)


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    rows = [(_("SETTING"), _("VALUE"), _("FROM")), *rows]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{key:{first}}  {value:{second}}  {origin}" for key, value, origin in rows)


_FLAGS = {name for setting in SETTINGS for name in setting.flags}
_OTHER_FLAGS = {"--help", "--version", "--json"}


def _glued(argv: Sequence[str]) -> list[str]:
    """Join `--token` and its value: a token may begin with "-", which argparse takes for a flag."""
    result: list[str] = []
    for argument in argv:
        is_flag = argument.partition("=")[0] in _FLAGS | _OTHER_FLAGS
        if result and result[-1] == "--token" and not is_flag:
            result[-1] = f"--token={argument}"
        else:
            result.append(argument)
    return result


def _refuse_unknown(arguments: Sequence[str]) -> None:
    """Name the first unknown flag and the nearest known one, and no value that follows it."""
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("--") and name not in _FLAGS | _OTHER_FLAGS:
            shown = name if re.fullmatch(r"--[a-z][a-z_-]{0,30}", name) else "--…"
            nearest = difflib.get_close_matches(name, sorted(_FLAGS | _OTHER_FLAGS), n=1)
            hint = _("Did you mean {name}?").format(name=nearest[0]) if nearest else _see_help()
            raise ConfigError(_("Unknown flag {name}.").format(name=shown), hint)


def _see_help() -> str:
    return _("See {program} --help.").format(program=PROGRAM)


class _Parser(argparse.ArgumentParser):
    """argparse that raises ConfigError and survives a missing or broken stdout."""

    def error(self, message: str) -> NoReturn:
        """Raise in our words: argparse's own would repeat a value, which may be a secret."""
        flag = re.match(r"argument (--[a-z_-]+)[^:]*: (expected)?", message)
        if flag is None:
            text = _("Expected no command, or this one: config show.")
        elif flag[2]:
            text = _("{flag} needs a value.").format(flag=flag[1])
        else:
            text = _("{flag} takes no value.").format(flag=flag[1])
        raise ConfigError(text, _see_help())

    def print_help(self, _file: object = None) -> None:
        """Print the help to stdout."""
        say(self.format_help().rstrip())


def _parser() -> argparse.ArgumentParser:
    options = _options()
    show_help = _("print every effective setting and where it came from, then exit")
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [FLAGS]\n       {PROGRAM} [FLAGS] config show [--json]",
        parents=[options],
        description=_("Turns this computer into a test execution node of an ATS platform."),
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.set_defaults(command=None, version=False)
    commands = parser.add_subparsers(
        dest="command", title=_("commands"), metavar="config show", help=show_help
    )
    config = commands.add_parser("config", allow_abbrev=False, description=show_help)
    actions = config.add_subparsers(dest="action", metavar="show", required=True, help=show_help)
    show = actions.add_parser(
        "show",
        usage=f"{PROGRAM} config show [--json] [FLAGS]",
        parents=[options],
        description=show_help,
        allow_abbrev=False,
        add_help=False,
    )
    show.add_argument("--json", action="store_true", help=_("print JSON"))
    return parser


def _options() -> _Parser:
    """The flags of the table, accepted before and after a sub-command."""
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    groups = {
        _("connection"): ("token", "token_file", "server.url"),
        _("running"): ("work_dir", "home", "config", "headless", "logging.level"),
    }
    for title, keys in groups.items():
        group = parser.add_argument_group(title)
        for setting in SETTINGS:
            if setting.key in keys:
                _add(group, setting)
    other = parser.add_argument_group(_("other"))
    other.add_argument("--version", action="store_true", help=_("print the version and exit"))
    other.add_argument("-h", "--help", action="help", help=_("print this text and exit"))
    return parser


_METAVARS = {
    Kind.ADDRESS: "URL",
    Kind.LEVEL: "LEVEL",
    Kind.PATH: "PATH",
    Kind.TEXT: "DIR",
    Kind.TOKEN: "TOKEN",
}


def _add(group: argparse._ArgumentGroup, setting: Setting) -> None:
    about = f"{_(setting.about)} [{setting.env}]"
    if setting.kind is Kind.SWITCH:
        group.add_argument(
            *setting.flags, dest=setting.key, action="store_const", const="yes", help=about
        )
        return
    group.add_argument(
        *setting.flags, dest=setting.key, metavar=_METAVARS[setting.kind], help=about
    )


def _epilog() -> str:
    return _("""\
examples:
  ats-agent --server-url ws://192.168.1.10:8000 --token-file ~/ats-token
  ats-agent --url='ws://192.168.1.10:8000/ws/agent' --token='T' --work_dir='/data/ats'
  ats-agent config show

The names in brackets are environment variables. Flags win over variables, these over the
file HOME/config.yaml (or --config), that over the defaults. A work folder that the platform
sends wins over --work-dir.

exit codes:
  0  ended as asked (Ctrl+C included)
  1  unexpected end, see logs/agent.log
  2  a flag, variable or line of the configuration is wrong; nothing was started
  3  the platform refused or revoked the token
  4  another agent already uses this home folder
  5  the work folder given with --work-dir, or the journal in HOME, cannot be used""")
