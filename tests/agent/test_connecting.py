"""Saving a connection from the page: only what works, and never without effect in silence."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.agent.connecting import Connecting, ConnectingParts
from app.agent.connection_check import CheckParts, ConnectionCheck
from app.config import Effective, gather
from app.demo.platform import DemoPlatform
from app.host.saved_connection import ConnectionStore


class Computer:
    """A computer with a home folder and the variables of its agent."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ: dict[str, str] = {}
        self.saved = 0
        self.connecting = Connecting(
            ConnectingParts(
                check=ConnectionCheck(CheckParts(home=home, rest=0.0)),
                store=ConnectionStore(home, None),
                effective=self.effective,
                saved=self.count,
            )
        )

    def effective(self) -> Effective:
        """The settings as they are now."""
        return gather({}, self.environ, lambda: self.home)

    def count(self) -> None:
        """A connection was saved."""
        self.saved += 1


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """A computer on which nothing is set up."""
    return Computer(tmp_path / "home")


@pytest.fixture
async def platform() -> AsyncIterator[DemoPlatform]:
    """A platform with one environment."""
    async with DemoPlatform() as running:
        yield running


async def test_what_works_is_saved(computer: Computer, platform: DemoPlatform) -> None:
    """A check alone saves nothing; the next settings hold what was saved."""
    address = f"127.0.0.1:{platform.port}"
    result = await computer.connecting.check(address, platform.token, "")
    assert result.body() == {"environment": "Demo environment", "warnings": []}
    assert not computer.effective().set_up
    result = await computer.connecting.save(address, platform.token, "")
    assert result.environment == "Demo environment"
    config = computer.effective().config()
    assert (config.server_url, config.token) == (platform.url, platform.token)
    assert computer.saved == 1


async def test_what_does_not_work_is_not_saved(computer: Computer, platform: DemoPlatform) -> None:
    """Neither in the check of the texts nor in the live one, and the page is told which field."""
    for token, words in (("wrong", "refuses"), ("", "missing")):
        body = (await computer.connecting.save(platform.url, token, "")).body()
        problem = body["problem"]
        assert isinstance(problem, dict)
        assert problem["field"] == "token"
        assert words in problem["cause"]
    assert not computer.effective().set_up
    assert computer.saved == 0


async def test_empty_token_is_the_present_one(computer: Computer, platform: DemoPlatform) -> None:
    """The page never gets the token, so it cannot send it back."""
    await computer.connecting.save(platform.url, platform.token, "")
    result = await computer.connecting.save(platform.url, "", "work")
    assert result.problem is None
    assert computer.effective().config().token == platform.token


async def test_stronger_sources_are_named(computer: Computer, platform: DemoPlatform) -> None:
    """Saving works, but the user learns that something else wins."""
    computer.environ = {"ATS_AGENT_SERVER_URL": "ws://elsewhere"}
    for work in (computer.connecting.check, computer.connecting.save):
        (warning,) = (await work(platform.url, platform.token, "")).warnings
        assert "environment ATS_AGENT_SERVER_URL" in warning


async def test_wrong_settings_and_wrong_homes_are_problems(
    computer: Computer, platform: DemoPlatform
) -> None:
    """Nothing is raised at the page."""
    computer.home.write_text("", encoding="utf-8")  # a file where the home folder should be
    result = await computer.connecting.save(platform.url, platform.token, "/")
    assert result.problem is not None
    assert str(computer.home) in result.problem.cause
    computer.environ = {"ATS_AGENT_TASK_TIMEOUT": "soon"}
    for work in (computer.connecting.check, computer.connecting.save):
        result = await work(platform.url, platform.token, "")
        assert result.problem is not None
        assert "ATS_AGENT_TASK_TIMEOUT" in result.problem.cause
