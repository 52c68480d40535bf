"""Flags and sub-commands → options → wiring → exit code."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__, cli_control, i18n
from app.cli_parser import PROGRAM, parse
from app.errors import ConfigError, FatalError
from app.exit_codes import ExitCode, exit_code_for
from app.i18n import _
from app.settings import BY_KEY
from app.terminal import say

if TYPE_CHECKING:
    from app.config import Config, Effective

_NOT_LOCAL = {"token", "token_file"}  # settings that a run without a platform does not look at


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


def _dispatch(options: argparse.Namespace) -> int:
    if options.version:
        say(f"{PROGRAM} {__version__}")
        return ExitCode.OK
    if options.command == "config":
        return _config_show(options.flags, as_json=options.json)
    if options.command == "run-local":
        return _run_local(options)
    if options.command is not None:
        return cli_control.control(options)
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


def _run_local(options: argparse.Namespace) -> int:
    """Run a suite from a file; Ctrl+C is no success here, however early it comes."""
    try:
        from app.config import gather  # noqa: PLC0415 (as above)
        from app.host.paths import default_home  # noqa: PLC0415 (as above)
        from app.local.run import LocalOptions, run_local  # noqa: PLC0415 (asyncio, vendors)

        secret = {BY_KEY[key].env for key in _NOT_LOCAL}
        flags = {key: text for key, text in options.flags.items() if key not in _NOT_LOCAL}
        environ = {name: text for name, text in os.environ.items() if name not in secret}
        effective = gather(flags, environ, default_home)
        _say_warnings(effective)
        junit = Path(options.junit) if options.junit else None
        wanted = LocalOptions(suite=Path(options.suite), junit=junit, keep=options.keep)
        return run_local(wanted, effective)
    except KeyboardInterrupt:
        return ExitCode.STOPPED


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
