"""Takes up changed settings while the agent runs; a wrong line changes nothing."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from app.effective import Config, Effective
from app.errors import ConfigError
from app.i18n import _

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # seconds between two looks at the files; each costs a thread its wake-up
CALM = 0.2  # seconds in which a file must not change: editors write in pieces

# Fields of Config with which the present session was begun.
LINK_FIELDS = frozenset({"server_url", "token", "ca_file", "heartbeat_interval"})
# What is fixed while the process lives: its folder, its face.
START_FIELDS = frozenset({"home", "headless"})
_NO_SETTINGS = frozenset({"origins", "warnings"})

_Looks = dict[Path, tuple[int, int, int] | None]


def differing(old: Config, new: Config) -> frozenset[str]:
    """Return the names of the fields of Config that differ (pure)."""
    names = {each.name for each in fields(Config)} - _NO_SETTINGS
    return frozenset(name for name in names if getattr(old, name) != getattr(new, name))


def needs_new_link(differs: frozenset[str]) -> bool:
    """Tell whether the connection must be made anew for these fields (pure)."""
    return bool(differs & LINK_FIELDS)


def needs_restart(differs: frozenset[str]) -> frozenset[str]:
    """Return those of these fields that only the next start takes up (pure)."""
    return differs & START_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadParts:
    """What reloading needs; `load` blocks, on a thread of its own."""

    load: Callable[[], Effective]  # as at the start; raises ConfigError
    changed: Callable[[Config, frozenset[str]], None]  # called inside the loop
    report: Callable[[str], None]  # what is wrong now, "" when nothing is any more
    look_every: float = LOOK_EVERY  # seconds
    calm: float = CALM  # seconds


class Reload:
    """Watches the files that settings come from; `effective` is what the agent runs with.

    Looks at them when made: make it before anything that takes time.

    `changed` gets a Config that need not be set up: somebody may have logged out.
    """

    def __init__(self, parts: ReloadParts, effective: Effective) -> None:
        self._parts = parts
        self._config = effective.config_so_far()
        self._seen = _look(effective.files())
        self._wrong = False
        self._at_once = asyncio.Event()

    def soon(self) -> None:
        """Look now: the program itself has just changed a file; called inside the loop."""
        self._at_once.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            await self._nap(self._parts.look_every)
            now = await asyncio.to_thread(_look, self._seen)
            if now != self._seen:
                self._seen = await self._calm(now)
                await self._reload()

    async def _nap(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._at_once.wait()
        except TimeoutError:
            pass
        self._at_once.clear()

    async def _calm(self, looks: _Looks) -> _Looks:
        """Wait until nobody writes; return how the files look then."""
        while True:
            await asyncio.sleep(self._parts.calm)
            now = await asyncio.to_thread(_look, looks)
            if now == looks:
                return now
            looks = now

    async def _reload(self) -> None:
        try:
            effective, looks = await asyncio.to_thread(self._load)
        except ConfigError as why:
            self._refuse(str(why))
            return
        self._seen = {path: self._seen.get(path, look) for path, look in looks.items()}
        if effective.problem is not None and not effective.set_up:
            self._refuse(str(effective.problem))  # damaged is not logged out
            return
        self._take(effective.config_so_far())

    def _load(self) -> tuple[Effective, _Looks]:
        effective = self._parts.load()
        return effective, _look(effective.files())

    def _take(self, new: Config) -> None:
        if self._wrong:
            self._wrong = False
            self._parts.report("")
        differs = differing(self._config, new)
        self._config = new
        if differs:
            log.info(_("settings changed: %s"), ", ".join(sorted(differs)))
            _log_all(new.warnings)
            self._parts.changed(new, differs)

    def _refuse(self, why: str) -> None:
        text = _("The changed settings are not used: {why}").format(why=why)
        log.error("%s", text)
        self._wrong = True
        self._parts.report(text)


def _log_all(warnings: Iterable[str]) -> None:
    for warning in warnings:
        log.warning("%s", warning)


def _look(files: Iterable[Path]) -> _Looks:
    """Return what tells one state of each file from another, None for one that is not there."""
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
