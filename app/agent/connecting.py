"""Connects this computer: checks what somebody entered, and saves only what works."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from app.agent.connection_check import (
    CheckResult,
    ConnectionCheck,
    ProblemError,
    Wish,
    as_problem,
    read_wish,
)
from app.effective import Effective
from app.errors import ConfigError
from app.host.saved_connection import ConnectionStore


def nothing_to_do() -> None:
    """Stand for nobody who waits for a new connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectingParts:
    """What connecting needs; `effective` blocks, and may raise ConfigError."""

    check: ConnectionCheck
    store: ConnectionStore
    effective: Callable[[], Effective]  # the settings as they are now
    saved: Callable[[], None] = nothing_to_do  # called after a connection was saved


class Connecting:
    """What the page "Connect this computer" does; never raises AgentError.

    An empty token means the one that is in use.
    """

    def __init__(self, parts: ConnectingParts) -> None:
        self._parts = parts

    async def check(self, server_url: str, token: str, work_dir: str) -> CheckResult:
        """Say whether this connection works, and which of it would have no effect if saved."""
        try:
            _wish, result = await self._checked(server_url, token, work_dir)
        except ProblemError as found:
            return CheckResult(problem=found.problem)
        except ConfigError as why:
            return CheckResult(problem=as_problem(why))
        return result

    async def save(self, server_url: str, token: str, work_dir: str) -> CheckResult:
        """Check, and save what works; a problem saves nothing."""
        try:
            wish, result = await self._checked(server_url, token, work_dir)
            remarks = await asyncio.to_thread(self._store, wish)
        except ProblemError as found:
            return CheckResult(problem=found.problem)
        except ConfigError as why:
            return CheckResult(problem=as_problem(why))
        self._parts.saved()
        return CheckResult(result.environment, None, (*remarks, *result.warnings))

    async def _checked(
        self, server_url: str, token: str, work_dir: str
    ) -> tuple[Wish, CheckResult]:
        effective = await asyncio.to_thread(self._parts.effective)
        present = effective.entries["token"].value
        wish = read_wish(server_url, token.strip() or str(present or ""), work_dir)
        return wish, await _check(wish, effective, self._parts.check)

    def _store(self, wish: Wish) -> tuple[str, ...]:
        saved = self._parts.store.save(wish.server_url, wish.token, wish.work_dir)
        return (saved.remark,) if saved.remark else ()


async def _check(wish: Wish, effective: Effective, checker: ConnectionCheck) -> CheckResult:
    environment = await checker.check(wish, effective.config_so_far().ca_file)
    return CheckResult(environment, None, effective.overruled(wish.server_url, wish.token))


def check_now(wish: Wish, effective: Effective, checker: ConnectionCheck) -> CheckResult:
    """Check where no loop runs, in a terminal; never raises AgentError."""
    try:
        return asyncio.run(_check(wish, effective, checker))
    except ProblemError as found:
        return CheckResult(problem=found.problem)
