"""`ats-agent login` and `logout`: the connection from a terminal; the token is never shown."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.errors import ConfigError, FatalError
from app.exit_codes import ExitCode
from app.i18n import _
from app.settings import BY_KEY
from app.terminal import say

if TYPE_CHECKING:
    from app.agent.connection_check import CheckResult, InUse, Problem, Wish
    from app.config import Effective

COMMANDS = {  # name -> usage behind it
    "login": "[--server-url URL] [--token-file FILE] [--work-dir DIR] [--no-check] [--home PATH]",
    "logout": "[--home PATH]",
}
FLAGS = {"--no-check"}
_LONGEST = 64 * 1024  # characters read from a pipe; a start command has about 150


def add_login(new_parser: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add both; `new_parser(name, about)` makes one that knows its flags of the table."""
    login = new_parser(
        "login", _("save address and token of the platform; the token is asked for, or piped in")
    )
    login.add_argument(
        "--no-check", action="store_true", help=_("save without connecting to the platform")
    )
    new_parser("logout", _("forget the saved address and token; a running agent disconnects"))


def run_login(options: argparse.Namespace, beside: Path | None = None) -> int:
    """Carry out `login` or `logout`; raises FatalError. `beside` as app.host.loading takes it."""
    try:
        return (_login if options.command == "login" else _logout)(options, beside)
    except KeyboardInterrupt:
        return ExitCode.STOPPED


def _login(options: argparse.Namespace, beside: Path | None) -> int:
    from app.host.loading import load  # noqa: PLC0415 (--version and --help do not need it)
    from app.host.saved_connection import ConnectionStore  # noqa: PLC0415 (as above)

    known = load(_only(options.flags, "home"), os.environ, beside)
    wish = _wish(options.flags, known)
    running = _running(known)
    warnings = known.overruled(wish.server_url, wish.token)
    if not options.no_check:
        result = _check(wish, known, running)
        if result.problem is not None:
            return _refuse(result.problem)
        say(_("This computer is {name} on the platform.").format(name=result.environment))
    saved = ConnectionStore.of(known.home, os.environ, beside).save(
        wish.server_url, wish.token, wish.work_dir
    )
    place = _("this computer's credential store") if saved.in_store else str(saved.path)
    say(_("Saved in {path}, the token in {place}.").format(path=saved.path, place=place))
    for text in (saved.remark, *warnings):
        if text:
            say(text, error=True)
    say(_next(is_running=running is not None))
    return ExitCode.OK


def _next(*, is_running: bool) -> str:
    if is_running:
        return _("The running agent takes it up within a few seconds.")
    return _("No agent is running: start it with `ats-agent`.")


def _refuse(problem: "Problem") -> int:
    say(f"ats-agent: {problem.cause} {problem.next_step}", error=True)
    say(_("Nothing was saved."), error=True)
    return {"token": ExitCode.TOKEN_REFUSED, "work_dir": ExitCode.FOLDER}.get(
        problem.field, ExitCode.NOT_CONNECTED
    )


def _check(wish: "Wish", known: "Effective", running: "InUse | None") -> "CheckResult":
    from app.agent import connecting, connection_check  # noqa: PLC0415 (brings the network)

    parts = connection_check.CheckParts(home=known.home, in_use=lambda: running)
    return connecting.check_now(wish, known, connection_check.ConnectionCheck(parts))


def _running(known: "Effective") -> "InUse | None":
    """Return what the agent of this home folder holds, None when none runs."""
    from app.agent.connection_check import InUse  # noqa: PLC0415 (as above)
    from app.control.client import Agent  # noqa: PLC0415 (as above)
    from app.control.wire import AskStatus  # noqa: PLC0415 (as above)

    try:
        with Agent(known.home) as agent:
            status = agent.ask(AskStatus())
    except FatalError:
        return None
    online = status.get("link") == "online"
    token = known.entries["token"].value  # its own, unless flags were given to it
    environment = str(status.get("environment") or "") if online else ""
    return InUse(str(status.get("server_url") or ""), str(token or ""), environment)


# ---------------------------------------------------------------- what is asked for


def _wish(flags: Mapping[str, str], known: "Effective") -> "Wish":
    """Return what flags, a pipe or a person at the terminal say; ConfigError when too little."""
    from app.agent.connection_check import ProblemError, read_wish  # noqa: PLC0415 (as above)

    address, token, work_dir = _texts(flags, known)
    try:
        return read_wish(
            address or str(known.entries["server.url"].value or ""),
            token or str(known.entries["token"].value or ""),
            work_dir or str(known.entries["work_dir"].value or ""),
        )
    except ProblemError as found:
        raise ConfigError(found.problem.cause, found.problem.next_step) from None


def _texts(flags: Mapping[str, str], known: "Effective") -> tuple[str, str, str]:
    address, token, _none = _parsed(flags.get("server.url", ""))
    work_dir = flags.get("work_dir", "")
    token = token or flags.get("token", "").strip("'")
    if "token_file" in flags:
        token = _token_in(flags["token_file"])
    elif not token and sys.stdin is not None:
        theirs = _asked(address, known) if sys.stdin.isatty() else _piped()
        address, token, work_dir = address or theirs[0], theirs[1], work_dir or theirs[2]
    return address, token, work_dir


def _parsed(text: str) -> tuple[str, str, str]:
    """Return what `text` holds; what holds nothing stays the address, to be refused as one."""
    from app.start_command import parse_command  # noqa: PLC0415 (as above)

    found = parse_command(text)
    return found if any(found) else (text.strip(), "", "")


def _token_in(name: str) -> str:
    from app.small_file import decode, read_bounded  # noqa: PLC0415 (as above)

    path = cast("Path", BY_KEY["token_file"].read(name.strip("'")))
    text = decode(read_bounded(path), path).strip()
    if not text:
        raise ConfigError(
            _("{path}: empty, expected the token and nothing else.").format(path=path)
        )
    return text


def _piped() -> tuple[str, str, str]:
    """Read a token, or the platform's whole start command."""
    from app.start_command import parse_command  # noqa: PLC0415 (as above)

    text = sys.stdin.read(_LONGEST)
    found = parse_command(text)
    return found if found[1] else ("", text.strip(), "")


def _asked(address: str, known: "Effective") -> tuple[str, str, str]:
    """Ask a person; empty answers keep what there is."""
    from getpass import getpass  # noqa: PLC0415 (as above)

    try:
        found = ("", "", "")
        if not address:
            present = str(known.entries["server.url"].value or "")
            question = _("Address of the platform, or its start command")
            found = _parsed(input(f"{question} [{present}]: " if present else f"{question}: "))
        token = found[1] or getpass(_("Token (not shown): ")).strip()
    except EOFError:
        raise ConfigError(_("The input ended before the question was answered.")) from None
    return found[0], token, found[2]


# ---------------------------------------------------------------- logout


def _logout(options: argparse.Namespace, beside: Path | None) -> int:
    """Forget; the settings may be wrong in any other way."""
    from app.config import home_of  # noqa: PLC0415 (as above)
    from app.host.paths import default_home  # noqa: PLC0415 (as above)
    from app.host.saved_connection import ConnectionStore  # noqa: PLC0415 (as above)

    home = home_of(_only(options.flags, "home"), os.environ, lambda: default_home(beside))
    if ConnectionStore.of(home, os.environ, beside).forget():
        say(_("Address and token are forgotten."))
    else:
        say(_("Nothing was saved for the home folder {home}.").format(home=home))
    _say_what_remains(options.flags, beside)
    return ExitCode.OK


def _say_what_remains(flags: Mapping[str, str], beside: Path | None) -> None:
    from app.effective import in_words  # noqa: PLC0415 (as above)
    from app.host.loading import load  # noqa: PLC0415 (as above)

    try:
        token = load(_only(flags, "home"), os.environ, beside).entries["token"]
    except ConfigError:
        return
    if token.value is not None:
        text = _("A token is still given by {origin}: agents go on using it.")
        say(text.format(origin=in_words(token.origin)), error=True)


def _only(flags: Mapping[str, str], *keys: str) -> dict[str, str]:
    return {key: text for key, text in flags.items() if key in keys}
