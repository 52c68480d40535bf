"""Does this connection work? Looks, opens a real link, and says in plain words what is wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from app.errors import AgentError, ConfigError, WorkDirError
from app.host.paths import check_work_dir, resolve_work_dir
from app.i18n import _
from app.link.serve import TOKEN_REFUSED
from app.link.transport import LinkClosedError, Transport, open_link
from app.protocol import codec
from app.protocol.messages import TokenInvalid, Welcome
from app.settings import BY_KEY

SERVER_URL, TOKEN, WORK_DIR = "server_url", "token", "work_dir"  # what a problem is about
OPEN_TIMEOUT = 10.0  # seconds; somebody looks at the screen and waits
GREETING_TIMEOUT = 10.0  # seconds from the open connection to the platform's greeting
CLOSE_TIMEOUT = 3.0  # seconds for the goodbye
# Seconds of silence after a connection that was greeted: one that follows at once is
# unreachable for the platform (docs/protocol.md 8.4).
REST = 1.0
# The platform refuses it, after a handshake that says all about the way to the platform; a
# refused connection is not registered, so a connected agent loses nothing by it.
_NO_TOKEN = "ats-agent-checks-the-address"  # noqa: S105 (no secret, on purpose)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with which of the three fields, and what to do about it."""

    field: str  # SERVER_URL, TOKEN or WORK_DIR
    cause: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A connection as somebody wants it, complete."""

    server_url: str
    token: str = field(repr=False)
    work_dir: str = ""


@dataclass(frozen=True, slots=True)
class InUse:
    """The running agent's own connection; `environment` is "" while it is not online."""

    server_url: str
    token: str = field(repr=False)
    environment: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The environment's name, or else the problem."""

    environment: str = ""
    problem: Problem | None = None
    warnings: tuple[str, ...] = ()

    def body(self) -> dict[str, object]:
        """Return it for the page."""
        if self.problem is None:
            return {"environment": self.environment, "warnings": list(self.warnings)}
        problem = self.problem
        return {
            "problem": {
                "field": problem.field,
                "cause": problem.cause,
                "next_step": problem.next_step,
            }
        }


def nobody() -> InUse | None:
    """Stand for an agent that does not run."""
    return None


def nothing_to_hold() -> AbstractAsyncContextManager[object]:
    """Stand for an agent that opens no connections."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckParts:
    """What a check must know of this computer and of the agent that may run on it."""

    home: Path
    in_use: Callable[[], InUse | None] = nobody
    # While the context lasts the agent opens no connection: the platform would mix up two.
    hold: Callable[[], AbstractAsyncContextManager[object]] = nothing_to_hold
    # A connection that the platform may have registered ended without a goodbye (8.4).
    lost_silently: Callable[[], None] = lambda: None
    rest: float = REST  # seconds


class ProblemError(Exception):
    """A check has found a problem."""

    def __init__(self, field: str, cause: str, next_step: str) -> None:
        super().__init__(cause)
        self.problem = Problem(field, cause, next_step)


class ConnectionCheck:
    """Checks one connection after another."""

    def __init__(self, parts: CheckParts) -> None:
        self._parts = parts
        self._one_at_a_time = asyncio.Lock()

    async def check(self, wish: Wish, ca_file: Path | None) -> str:
        """Return the environment's name; ProblemError when something is wrong."""
        async with self._one_at_a_time:
            await self._try_folder(wish.work_dir, _own_advice)
            mine = self._parts.in_use()
            if mine is None or mine.token != wish.token:
                return await self._meet(wish, ca_file)
            if not mine.environment:
                async with self._parts.hold():
                    return await self._meet(wish, ca_file)
            if mine.server_url != wish.server_url:
                await self._find_platform(wish, ca_file)
            return mine.environment

    async def _meet(self, wish: Wish, ca_file: Path | None) -> str:
        """Be greeted by the platform, and leave it again."""
        async with self._connection(wish.server_url, wish.token, ca_file) as transport:
            welcome = await _greeting(transport, wish.server_url)
        await asyncio.sleep(self._parts.rest)
        if welcome.work_dir.strip():
            await self._try_folder(welcome.work_dir, _platform_advice)
        return welcome.environment_name or welcome.environment_id

    async def _find_platform(self, wish: Wish, ca_file: Path | None) -> None:
        """Learn whether a platform answers, without a second connection of this computer."""
        try:
            async with self._connection(wish.server_url, _NO_TOKEN, ca_file) as transport:
                await _greeting(transport, wish.server_url)
        except ProblemError as found:
            if found.problem.field != TOKEN:
                raise

    @asynccontextmanager
    async def _connection(
        self, url: str, token: str, ca_file: Path | None
    ) -> AsyncIterator[Transport]:
        try:
            transport = await open_link(url, token, ca_file, open_timeout=OPEN_TIMEOUT)
        except AgentError as why:
            if getattr(why, "maybe_registered", False):
                self._lost(token)
            raise ProblemError(SERVER_URL, why.cause, why.next_step) from why
        goodbye = False
        try:
            yield transport
        finally:
            try:
                goodbye = await transport.close(timeout=CLOSE_TIMEOUT)
            finally:
                if not goodbye:
                    self._lost(token)

    def _lost(self, token: str) -> None:
        if token != _NO_TOKEN:
            self._parts.lost_silently()

    async def _try_folder(self, wish: str, advice: Callable[[], str]) -> None:
        try:
            root = resolve_work_dir(wish, self._parts.home)
            await asyncio.to_thread(check_work_dir, root)
        except WorkDirError as why:
            raise ProblemError(WORK_DIR, why.cause, advice()) from why


def read_wish(server_url: str, token: str, work_dir: str) -> Wish:
    """Return the wish that three texts mean; ProblemError, without the token, when none."""
    if not server_url.strip():
        raise ProblemError(SERVER_URL, _("The platform's address is missing."), _address_advice())
    try:
        address = cast("str", BY_KEY["server.url"].read(server_url))
    except ValueError as what:
        cause = _("This address cannot be used: {why}.").format(why=what)
        raise ProblemError(SERVER_URL, cause, _address_advice()) from what
    if not token.strip():
        raise ProblemError(TOKEN, _("The token is missing."), _token_advice())
    try:
        return Wish(address, cast("str", BY_KEY["token"].read(token)), work_dir.strip())
    except ValueError as what:
        cause = _("This token cannot be used: {why}.").format(why=what)
        raise ProblemError(TOKEN, cause, _token_advice()) from what


async def _greeting(transport: Transport, url: str) -> Welcome:
    """Wait for the platform's greeting; ProblemError when something else comes, or nothing."""
    try:
        async with asyncio.timeout(GREETING_TIMEOUT):
            while True:
                match codec.decode(await transport.receive()):
                    case Welcome() as welcome:
                        return welcome
                    case TokenInvalid(reason):
                        raise _refused(reason)
                    case _:
                        continue  # whoever talks like this may still greet
    except TimeoutError:
        raise ProblemError(
            SERVER_URL,
            _("{where} takes connections but does not greet as an ATS platform does.").format(
                where=urlsplit(url).netloc
            ),
            _("Check address and port: another program may listen there."),
        ) from None
    except LinkClosedError as closed:
        if closed.code == TOKEN_REFUSED and closed.clean:
            raise _refused(closed.reason) from closed
        step = _("Try again; if that goes on, check address and port, or ask whoever runs it.")
        raise ProblemError(SERVER_URL, closed.cause, step) from closed


def _refused(reason: str) -> ProblemError:
    cause = _("The platform refuses this token ({reason}).")
    return ProblemError(TOKEN, cause.format(reason=reason or _("no reason given")), _token_advice())


def as_problem(why: ConfigError) -> Problem:
    """Return a damaged setting as a problem of the page, which knows three fields."""
    return Problem(SERVER_URL, why.cause, why.next_step)


def _address_advice() -> str:
    return _("It looks like ws://192.168.1.10:8000; the platform's start command holds it.")


def _token_advice() -> str:
    return _("Copy it from this computer's environment on the platform; a new one ends the old.")


def _own_advice() -> str:
    return _("Choose a folder that this user can write, or leave the field empty.")


def _platform_advice() -> str:
    return _("The platform names it for this environment: change it there, or make it writable.")
