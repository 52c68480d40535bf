"""The event-loop thread: commands in, snapshots out; the only module that knows both worlds."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from app.errors import AgentError
from app.exit_codes import ExitCode, exit_code_for
from app.i18n import _
from app.state import Request, Snapshot

log = logging.getLogger(__name__)


class Runnable(Protocol):
    """The agent as its thread sees it."""

    def command(self, request: Request) -> None:
        """Take a request; called inside the loop."""

    async def run(self) -> int:
        """Run to the end and return the exit code."""


class AgentThread:
    """Runs the agent's asyncio loop beside the main thread."""

    def __init__(
        self,
        build: Callable[[], Awaitable[Runnable]],
        show: Callable[[Snapshot], None],
    ) -> None:
        self._build = build
        self._show = show
        self._thread = threading.Thread(target=self._run, name="agent")
        self._inbox_ready = threading.RLock()  # a signal handler may interrupt another
        self._loop: asyncio.AbstractEventLoop | None = None
        self._agent: Runnable | None = None
        self._waiting: list[Request] = []
        self.exit_code: int = ExitCode.BUG

    def start(self) -> None:
        """Start the loop's thread."""
        self._thread.start()

    def post(self, request: Request) -> bool:
        """Hand a request to the agent from any thread; never waits.

        Returns False once the loop is gone. A request that comes before the agent
        stands is kept for it.
        """
        with self._inbox_ready:
            if self._agent is None:
                self._waiting.append(request)
                return self._thread.is_alive()
            loop, agent = self._loop, self._agent
        try:
            if loop is not None:
                loop.call_soon_threadsafe(agent.command, request)
        except RuntimeError:  # the loop is closed
            return False
        return loop is not None

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; True when the thread has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        problem = ""
        try:
            self.exit_code = asyncio.run(self._main())
        except AgentError as fatal:
            log.error("%s", fatal)  # noqa: TRY400 (the user's to solve: no traceback)
            self.exit_code, problem = exit_code_for(fatal), str(fatal)
        except BaseException:  # the thread boundary: a bug must not end in silence
            log.critical(_("the agent failed; please report this"), exc_info=True)
            self.exit_code = ExitCode.BUG
        self._show(Snapshot(exit_code=self.exit_code, problem=problem))

    async def _main(self) -> int:
        agent = await self._build()
        with self._inbox_ready:
            self._loop, self._agent = asyncio.get_running_loop(), agent
            waiting, self._waiting = self._waiting, []
        for request in waiting:
            agent.command(request)
        return await agent.run()
