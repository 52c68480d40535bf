"""Connecting from the page, beside the agent's own connection (app/wiring/connect_page.py)."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from app.agent import connection_check
from app.config import gather
from app.demo.platform import DemoPlatform
from app.effective import Effective
from app.link import keeper as keeper_module
from app.state import LinkState
from app.wiring.build import Bench, Parts
from app.wiring.connect_page import ConnectPage
from app.wiring.current import Current
from tests.link.test_keeper import Scene, keeping


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper looks at its (fake) clock often, so that no test waits for time."""
    monkeypatch.setattr(keeper_module, "PAUSE_SLICE", 0.02)


def page_of(scene: Scene, home: Path, address: str = "", token: str = "") -> ConnectPage:
    """Return the page's part of an agent with this keeper."""

    def load() -> Effective:
        return gather({"server.url": address, "token": token} if token else {}, {}, lambda: home)

    bench = SimpleNamespace(current=Current(load().config_so_far()), environ={}, load=load)
    parts = SimpleNamespace(keeper=scene.keeper, intake=SimpleNamespace(environment="Lab"))
    return ConnectPage(cast(Bench, bench), cast(Parts, parts), scene.keeper.renew)


@pytest.mark.parametrize("lost", [False, True], ids=["goodbye", "silence"])
async def test_check_that_was_lost_costs_the_next_session_one_refresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """The platform finds the check's dead connection 45 s later and forgets the agent's (8.4)."""
    monkeypatch.setattr(connection_check, "GREETING_TIMEOUT", 0.3)
    monkeypatch.setattr(connection_check, "CLOSE_TIMEOUT", 0.1)
    async with DemoPlatform() as platform, keeping(wanted=False) as scene:
        page = page_of(scene, tmp_path)
        platform.go_silent()
        async with asyncio.TaskGroup() as tasks:
            check = tasks.create_task(page.check(platform.url, platform.token, ""), name="check")
            await platform.wait_for(lambda: platform.connections, 5, "the check")
            if lost:
                platform.pull_cable()
        assert check.result().problem is not None
        ended = scene.now
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        scene.now = ended + 61.0
        if lost:
            await scene.reaches(LinkState.BACKING_OFF)
        await asyncio.sleep(0.05)
        await scene.reaches(LinkState.ONLINE)
        assert len(scene.opened) == (2 if lost else 1)
        await platform.notice_loss()


@pytest.mark.slow
async def test_agent_that_is_not_online_waits_for_the_check(tmp_path: Path) -> None:
    """With the same token the platform would mix up both; afterwards the agent connects."""
    async with DemoPlatform() as platform, keeping(wanted=False) as scene:
        page = page_of(scene, tmp_path, "ws://old/ws/agent", platform.token)
        async with asyncio.TaskGroup() as tasks:
            check = tasks.create_task(page.check(platform.url, "", ""), name="check")
            await platform.wait_for(lambda: platform.connections, 5, "the check")
            scene.keeper.connect()
            await platform.agent_gone()
            assert scene.attempts == 0
        assert check.result().environment == "Demo environment"
        await scene.reaches(LinkState.ONLINE)


async def test_connected_agent_answers_for_itself(tmp_path: Path) -> None:
    """What it uses right now works: no second connection is opened."""
    async with DemoPlatform() as platform, keeping() as scene:
        await scene.reaches(LinkState.ONLINE)
        page = page_of(scene, tmp_path, platform.url, platform.token)
        assert (await page.check(platform.url, "", "")).environment == "Lab"
        assert platform.connections == 0
