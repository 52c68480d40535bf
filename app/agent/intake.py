"""What comes from the platform, carried out one by one in the order it came."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import assert_never

from app.agent.files import FileService
from app.errors import JournalError, WorkDirError
from app.host.facts import FactsSampler
from app.host.paths import WorkDir, resolve_work_dir
from app.i18n import _
from app.jobs.dispatcher import Dispatcher
from app.jobs.order import execution_named, suite_order, task_named, task_order
from app.journal.outbox import Outbox
from app.journal.records import Target
from app.protocol.messages import (
    BadJob,
    BadSuite,
    CancelJob,
    CancelSuite,
    Facts,
    HeartbeatAck,
    JobAssigned,
    SuiteAssigned,
    Welcome,
    WorkspaceRequest,
)
from app.protocol.session import Work

log = logging.getLogger(__name__)

RETRY_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeParts:
    """What the intake hands its work to."""

    server_url: Callable[[], str]  # of the platform that is greeted by
    home: Path
    own_work_dir: Callable[[], Path | None]  # the user's wish; the platform's wins
    meet: Callable[[Target], Awaitable[bool]]  # True: for the first time ever
    dispatcher: Dispatcher
    outbox: Outbox
    sampler: FactsSampler
    files: FileService
    move_log: Callable[[Path], None]  # where agent.log goes from now on
    on_online: Callable[[], None]
    on_change: Callable[[], None]
    clock: Callable[[], float] = time.monotonic


class Intake:
    """The agent's duties towards one session (link.serve.Duties).

    `deliver` only queues; `run` carries out, so that neither the disk nor a job ever
    delays an ack.
    """

    def __init__(self, parts: IntakeParts) -> None:
        self._parts = parts
        self._todo: asyncio.Queue[Welcome | Work | None] = asyncio.Queue()  # None: a doubt
        self._target: Target | None = None
        self._welcome: Welcome | None = None  # the last one
        self.progress = asyncio.Event()  # something was confirmed
        self.environment = ""
        self.newcomer = False  # the platform has never greeted this computer before
        self.work_dir = parts.home / "workspace"
        self._wish = ""  # the platform's folder, as it named it last
        self._usable: Path | None = None  # the folder that was prepared and works
        self.problem = ""

    @property
    def target(self) -> Target | None:
        """The environment last greeted by, None before the first greeting."""
        return self._target

    # ------------------------------------------------------------ duties

    def facts(self) -> Facts:
        """Return the last sample."""
        return self._parts.sampler.latest

    def greeted(self, welcome: Welcome) -> None:
        """Note the environment: from now on what is owed to it may be sent."""
        self._target = Target(self._parts.server_url(), welcome.environment_id)
        self.environment = welcome.environment_name or welcome.environment_id
        self._welcome = welcome
        log.info(_("Online as {name}.").format(name=self.environment))
        self._todo.put_nowait(welcome)
        self._parts.outbox.session_opened(self._target, self._parts.clock())
        self._parts.on_online()

    def acked(self, ack: HeartbeatAck) -> None:
        """Take over the server's time zone."""
        if ack.at is not None:
            self._parts.outbox.zone = ack.at.tzinfo or UTC
        self.progress.set()

    def deliver(self, work: Work) -> None:
        """Queue work; the session does not wait for it."""
        self._todo.put_nowait(work)

    def look_again(self) -> None:
        """The user's work folder has changed: choose anew once the platform has greeted."""
        if self._welcome is not None:
            self._todo.put_nowait(self._welcome)

    def doubt_folder(self) -> None:
        """A job could not use the work folder: find out what is wrong, for the user to see."""
        if self._usable is not None:
            self._usable = None
            self._todo.put_nowait(None)

    # ------------------------------------------------------------ carrying out

    async def run(self) -> None:
        """Carry out what comes, for ever."""
        while True:
            item = await self._todo.get()
            if isinstance(item, Welcome):
                await self.settle(item.work_dir)
                await self._introduce()
            elif item is None:
                await self.settle(self._wish)
            elif self._target is not None:
                await self._try(item, self._target)

    async def _introduce(self) -> None:
        if self._target is not None:
            self.newcomer = await self._parts.meet(self._target)
            self._parts.on_change()

    async def settle(self, platform_wish: str = "") -> WorkDirError | None:
        """Choose and prepare the work folder: the platform's, the user's, or the home's."""
        parts, self._wish = self._parts, platform_wish.strip()
        wish = self._wish or parts.own_work_dir()
        try:
            root = resolve_work_dir(wish, parts.home)
        except WorkDirError as error:  # "~nobody", a NUL: the platform's text is free
            return self._settled(error, self.work_dir)
        if root == self._usable:
            return None
        return self._settled(await asyncio.to_thread(self._prepare, WorkDir(root)), root)

    def _settled(self, error: WorkDirError | None, root: Path) -> WorkDirError | None:
        if error is not None and self._wish:
            error = WorkDirError(error.path, error.why, ordered=True)
        self.work_dir = root
        self._usable = root if error is None else None
        self.problem = "" if error is None else str(error)
        if error is not None:
            log.error("%s", error)
        self._parts.dispatcher.use_work_dir(error or WorkDir(root))
        self._parts.files.use_work_dir(error or WorkDir(root))
        self._parts.sampler.watch_disk(root)
        self._parts.on_change()
        return error

    async def _try(self, work: Work, target: Target) -> None:
        """Carry out; what the journal cannot take now (full disk) comes again later.

        Only suites get here: tasks are answered by the dispatcher.
        """
        try:
            await self._carry_out(work, target)
        except JournalError as why:
            log.warning(_("tried again in %.0f s: %s"), RETRY_AFTER, why)
            asyncio.get_running_loop().call_later(RETRY_AFTER, self._todo.put_nowait, work)

    async def _carry_out(self, work: Work, target: Target) -> None:
        dispatcher = self._parts.dispatcher
        match work:
            case JobAssigned() | SuiteAssigned():
                if self._usable is None:  # somebody may have mended the folder meanwhile
                    await self.settle(self._wish)
                order = suite_order(work) if isinstance(work, SuiteAssigned) else task_order(work)
                await dispatcher.assign(order, target)
            case BadJob():
                await dispatcher.refuse(task_order(work), work.why, target)
            case BadSuite():
                why = _("This test suite cannot be read: {why}.").format(why=work.why)
                await dispatcher.refuse(suite_order(work), why, target)
            case CancelJob(job_id):
                await dispatcher.cancel(task_named(job_id), target)
            case CancelSuite(suite_id, execution_id):
                if execution_id is None:
                    await dispatcher.cancel_group(suite_id, target)
                else:
                    await dispatcher.cancel(execution_named(suite_id, execution_id), target)
            case WorkspaceRequest():
                self._parts.files.submit(work)
            case _:
                assert_never(work)

    def _prepare(self, work_dir: WorkDir) -> WorkDirError | None:
        """Make the folder and move the agent's log there; blocking."""
        try:
            work_dir.prepare()
        except WorkDirError as error:
            return error
        self._parts.move_log(work_dir.logs)
        return None
