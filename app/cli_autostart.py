"""`ats-agent autostart`: start at login, on or off, from a terminal."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.exit_codes import ExitCode
from app.i18n import _, sentences
from app.settings import BY_KEY
from app.terminal import say

if TYPE_CHECKING:
    from app.host.autostart import Autostart, AutostartState

COMMANDS = {"autostart": "on|off|status [--systemd] [--json]"}  # name -> usage behind it
FLAGS = {"--systemd"}
KEYS = ("home", "config", "headless")  # settings whose flags go along, into what is started


def add_autostart(new_parser: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the sub-command; `new_parser(name, about)` makes one that knows the flags of KEYS."""
    parser = new_parser("autostart", _("start the agent when this user logs in"))
    parser.add_argument(
        "action", choices=("on", "off", "status"), metavar="on|off|status", help=_("what to do")
    )
    parser.add_argument(
        "--systemd",
        action="store_true",
        help=_("Linux: as a service of the user, without a tray, also where there is a desktop"),
    )
    parser.add_argument("--json", action="store_true", help=_("print JSON"))


def run_autostart(options: argparse.Namespace) -> int:
    """Carry out what `options` say; raises FatalError."""
    from app.host.autostart import (  # noqa: PLC0415 (--version and --help do not need it)
        AutostartError,
        autostart_here,
    )

    command = _command(options.flags, os.environ)
    here = autostart_here(command, systemd=options.systemd)
    if here is None:
        raise AutostartError(_("This system offers no such way to start at login."))
    if options.action == "on":
        here.install()
    elif options.action == "off":
        here.remove()
    state = here.state()
    say(_json(here, state) if options.json else _words(here, state))
    return ExitCode.OK


def _command(flags: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """Return what starts the agent as this command line and these variables mean it."""
    from app.config import home_of  # noqa: PLC0415 (as above)
    from app.host.autostart import own_command  # noqa: PLC0415 (as above)
    from app.host.paths import default_home  # noqa: PLC0415 (as above)

    home = home_of(flags, environ, default_home)
    given = {key: flags.get(key) or environ.get(BY_KEY[key].env, "") for key in KEYS}
    headless = BY_KEY["headless"]
    return own_command(
        home=None if home == default_home() else home,
        config=Path(given["config"]).expanduser() if given["config"] else None,
        headless=bool(given["headless"]) and headless.read(given["headless"]) is True,
    )


def _json(here: "Autostart", state: "AutostartState") -> str:
    import json  # noqa: PLC0415 (only here)

    said = {
        "on": state.on,
        "installed": state.installed,
        "ours": state.ours,
        "enabled": state.enabled,
        "restarts_after_crash": state.restarts,
        "kind": here.kind,
        "where": state.where,
        "command": state.command,
    }
    return json.dumps(said, indent=2, ensure_ascii=False)


def _words(here: "Autostart", state: "AutostartState") -> str:
    if not state.installed:
        return _("The agent is not started at login.")
    place = _("See {where} ({kind}).").format(where=state.where, kind=here.kind)
    if not state.on:
        next_step = _("`ats-agent autostart on` sets it up for this one.")
        return sentences(_("This agent is not started at login."), state.problem, next_step, place)
    restart = (
        _("It is started again after a crash.")
        if state.restarts
        else _("This system does not start it again after a crash.")
    )
    return sentences(_("The agent is started at login."), restart, place)
