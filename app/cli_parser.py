"""The command line: flags of the table of settings, sub-commands, help; nothing heavy."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from app import cli_autostart, cli_control, cli_login
from app.cli_help import HelpFormatter, help_epilog, run_local_epilog
from app.errors import ConfigError
from app.i18n import _
from app.setting import Kind, Setting
from app.settings import BY_KEY, SETTINGS
from app.terminal import say, width

PROGRAM = "ats-agent"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options, with `flags` holding the given settings as texts by key.

    Raises ConfigError, never with a value in it, and SystemExit(0) after --help.
    """
    glued = _glued(argv)
    _refuse_unknown(glued)
    options, left_over = _parser().parse_known_args(glued)
    if left_over:
        raise _left_over(left_over)
    given = vars(options)
    if options.json and options.command is None and not options.version:
        raise ConfigError(_("--json needs a command, or --version."), _see_help())
    options.flags = {s.key: given[s.key] for s in SETTINGS if s.key in given}
    return options


_FLAGS = {name for setting in SETTINGS for name in setting.flags}
_OTHER_FLAGS = {
    *("--help", "--version", "--junit", "--keep"),
    *cli_login.FLAGS,
    *cli_autostart.FLAGS,
    *cli_control.FLAGS,
}


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


def _left_over(arguments: Sequence[str]) -> ConfigError:
    """Name a flag that another command has, and nothing else: it may be a secret."""
    names = [argument.partition("=")[0] for argument in arguments]
    known = next((name for name in names if name in _FLAGS | _OTHER_FLAGS), None)
    text = _("An argument is left over that belongs to no flag.")
    if known is not None:
        text = _("{flag} does not belong to this command.").format(flag=known)
    return ConfigError(text, _see_help())


def _refuse_unknown(arguments: Sequence[str]) -> None:
    """Name the first unknown flag and the nearest known one, and no value that follows it."""
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("--") and name not in _FLAGS | _OTHER_FLAGS:
            shown = name if re.fullmatch(r"--[a-z][a-z_-]{0,30}", name) else "--…"
            import difflib  # noqa: PLC0415 (only for a mistake)

            nearest = difflib.get_close_matches(name, sorted(_FLAGS | _OTHER_FLAGS), n=1)
            hint = _("Did you mean {name}?").format(name=nearest[0]) if nearest else _see_help()
            raise ConfigError(_("Unknown flag {name}.").format(name=shown), hint)


def _see_help() -> str:
    return _("See {program} --help.").format(program=PROGRAM)


class _Parser(argparse.ArgumentParser):
    """argparse that raises ConfigError and survives a missing or broken stdout."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=HelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """Raise in our words: argparse's own would repeat a value, which may be a secret."""
        flag = re.match(r"argument (?:-\w/)?(--[a-z_-]+)[^:]*: (expected)?", message)
        missing = re.fullmatch(r"the following arguments are required: (.+)", message)
        if missing is not None:
            text = _("Something is missing: {what}.").format(what=missing[1])
        elif flag is None:
            text = _("Expected no command, or one of these: {commands}.").format(
                commands=", ".join(_commands())
            )
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
    parser = _Parser(
        prog=PROGRAM,
        usage=f"\n{' ' * width(_('usage: '))}".join(
            f"{PROGRAM} {command}".rstrip() for command in ("[FLAGS]", *_usages())
        ),
        parents=[options],
        description=_("Turns this computer into a test execution node of an ATS platform."),
        epilog=help_epilog(),
        allow_abbrev=False,
        add_help=False,
    )
    parser.set_defaults(command=None, version=False)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)  # with --version
    commands = parser.add_subparsers(dest="command", title=_("commands"), metavar="COMMAND")
    _add_config(commands, options)
    _add_run_local(commands, options)
    _add_with_flags(commands)
    _add_control(commands)
    about = _("test this very program: its modules, files, connections; a line per check")
    commands.add_parser("selftest", help=about, description=about, allow_abbrev=False)
    return parser


_CONFIG_SHOW = "config show [--json]"
_RUN_LOCAL = "run-local SUITE.yml [--junit FILE] [--keep]"


def _add_config(commands: "argparse._SubParsersAction[_Parser]", options: _Parser) -> None:
    about = _("print every effective setting and where it came from, then exit")
    config = commands.add_parser(
        "config", help=f"show: {about}", allow_abbrev=False, description=about
    )
    actions = config.add_subparsers(dest="action", metavar="show", required=True, help=about)
    show = actions.add_parser(
        "show",
        usage=f"{PROGRAM} {_CONFIG_SHOW} [FLAGS]",
        parents=[options],
        description=about,
        allow_abbrev=False,
        add_help=False,
    )
    show.add_argument("--json", action="store_true", help=_("print JSON"))


def _add_run_local(commands: "argparse._SubParsersAction[_Parser]", options: _Parser) -> None:
    about = _("run a suite from a file, without any platform")
    run = commands.add_parser(
        "run-local",
        help=about,
        usage=f"{PROGRAM} {_RUN_LOCAL} [FLAGS]",
        parents=[options],
        description=about,
        epilog=run_local_epilog(),
        allow_abbrev=False,
        add_help=False,
    )
    run.add_argument("suite", metavar="SUITE.yml", help=_("the file that describes the suite"))
    run.add_argument(
        "--junit",
        metavar="FILE",
        help=_("where the results go as JUnit XML (default: ats-results.xml beside SUITE.yml)"),
    )
    run.add_argument(
        "--keep", action="store_true", help=_("keep the temporary folder with log and checkout")
    )


def _add_with_flags(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """The commands that know some flags of the agent's own."""
    keys = {
        "login": ("server.url", "token_file", "work_dir", "home"),
        "logout": ("home",),
        "autostart": cli_autostart.KEYS,
    }
    usages = cli_login.COMMANDS | cli_autostart.COMMANDS

    def new_parser(name: str, about: str) -> argparse.ArgumentParser:
        flags = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
        for key in keys[name]:
            _add(flags, BY_KEY[key])
        flags.add_argument("-h", "--help", action="help", help=_("print this text and exit"))
        return commands.add_parser(
            name,
            help=about,
            usage=f"{PROGRAM} {name} {usages[name]}",
            parents=[flags],
            description=about,
            allow_abbrev=False,
            add_help=False,
        )

    cli_login.add_login(new_parser)
    cli_autostart.add_autostart(new_parser)


def _commands() -> list[str]:
    others = *cli_login.COMMANDS, *cli_autostart.COMMANDS, *cli_control.COMMANDS
    return ["config show", "run-local SUITE.yml", *others]


def _usages() -> list[str]:
    control = [f"{name} {usage}".strip() for name, usage in cli_control.COMMANDS.items()]
    more = cli_login.COMMANDS | cli_autostart.COMMANDS
    login = [f"{name} {usage}".strip() for name, usage in more.items()]
    return [f"[FLAGS] {_CONFIG_SHOW}", f"[FLAGS] {_RUN_LOCAL}", *login, *control, "selftest"]


def _add_control(commands: "argparse._SubParsersAction[_Parser]") -> None:
    home = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    _add(home.add_argument_group(_("which agent")), BY_KEY["home"])
    _add(home, BY_KEY["language"])
    home.add_argument("-h", "--help", action="help", help=_("print this text and exit"))

    def new_parser(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=about,
            usage=f"{PROGRAM} {name} {cli_control.COMMANDS[name]}".strip() + " [--home PATH]",
            parents=[home],
            description=about,
            allow_abbrev=False,
            add_help=False,
        )

    cli_control.add_control(new_parser)


def _options() -> _Parser:
    """The flags of the table, accepted before and after a sub-command."""
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    groups = {
        _("connection"): ("token", "token_file", "server.url"),
        _("behaviour"): ("work_dir", "home", "config", "headless", "logging.level", "language"),
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
    Kind.CHOICE: "WORD",
    Kind.LEVEL: "LEVEL",
    Kind.PATH: "PATH",
    Kind.TEXT: "DIR",
    Kind.TOKEN: "TOKEN",
}


def _add(group: argparse._ActionsContainer, setting: Setting) -> None:
    about = f"{_(setting.about)} [{setting.env}]"
    if setting.kind is Kind.SWITCH:
        group.add_argument(
            *setting.flags, dest=setting.key, action="store_const", const="yes", help=about
        )
        return
    group.add_argument(
        *setting.flags, dest=setting.key, metavar=_METAVARS[setting.kind], help=about
    )
