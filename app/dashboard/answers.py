"""What the page asks for, fulfilled; what blocks is done in a thread that ends with the asker."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from app.dashboard import asks, config_page, disk, logs
from app.dashboard.history import cases, history, record_of
from app.dashboard.parts import DashboardParts
from app.effective import Effective
from app.errors import ConfigError, NotDoneError
from app.i18n import _
from app.start_command import parse_command
from app.state import CancelJob, Command, JobState, StartAtLogin

T = TypeVar("T")


class Answers:
    """Answers every ask but those that begin and end a stream; raises AgentError."""

    def __init__(self, parts: DashboardParts) -> None:
        self._parts = parts
        self._last = parts.started  # the last good settings
        self._ways: dict[type, Callable[[Any], Awaitable[object]]] = {
            Command: self._command,
            CancelJob: self._cancel,
            StartAtLogin: self._autostart,
            asks.AskOpen: self._open,
            asks.AskRead: self._read,
            asks.AskSearch: self._search,
            asks.AskHistory: lambda ask: history(parts.store, ask, self._live()),
            asks.AskCases: lambda ask: cases(parts.store, ask.key),
            asks.AskDisk: self._disk,
            asks.AskSettings: self._settings,
            asks.AskConfigRead: self._config_read,
            asks.AskConfigCheck: self._config_check,
            asks.AskConfigSave: self._config_save,
            asks.AskCheck: self._check,
            asks.AskParse: self._parse,
        }

    async def answer(self, ask: asks.Ask) -> object:
        """Return the value of the reply."""
        return await self._ways[type(ask)](ask)

    async def where(self, key: int | None) -> logs.Where:
        """Return what tells where a log is."""
        if key is None:
            return self._parts.agent_log
        path = (await record_of(self._parts.store, key)).log
        return lambda: path

    def grows(self, key: int | None) -> bool:
        """Tell whether a log may still grow."""
        return key is None or key in self._live()

    def _live(self) -> dict[int, str]:
        return {job.key: job.state.value for job in self._parts.snapshot().jobs}

    # --------------------------------------------------------------------- commands

    async def _command(self, ask: Command) -> None:
        self._parts.post(ask)

    async def _cancel(self, ask: CancelJob) -> None:
        states = {job.job_id: job.state for job in self._parts.snapshot().jobs}
        if ask.job_id not in states:
            raise NotDoneError(_("No job {job_id} runs or waits.").format(job_id=ask.job_id))
        if states[ask.job_id] is JobState.STOPPING:
            text = _("Job {job_id} is ending already.")
            raise NotDoneError(text.format(job_id=ask.job_id))
        self._parts.post(ask)

    async def _autostart(self, ask: StartAtLogin) -> None:
        if self._parts.snapshot().autostart is None:
            raise NotDoneError(_("This system offers no start at login."))
        self._parts.post(ask)

    async def _open(self, ask: asks.AskOpen) -> None:
        path = await self._path(ask.what)
        await asyncio.to_thread(self._parts.open_path, path)

    async def _path(self, what: str) -> Path:
        if what == "config":
            return await self._config_path()
        if what == "work_folder":
            return Path(self._parts.snapshot().work_dir)
        path = self._parts.agent_log()
        if path is None:
            raise _no_log()
        return path

    # ------------------------------------------------------------------------- logs

    async def _read(self, ask: asks.AskRead) -> dict[str, Any]:
        work = partial(logs.read, at=ask.at, length=ask.length)
        data, size = await self._in_log(ask.key, work)
        return {"at": ask.at, "text_base64": base64.b64encode(data).decode(), "size": size}

    async def _search(self, ask: asks.AskSearch) -> dict[str, Any]:
        def work(path: Path) -> tuple[int | None, int]:
            return logs.search(path, ask.text, ask.at, stop)

        stop = Event()
        try:
            found, size = await self._in_log(ask.key, work)
        finally:
            stop.set()
        return {"found": found, "size": size}

    async def _in_log(self, key: int | None, work: Callable[[Path], T]) -> T:
        path = (await self.where(key))()
        if path is None:
            raise _no_log()
        try:
            return await asyncio.to_thread(work, path)
        except FileNotFoundError:
            raise _no_log() from None
        except OSError as why:
            text = _("The log cannot be read: {why}.").format(why=why.strerror or why)
            raise NotDoneError(text) from why

    # ----------------------------------------------------------------- disk, settings

    async def _disk(self, _ask: asks.AskDisk) -> dict[str, Any]:
        stop = Event()
        work_dir = Path(self._parts.snapshot().work_dir)
        try:
            return await asyncio.to_thread(disk.usage, work_dir, self._parts.home, stop)
        except OSError as why:
            text = _("The disk cannot be measured: {why}.").format(why=why.strerror or why)
            raise NotDoneError(text) from why
        finally:
            stop.set()

    async def _settings(self, _ask: asks.AskSettings) -> dict[str, Any]:
        return config_page.settings(await self._effective())

    async def _config_read(self, _ask: asks.AskConfigRead) -> dict[str, Any]:
        return await asyncio.to_thread(config_page.read, await self._config_path())

    async def _config_check(self, ask: asks.AskConfigCheck) -> dict[str, Any]:
        path = await self._config_path()
        return {"warnings": await asyncio.to_thread(config_page.check, path, ask.text)}

    async def _config_save(self, ask: asks.AskConfigSave) -> dict[str, Any]:
        path = await self._config_path()
        return await asyncio.to_thread(config_page.save, path, ask.text)

    async def _config_path(self) -> Path:
        return config_page.config_path(await self._effective())

    async def _effective(self) -> Effective:
        """Return the settings; while a line of the file is wrong, the last good ones count."""
        with suppress(ConfigError):
            self._last = await asyncio.to_thread(self._parts.effective)
        return self._last

    # -------------------------------------------------------------------- connection

    async def _check(self, ask: asks.AskCheck) -> dict[str, object]:
        connecting = self._parts.connecting
        work = connecting.save if ask.save else connecting.check
        return (await work(ask.server_url, ask.token, ask.work_dir)).body()

    async def _parse(self, ask: asks.AskParse) -> dict[str, str]:
        server_url, token, work_dir = parse_command(ask.text)
        return {"server_url": server_url, "token": token, "work_dir": work_dir}


def _no_log() -> NotDoneError:
    return NotDoneError(_("There is no log, or it has been removed."))
