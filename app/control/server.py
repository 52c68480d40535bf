"""The agent's side: a socket on 127.0.0.1 that only this user's programs can use."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.control import handshake, wire
from app.control.card import Card
from app.control.picture import jobs_of, status_of
from app.control.tail import Tail
from app.errors import AgentError
from app.i18n import _
from app.state import CancelJob, Command, JobState, Request, Snapshot

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
MOST_STRANGERS = 16  # connections that have proved nothing yet; more are closed at once
MOST_FACES = 16  # connections of programs that know the secret
PROOF_TIMEOUT = 3.0  # seconds for a stranger
CLOSE_TIMEOUT = 1.0  # seconds for what is still on its way to a face that is leaving
FOLLOW_EVERY = 0.2  # seconds between two looks at a log that is followed

_GONE = (OSError, EOFError, ValueError, TimeoutError)  # ValueError: a line too long, or no JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """What the agent lends; all of it is called inside the loop."""

    home: Path
    post: Callable[[Request], None]
    snapshot: Callable[[], Snapshot]
    agent_log: Callable[[], Path | None]
    job_log: Callable[[str], Awaitable[Path | None]]  # may raise AgentError
    page: Callable[[str, bool], Awaitable[str]]  # view, show it → address; may raise AgentError
    clock: Callable[[], float]  # epoch seconds


@dataclass(frozen=True, slots=True)
class Peer:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def hear(self) -> dict[str, Any]:
        """Return the next line; EOFError when there is none, ValueError when it is no good."""
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return wire.decode(line)

    async def say(self, body: dict[str, Any]) -> None:
        """Send one line, as fast as the other side takes it."""
        self.writer.write(wire.encode(body))
        await self.writer.drain()

    async def close(self) -> None:
        """Close, bounded."""
        self.writer.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.writer.wait_closed()
        except (OSError, TimeoutError):
            self.writer.transport.abort()


class ControlServer:
    """Serves until it is cancelled; without it the agent goes on, and says so in its log."""

    def __init__(self, parts: ControlParts) -> None:
        self._parts = parts
        self._card: Card | None = None
        self._tasks: asyncio.TaskGroup | None = None  # None: nobody is let in
        self._strangers = 0
        self._faces = 0
        self._warned = False  # of somebody without the secret

    async def run(self) -> None:
        """Listen, leave the card in the home folder, serve; take the card away at the end."""
        try:
            server = await asyncio.start_server(self._arrived, HOST, 0, limit=wire.ASK_LIMIT)
        except OSError as why:
            log.warning(_("commands like `ats-agent status` cannot reach this agent: %s"), why)
            return
        self._card = Card.new(server.sockets[0].getsockname()[1], os.getpid())
        try:
            await self._serve_faces(self._card)
        finally:
            server.close()
            await asyncio.to_thread(self._card.remove, self._parts.home)

    async def _serve_faces(self, card: Card) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                await asyncio.to_thread(card.write, self._parts.home)
                await asyncio.Event().wait()
            except OSError as why:
                log.warning(_("commands like `ats-agent status` cannot reach this agent: %s"), why)
            finally:
                self._tasks = None

    def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._tasks is None or self._strangers >= MOST_STRANGERS:
            writer.transport.abort()
            return
        self._strangers += 1
        self._tasks.create_task(self._meet(Peer(reader, writer)), name="control peer")

    # ------------------------------------------------------------ one connection

    async def _meet(self, peer: Peer) -> None:
        try:
            if await self._known(peer):
                await self._serve(peer)
        except _GONE as why:
            log.debug("a control connection ended: %r", why)
        finally:
            await peer.close()

    async def _known(self, peer: Peer) -> bool:
        """Let both sides prove that they know the secret."""
        try:
            async with asyncio.timeout(PROOF_TIMEOUT):
                return await self._prove(peer, self._secret)
        except _GONE:
            return False
        finally:
            self._strangers -= 1

    @property
    def _secret(self) -> str:
        return self._card.secret if self._card is not None else ""

    async def _prove(self, peer: Peer, secret: str) -> bool:
        mine = handshake.new_nonce()
        version = self._parts.snapshot().program.version
        await peer.say({"agent": version, "protocol": wire.PROTOCOL, "nonce": mine})
        body = await peer.hear()
        theirs = body.get("nonce")
        if not secret or not handshake.is_nonce(theirs):
            return False
        expected = handshake.proof(secret, handshake.FACE, mine, str(theirs))
        if not handshake.proven(expected, body.get("proof")):
            level = logging.DEBUG if self._warned else logging.WARNING  # the first one is news
            self._warned = True
            log.log(level, _("a program that does not know this agent's secret was turned away"))
            return False
        await peer.say({"proof": handshake.proof(secret, handshake.AGENT, mine, str(theirs))})
        return True

    async def _serve(self, peer: Peer) -> None:
        if self._faces >= MOST_FACES:
            await peer.hear()
            await peer.say(_error(_("Too many commands talk to this agent already.")))
            return
        self._faces += 1
        try:
            while True:
                ask = wire.decode_ask(await peer.hear())
                if isinstance(ask, wire.AskLogs):
                    await self._until_gone(peer, self._show_log(peer, ask))
                elif isinstance(ask, wire.AskPage):
                    await peer.say(await self._page(ask))
                else:
                    await peer.say(self._answered(ask))
        finally:
            self._faces -= 1

    def _answered(self, ask: wire.Ask | None) -> dict[str, Any]:
        now = self._parts.clock()
        match ask:
            case wire.AskStatus():
                return {"answer": status_of(self._parts.snapshot(), now)}
            case wire.AskJobs():
                return {"answer": jobs_of(self._parts.snapshot(), now)}
            case Command():
                self._parts.post(ask)
                return {"answer": status_of(self._parts.snapshot(), now)}
            case CancelJob(job_id):
                return self._cancelled(job_id)
            case _:
                return _error(_("The agent that runs does not understand this."), _restart())

    async def _page(self, ask: wire.AskPage) -> dict[str, Any]:
        try:
            return {"answer": {"url": await self._parts.page(ask.view, ask.show)}}
        except AgentError as why:
            return _error(why.cause, why.next_step)

    def _cancelled(self, job_id: str) -> dict[str, Any]:
        states = {job.job_id: job.state for job in self._parts.snapshot().jobs}
        if job_id not in states:
            text = _("No job {job_id} runs or waits.").format(job_id=job_id)
            return _error(text, _("`ats-agent jobs` lists those that do."))
        if states[job_id] is JobState.STOPPING:
            return _error(_("Job {job_id} is ending already.").format(job_id=job_id))
        self._parts.post(CancelJob(job_id))
        return {"answer": {}}

    # ------------------------------------------------------------ logs

    async def _until_gone(self, peer: Peer, work: Awaitable[None]) -> None:
        """Work until it is done, or the other side says anything or leaves."""

        async def working() -> None:
            await work

        async with asyncio.TaskGroup() as tasks:
            both = [
                tasks.create_task(working(), name="control log"),
                tasks.create_task(_leaving(peer), name="control leaving"),
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in both:
                one.cancel()
        if both[0].cancelled():
            raise EOFError

    async def _show_log(self, peer: Peer, ask: wire.AskLogs) -> None:
        try:
            path = await self._log_path(ask.job_id)
            if isinstance(path, dict):
                await peer.say(path)
                return
            await self._send_log(peer, ask, Tail(path, ask.lines))
            await peer.say({"answer": {}})
        except ConnectionError as why:
            log.debug("a control connection ended: %r", why)
        except OSError as why:
            text = _("The log cannot be read: {why}.").format(why=why.strerror or why)
            await peer.say(_error(text))

    async def _log_path(self, job_id: str) -> Callable[[], Path | None] | dict[str, Any]:
        if not job_id:
            return self._parts.agent_log
        try:
            path = await self._parts.job_log(job_id)
        except AgentError as why:
            return _error(why.cause, why.next_step)
        if path is None or not await asyncio.to_thread(path.exists):
            text = _("There is no log of a job {job_id}.").format(job_id=job_id)
            return _error(text, _("`ats-agent jobs` lists the jobs that run and wait."))
        return partial(_same, path)

    async def _send_log(self, peer: Peer, ask: wire.AskLogs, tail: Tail) -> None:
        while True:
            grows = ask.follow and self._grows(ask.job_id)
            while (piece := await asyncio.to_thread(tail.read)) is not None:
                await peer.say({"piece": piece})
            if not grows:
                return
            await asyncio.sleep(FOLLOW_EVERY)

    def _grows(self, job_id: str) -> bool:
        return not job_id or any(job.job_id == job_id for job in self._parts.snapshot().jobs)


async def _leaving(peer: Peer) -> None:
    try:
        await peer.reader.read(1)
    except OSError:
        return


def _same(path: Path) -> Path:
    return path


def _error(cause: str, next_step: str = "") -> dict[str, Any]:
    return {"error": cause, "next_step": next_step}


def _restart() -> str:
    return _("It is of another version: restart it.")
