"""The platform's file requests, carried out off the loop: bounded in time, number and bytes."""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from app.errors import WorkDirError
from app.host.paths import WorkDir
from app.i18n import _
from app.protocol.messages import Outgoing, WorkspaceAnswer, WorkspaceRequest, WorkspaceVerb
from app.workspace.workspace import Workspace

log = logging.getLogger(__name__)

WORKERS = 4  # threads; one that a dead network drive holds is missing until the drive answers
WAITING = 32  # requests that wait for a thread
ANSWER_WITHIN = 9.0  # seconds; the platform gives up after 10 (docs/protocol.md 3.6)
BYTES_AT_ONCE = 64 * 2**20  # of file contents said within ANSWER_WITHIN: they wait in memory

_ENTRY_BYTES = 500  # of one listed entry in memory


class _Ticket:
    """One request until its answer; whoever takes `claim` first begins it or gives it up."""

    def __init__(self, request: WorkspaceRequest, workspace: Workspace) -> None:
        self.request = request
        self.workspace = workspace
        self.claim = threading.Lock()  # taken once, never waited for
        self.over = False  # answered, or given up; set on the loop, read by the thread
        self.alarm: asyncio.TimerHandle | None = None

    def carry_out(self) -> WorkspaceAnswer:
        """Return the answer; blocking."""
        try:
            return self.workspace.answer(self.request, given_up=lambda: self.over)
        except Exception:
            log.exception(
                _("a file request failed (%s); please report this"), self.request.verb.value
            )
            return _refusal(self.request, _("The agent failed over this request; see agent.log."))


class FileService:
    """Answers each request once, within ANSWER_WITHIN; all methods belong to the loop.

    The threads are daemons: one that hangs on a dead drive does not keep the agent from
    ending. What was begun (a large delete) goes on after its time is up, and its late
    result is dropped.
    """

    def __init__(
        self,
        say: Callable[[Outgoing], None],
        *,
        protected: Sequence[Path] = (),
        answer_within: float = ANSWER_WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._protected = tuple(protected)
        self._answer_within = answer_within
        self._clock = clock
        self._workspace: Workspace | None = None
        self._problem = _("The work folder is not ready yet.")
        self._todo: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        self._open: set[_Ticket] = set()
        self._threads: list[threading.Thread] = []
        self._said: deque[tuple[float, int]] = deque()  # when, how many bytes
        self._stopped = False

    def protect(self, paths: Sequence[Path]) -> None:
        """Keep these files to this computer too, from the next folder on."""
        self._protected = tuple(dict.fromkeys((*self._protected, *paths)))

    def use_work_dir(self, work_dir: WorkDir | WorkDirError) -> None:
        """Serve this folder from now on; an error is what every request is told."""
        if isinstance(work_dir, WorkDirError):
            self._workspace, self._problem = None, str(work_dir)
        else:
            self._workspace = Workspace(work_dir.root, self._protected)

    def submit(self, request: WorkspaceRequest) -> None:
        """Take a request and return at once; its answer is said later, or now if it is no."""
        if self._stopped:
            return
        if self._workspace is None:
            self._say(_refusal(request, self._problem))
        elif self._todo.qsize() >= WAITING:
            self._say(_refusal(request, _busy()))
        else:
            self._start(_Ticket(request, self._workspace))

    def stop(self) -> None:
        """Answer nothing more; what waits is dropped, what runs may end by itself."""
        self._stopped = True
        for ticket in list(self._open):
            self._close(ticket)
            ticket.claim.acquire(blocking=False)
        for _thread in self._threads:
            self._todo.put(None)

    def _start(self, ticket: _Ticket) -> None:
        loop = asyncio.get_running_loop()
        ticket.alarm = loop.call_later(self._answer_within, self._late, ticket)
        self._open.add(ticket)
        self._todo.put(ticket)
        if len(self._threads) < WORKERS:
            name = f"files {len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, args=(loop,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _close(self, ticket: _Ticket) -> None:
        ticket.over = True
        self._open.discard(ticket)
        if ticket.alarm is not None:
            ticket.alarm.cancel()

    def _late(self, ticket: _Ticket) -> None:
        """Answer in time what is not done in time."""
        self._close(ticket)
        request = ticket.request
        if ticket.claim.acquire(blocking=False):
            error = _busy()  # no thread has begun it, and none will
        elif request.verb in (WorkspaceVerb.LIST, WorkspaceVerb.READ):
            error = _("This took longer than {seconds:g} s: the disk is slow or the folder huge.")
        else:
            error = _("This is not finished after {seconds:g} s and goes on; look again later.")
        log.warning(
            _("file request not done in time: %s %r"), request.verb.value, request.path[:200]
        )
        self._say(_refusal(request, error.format(seconds=self._answer_within)))

    def _done(self, ticket: _Ticket, answer: WorkspaceAnswer) -> None:
        if ticket.over:
            log.info(_("file request done too late: %s"), ticket.request.verb.value)
            return
        self._close(ticket)
        self._say(answer if self._fits(answer) else _refusal(ticket.request, _busy()))

    def _fits(self, answer: WorkspaceAnswer) -> bool:
        """Tell whether the control lane should hold this answer too, and count it."""
        now = self._clock()
        while self._said and self._said[0][0] <= now - self._answer_within:
            self._said.popleft()
        size = _weight(answer)
        if sum(said for _at, said in self._said) + size > BYTES_AT_ONCE:
            return False
        self._said.append((now, size))
        return True

    # ------------------------------------------------------------ on the threads

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._serve_next(loop):
            pass

    def _serve_next(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Carry out one request; a method of its own, so that no answer is kept while idle."""
        ticket = self._todo.get()
        if ticket is not None and ticket.claim.acquire(blocking=False):
            answer = ticket.carry_out()
            with suppress(RuntimeError):  # the loop has ended, nobody waits
                loop.call_soon_threadsafe(self._done, ticket, answer)
        return ticket is not None


def _refusal(request: WorkspaceRequest, error: str) -> WorkspaceAnswer:
    return WorkspaceAnswer(request.verb, request.request_id, success=False, error=error)


def _busy() -> str:
    return _("The agent is busy with other file requests; try again in some seconds.")


def _weight(answer: WorkspaceAnswer) -> int:
    """Return about how many bytes an answer holds in memory."""
    if isinstance(answer.data, list):
        return _ENTRY_BYTES * len(answer.data)
    return len(answer.data["content"]) if answer.verb is WorkspaceVerb.READ and answer.data else 0
