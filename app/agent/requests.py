"""What faces ask for, short of the end: connection, pause, drain, the end of one job."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from app.agent.wishes import Wishes
from app.errors import AgentError
from app.i18n import _
from app.jobs.dispatcher import Dispatcher
from app.link.keeper import Keeper
from app.state import CancelJob, Command, OpenPage, Request, StartAtLogin

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Helpers:
    """Who carries out what is no business of the jobs or the link; they may raise AgentError."""

    open_page: Callable[[str], Awaitable[None]]  # a view of the dashboard
    start_at_login: Callable[[bool], Awaitable[None]]


class Requests:
    """Takes requests at once; what has to wait for something is carried out by `run`, in order."""

    def __init__(self, keeper: Keeper, dispatcher: Dispatcher, wishes: Wishes) -> None:
        self._keeper = keeper
        self._dispatcher = dispatcher
        self._wishes = wishes
        self._todo: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue()
        self.helpers: Helpers | None = None  # they come once the agent stands
        self.draining = False  # to end as soon as no job runs

    def begin(self) -> None:
        """Take up the wishes that an earlier agent left; the keeper knows its own already."""
        if not self._wishes.wanted:
            log.warning(_("Disconnected, as its user wanted it; `ats-agent connect` connects it."))
        if self._wishes.paused:
            log.warning(_("Paused, as its user wanted it; `ats-agent resume` ends that."))
            self._dispatcher.pause()

    def take(self, request: Request) -> None:
        """Take a request other than to quit."""
        match request:
            case CancelJob(job_id):
                log.info(_("job %s: to be cancelled, asked at this computer"), job_id)
                self._todo.put_nowait(partial(self._dispatcher.cancel_here, job_id))
            case Command.CONNECT | Command.DISCONNECT:
                self._want(connected=request is Command.CONNECT)
            case Command.PAUSE | Command.RESUME if self._wishes.paused is (
                request is Command.RESUME
            ):
                self._pause(paused=request is Command.PAUSE)
            case OpenPage(view) if self.helpers is not None:
                self._todo.put_nowait(partial(self.helpers.open_page, view))
            case StartAtLogin(wanted) if self.helpers is not None:
                self._todo.put_nowait(partial(self.helpers.start_at_login, wanted))
            case Command.DRAIN if not self.draining:
                self.draining = True
                log.info(_("asked to quit as soon as nothing runs"))

    async def run(self) -> None:
        """Carry out what was asked for, for ever."""
        while True:
            request = await self._todo.get()
            try:
                await request()
            except AgentError as why:
                log.warning(_("a request could not be carried out: %s"), why)

    def _want(self, *, connected: bool) -> None:
        self._wishes.want(connected=connected)
        if connected:
            log.info(_("asked to connect"))
            self._keeper.connect()
        else:
            log.info(_("asked to disconnect"))
            self._keeper.disconnect()

    def _pause(self, *, paused: bool) -> None:
        self._wishes.pause(paused=paused)
        if paused:
            log.info(_("paused: what runs is finished, nothing new is started"))
            self._dispatcher.pause()
        else:
            log.info(_("resumed: what waits is started again"))
            self._dispatcher.resume()
        self._todo.put_nowait(self._dispatcher.tell_waiting)
