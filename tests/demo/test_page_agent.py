"""The page in a real browser with the real agent behind it."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from app.demo.page import DemoPage
from app.demo.platform import DemoPlatform
from tests.demo.browser import browser, needs_browser, screenshot
from tests.integration.agents import AgentProcess, running_agent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.timeout(90),
    needs_browser,
]

PYTHON = f'"{sys.executable}"'


@asynccontextmanager
async def shown(tmp_path: Path) -> AsyncIterator[tuple[AgentProcess, Page]]:
    """The real agent online, and the page in a browser."""
    async with (
        DemoPlatform() as platform,
        DemoPage(platform) as page,
        running_agent(platform, tmp_path / "home") as agent,
        browser(page.url, tmp_path / "profile") as tab,
    ):
        yield agent, tab


async def send(tab: Page, command: str, env: str = "") -> None:
    """Fill in and send the command form."""
    await tab.click("#new-command")
    await tab.fill("#command-dialog [name=command]", command)
    await tab.fill("#command-dialog [name=env]", env)
    await tab.click("#command-dialog [type=submit]")


async def test_vital_signs_and_command(tmp_path: Path) -> None:
    """The agent's own facts show; a command runs with its variables, and its log arrives."""
    async with shown(tmp_path) as (_agent, tab):
        await expect(tab.locator("#link")).to_have_text("Online")
        await expect(tab.get_by_role("img", name="Memory:")).not_to_have_text("–")
        code = "import os,sys; print(os.environ['GREETING']); print('oh', file=sys.stderr)"
        await send(tab, f'{PYTHON} -c "{code}"', "GREETING=你好 <b>=1")
        await expect(tab.locator("#run-state")).to_have_text("passed", timeout=20_000)
        await expect(tab.locator("#log")).to_contain_text("你好 <b>=1")
        await expect(tab.locator("#log .l1, #log .l2")).to_contain_text(["oh"])
        await expect(tab.locator("#run-facts")).to_contain_text("exit code 0")
        await screenshot(tab, "agent-command")


async def test_cancel(tmp_path: Path) -> None:
    """The cancel button ends a running command at the agent."""
    async with shown(tmp_path) as (_agent, tab):
        await send(tab, f"{PYTHON} -c \"import time; print('up', flush=True); time.sleep(60)\"")
        await expect(tab.locator("#log")).to_contain_text("up", timeout=20_000)
        await tab.click("#run-cancel")
        await expect(tab.locator("#run-state")).to_have_text("cancelled", timeout=20_000)


async def test_failure(tmp_path: Path) -> None:
    """A command that fails is red and shows its exit code."""
    async with shown(tmp_path) as (_agent, tab):
        await send(tab, f'{PYTHON} -c "raise SystemExit(3)"')
        await expect(tab.locator("#run-state")).to_have_text("failed", timeout=20_000)
        await expect(tab.locator("#run-facts")).to_contain_text("exit code 3")


async def test_workspace(tmp_path: Path) -> None:
    """The agent's work dir is listed; a file of it opens, a written one is on the disk."""
    async with shown(tmp_path) as (agent, tab):
        await tab.click("#tab-files")
        await expect(tab.locator("#files-problem")).not_to_be_visible()
        await tab.click("#make-file")
        await tab.fill("#file-dialog [name=name_]", "记录 1.txt")
        await tab.fill("#file-dialog [name=content]", "one\ntwo\n")
        await tab.click("#file-dialog [type=submit]")
        await tab.get_by_role("button", name="记录 1.txt", exact=True).click()
        await expect(tab.locator("#file-dialog [name=content]")).to_have_value("one\ntwo\n")
        await screenshot(tab, "agent-file")
        [file] = agent.home.rglob("记录 1.txt")
        assert file.read_bytes().replace(os.linesep.encode(), b"\n") == b"one\ntwo\n"
