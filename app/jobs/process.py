"""One child process: its pipes, its end, and the end of its whole tree."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Self, TypeVar

from app.host.containment import Containment, Proc, Steps, reap
from app.i18n import _
from app.jobs.start_error import StartError, explain

__all__ = ["Child", "OnOutput", "StartError", "Stream", "install_child_watcher"]

log = logging.getLogger(__name__)

NOTE_FIRST = 0.1  # seconds after the start until descendants are recorded first
NOTE_EVERY = 1.0  # seconds between two records of the descendants
KILL_LIMIT = 1.0  # seconds for the sweeps after the kill that find nothing new
KILL_LIMIT_OF_ALL = 10.0  # seconds for all sweeps of a tree that is huge, or forks all the time
CLOSE_LIMIT = 1.0  # seconds for the transport to let go of everything
_REST = 4  # times the length of a look, between two looks for what is left
POLL_FIRST, POLL_LAST = 0.001, 0.02  # seconds between two looks for what is left

T = TypeVar("T")
OnOutput = Callable[["Stream", bytes], None]


class Stream(Enum):
    """Where a piece of output came from; the value is its file descriptor."""

    OUT = 1
    ERR = 2


class Child:
    """A running program; make it with `start`, end it with `close`."""

    def __init__(self, containment: Containment, pipes: "_Pipes", process: Proc) -> None:
        self.pid = process.pid
        self.started = process.started
        self._containment = containment
        self._pipes = pipes
        self._closed = False
        self._all_gone = False
        self._loop = asyncio.get_running_loop()
        self._note = self._loop.call_later(NOTE_FIRST, self._begin_note)

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],  # with the marker in it, see clean_environment
        containment: Containment,
        on_output: OnOutput,
    ) -> Self:
        """Start the program inside `containment`; raises StartError.

        `on_output` gets pieces of bytes on the loop's thread, never after `close`.
        """
        loop = asyncio.get_running_loop()
        pipes = _Pipes(on_output)
        options: dict[str, Any] = {"cwd": cwd, "env": env, **containment.popen_options()}
        options |= {"stdin": DEVNULL, "stdout": PIPE, "stderr": PIPE}
        if not argv:
            raise explain(ValueError(), argv, cwd)
        try:
            with containment.spawning():
                pipes.spawned, _protocol = await containment.forked_by(
                    lambda: loop.subprocess_exec(lambda: pipes, *argv, **options)
                )
                process = containment.adopt(pipes.transport.get_pid())
        except (OSError, ValueError) as error:
            await _abandon(containment, pipes)
            raise explain(error, argv, cwd) from error
        except BaseException:
            await _abandon(containment, pipes)
            raise
        return cls(containment, pipes, process)

    @property
    def returncode(self) -> int | None:
        """The exit code, a negative signal number on POSIX; None while it runs."""
        return self._pipes.transport.get_returncode()

    async def wait(self) -> int:
        """Return the exit code as soon as the main process has ended."""
        await self._pipes.exited.wait()
        code = self.returncode
        assert code is not None  # noqa: S101 (asyncio sets it before it says "exited")
        return code

    def pause_output(self) -> None:
        """Stop reading: the child waits once its pipes are full."""
        for pipe in self._pipes.open():
            pipe.pause_reading()

    def resume_output(self) -> None:
        """Read on after `pause_output`."""
        for pipe in self._pipes.open():
            pipe.resume_reading()

    async def drain(self, limit: float) -> bool:
        """Wait for the end of both pipes, at most `limit` seconds; return whether it came."""
        await _within(limit, self._pipes.ended)
        return self._pipes.ended.is_set()

    async def end_tree(self, grace: float) -> list[Proc]:
        """End all that is left: ask, wait at most `grace` seconds, kill until nothing lives.

        Returns what was found besides the main process. Quick when nothing is left.
        """
        if self._all_gone:
            return []
        ended = {one.pid: one for one in await _done(self._containment.looking())}
        if ended:
            if grace > 0 and await _done(self._containment.asking()):
                await self._gone_within(grace)
            await _kill_all(self._containment, ended)
        elif self.returncode is not None:
            self._all_gone = True  # nobody is left that could start anything
        ended.pop(self.pid, None)
        return list(ended.values())

    async def close(self) -> None:
        """End what is left at once and let go of pipes and handles; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._note.cancel()
        self._pipes.on_output = None
        try:
            await self.end_tree(grace=0)
        finally:
            self._containment.close()
            await self._pipes.close()

    async def _gone_within(self, limit: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await self._pipes.exited.wait()
                for pause in _pauses():
                    began = self._loop.time()
                    if not await _done(self._containment.looking()):
                        return
                    # A look at thousands takes long: leave most of the time to others.
                    await asyncio.sleep(max(pause, _REST * (self._loop.time() - began)))

    def _begin_note(self) -> None:
        reap()
        self._go_on_noting(self._containment.noting())

    def _go_on_noting(self, steps: Steps[None]) -> None:
        try:
            pause = next(steps)
        except StopIteration:
            self._note = self._loop.call_later(NOTE_EVERY, self._begin_note)
        else:
            self._note = self._loop.call_later(pause, self._go_on_noting, steps)


class _Pipes(asyncio.SubprocessProtocol):
    """What asyncio tells of the child, as events."""

    def __init__(self, on_output: OnOutput) -> None:
        self.on_output: OnOutput | None = on_output
        self.exited = asyncio.Event()  # the main process has ended
        self.ended = asyncio.Event()  # nobody holds the other end of a pipe any more
        self._lost = asyncio.Event()  # the transport has let go of everything
        self._open = set(Stream)
        self.spawned: asyncio.SubprocessTransport | None = None

    @property
    def transport(self) -> asyncio.SubprocessTransport:
        """The transport; there is one from the spawn on."""
        assert self.spawned is not None  # noqa: S101 (Child.start sets it first)
        return self.spawned

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close what a cancelled start has left open: asyncio waits until others let go of it."""
        if transport.is_closing() and isinstance(transport, asyncio.SubprocessTransport):
            for pipe in filter(None, map(transport.get_pipe_transport, (1, 2))):
                pipe.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Hand a piece of output on."""
        if self.on_output is not None:
            # Windows hands over a bytearray of its own.
            self.on_output(Stream(fd), bytes(data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Note the end of one pipe."""
        self._open.discard(Stream(fd))
        if not self._open:
            self.ended.set()

    def process_exited(self) -> None:
        """Note the end of the main process."""
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the transport has finished."""
        self._lost.set()

    def open(self) -> list[asyncio.ReadTransport]:
        """Return the pipes that have not ended."""
        found = [self.transport.get_pipe_transport(stream.value) for stream in self._open]
        return [pipe for pipe in found if isinstance(pipe, asyncio.ReadTransport)]

    async def close(self) -> None:
        """Close the pipes and the transport, in at most twice CLOSE_LIMIT seconds."""
        if self.spawned is None:
            return
        # Closing earlier would take the exit status away from asyncio's child watcher.
        await _within(CLOSE_LIMIT, self.exited)
        self.spawned.close()
        await _within(CLOSE_LIMIT, self._lost)


async def _within(limit: float, event: asyncio.Event) -> None:
    if event.is_set():
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(limit):
            await event.wait()


async def _abandon(containment: Containment, pipes: _Pipes) -> None:
    """Leave nothing of a start that failed half-way."""
    try:
        await _kill_all(containment, {})
    finally:
        containment.close()
        await pipes.close()


async def _kill_all(containment: Containment, ended: dict[int, Proc]) -> None:
    """Kill until a sweep finds nothing; note in `ended` what the sweeps found."""
    clock = asyncio.get_running_loop().time
    limit, last = clock() + KILL_LIMIT, clock() + KILL_LIMIT_OF_ALL
    for pause in _pauses():
        found = await _done(containment.killing())
        if not found:
            return
        new = {one.pid: one for one in found if one.pid not in ended}
        ended.update(new)
        limit = clock() + KILL_LIMIT if new else limit
        if clock() > min(limit, last):
            log.warning(_("killed, but still there: %s"), ", ".join(map(str, found[:10])))
            return
        await asyncio.sleep(pause)


async def _done(steps: Steps[T]) -> T:
    """Do all steps and return the result; between two of them the loop has its turn."""
    while True:
        try:
            pause = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        await asyncio.sleep(pause)


def _pauses() -> Iterator[float]:
    """Yield seconds between looks: short at first, as most trees end at once."""
    pause = POLL_FIRST
    while True:
        yield pause
        pause = min(2 * pause, POLL_LAST)


def install_child_watcher() -> None:
    """Let the running loop learn of its children's ends without a thread per child.

    Python 3.11 on Linux has to be told; later ones choose so by themselves, other
    systems have nothing better. Call it inside the loop, before the first child.
    """
    if sys.version_info >= (3, 12) or not _has_pidfd():
        return
    # Looked up by name: these two do not exist everywhere, and later not at all.
    watcher = vars(asyncio)["PidfdChildWatcher"]()
    watcher.attach_loop(asyncio.get_running_loop())
    vars(asyncio)["set_child_watcher"](watcher)


def _has_pidfd() -> bool:
    """Return whether this system and its kernel (Linux 5.3) have process descriptors."""
    try:
        os.close(vars(os)["pidfd_open"](os.getpid()))
    except (KeyError, OSError):
        return False
    return True
