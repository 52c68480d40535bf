"""Flags and sub-commands → options → wiring → exit code."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import __version__, cli_autostart, cli_control, cli_login, i18n
from app.cli_parser import PROGRAM, parse
from app.errors import ConfigError, FatalError, WorkDirError
from app.exit_codes import ExitCode, exit_code_for
from app.host.language import system_language
from app.i18n import _
from app.language import asked
from app.settings import BY_KEY
from app.terminal import padded, say, width

if TYPE_CHECKING:
    from app.config import Effective

_NOT_LOCAL = {"token", "token_file"}  # settings that a run without a platform does not look at


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with `argv` (default: the process's own); returns the exit code.

    Ctrl+C before the agent runs is an orderly end like Ctrl+C later: 0, without a word.
    """
    argv = sys.argv[1:] if argv is None else argv
    i18n.install(asked(argv, os.environ) or system_language(os.environ))
    # Until the agent's own handlers stand, SIGTERM ends like Ctrl+C, not by killing.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if argv[:1] == ["demo"]:
            return _demo(argv[1:])
        return _dispatch(parse(argv))
    except FatalError as error:
        say(f"{PROGRAM}: {error}", error=True)
        return exit_code_for(error)
    except KeyboardInterrupt:
        return ExitCode.OK


def _demo(argv: Sequence[str]) -> int:
    from app.demo.__main__ import main as demo  # noqa: PLC0415 (a platform, its page)

    return demo(argv)


def _dispatch(options: argparse.Namespace) -> int:
    if options.version:
        return _version(as_json=options.json)
    if options.command == "selftest":
        from app.selftest.run import selftest  # noqa: PLC0415 (everything: all modules)

        return selftest()
    if options.command == "config":
        return _config_show(options.flags, as_json=options.json)
    if options.command == "run-local":
        return _run_local(options)
    if options.command in cli_autostart.COMMANDS:
        return cli_autostart.run_autostart(options)
    if options.command in cli_login.COMMANDS:
        return cli_login.run_login(options)
    if options.command is not None:
        return cli_control.control(options)
    with _uncollected():
        return _run(options.flags)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be looked for: nearly all that the start makes stays.

    wiring/run.py lets it be looked for again as soon as the agent stands.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()  # also when nothing was started


def _version(*, as_json: bool) -> int:
    if as_json:
        import json  # noqa: PLC0415 (only here)

        from app.build_info import build_info  # noqa: PLC0415 (only here)

        say(json.dumps(build_info(), indent=2))
    else:
        say(f"{PROGRAM} {__version__}")
    return ExitCode.OK


def _run(flags: Mapping[str, str]) -> int:
    """Run the agent; what the file was warned of is said even when nothing can be started."""
    from app.host import bundle  # noqa: PLC0415 (--version and --help do not need it)
    from app.host.loading import load  # noqa: PLC0415 (as above)
    from app.wiring.run import run_agent  # noqa: PLC0415 (brings asyncio and all vendors)

    bundle.stay()
    reading = partial(load, flags, dict(os.environ))
    effective = reading()
    language = effective.config_so_far().language
    if language is not None:  # of the file, perhaps; the rest was known before
        i18n.install(language)
    try:
        return run_agent(effective, reading)
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
        from app.host.paths import default_home, portable_file  # noqa: PLC0415 (as above)
        from app.local.run import LocalOptions, run_local  # noqa: PLC0415 (asyncio, vendors)

        secret = {BY_KEY[key].env for key in _NOT_LOCAL}
        flags = {key: text for key, text in options.flags.items() if key not in _NOT_LOCAL}
        environ = {name: text for name, text in os.environ.items() if name not in secret}
        effective = gather(flags, environ, default_home, portable=portable_file())
        _say_warnings(effective)
        junit = Path(options.junit) if options.junit else None
        wanted = LocalOptions(suite=Path(options.suite), junit=junit, keep=options.keep)
        return run_local(wanted, effective)
    except KeyboardInterrupt:
        return ExitCode.STOPPED


def _config_show(flags: Mapping[str, str], *, as_json: bool) -> int:
    """Print every effective setting with its origin; works without token and address."""
    from app.effective import in_words  # noqa: PLC0415 (--version and --help do not need it)
    from app.host.loading import load  # noqa: PLC0415 (as above)

    effective = load(flags, os.environ)
    _say_warnings(effective)
    if effective.problem is not None:
        say(f"{PROGRAM}: {effective.problem}", error=True)
    shown = effective.shown() | _folders(effective)
    if as_json:
        import json  # noqa: PLC0415 (only here)

        said = {key: {"value": value, "from": origin} for key, (value, origin) in shown.items()}
        say(json.dumps(said, indent=2))
    else:
        texts = {key: _text(key, value) for key, (value, _where) in shown.items()}
        if shown["config"][0] is None:
            texts["config"] = _("{path} when it exists").format(path=effective.usual_file)
        say(_table([(key, texts[key], in_words(where)) for key, (_value, where) in shown.items()]))
    return ExitCode.OK


def _folders(effective: "Effective") -> dict[str, tuple[str, str]]:
    """Return the work folder and the file as they are meant, whatever was written for them."""
    from app.host.paths import resolve_work_dir  # noqa: PLC0415 (as above)

    found = {}
    with suppress(WorkDirError):  # shown as it was written; the start says what is wrong
        found["work_dir"] = resolve_work_dir(effective.config_so_far().work_dir, effective.home)
    if effective.entries["config"].value is None and effective.usual_file.exists():
        found["config"] = effective.usual_file
    return {key: (str(path), effective.entries[key].origin) for key, path in found.items()}


def _text(key: str, value: object) -> str:
    return _(BY_KEY[key].default_text) if value is None else str(value)


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    rows = [(_("SETTING"), _("VALUE"), _("FROM")), *rows]
    first, second = (max(width(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(
        f"{padded(key, first)}  {padded(value, second)}  {origin}" for key, value, origin in rows
    )
