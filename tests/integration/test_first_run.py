"""The first run as a person sees it: nothing configured, a real agent, a real browser."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.demo.platform import DemoPlatform
from tests.demo.browser import browser, needs_browser, screenshot

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="other system: xdg-open"),
    needs_browser,
]

COLOURS = r"printf '\033[31mred\033[0m line 1\n'; i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "
COLOURS += r'"needle $i"; done'


class Newcomer:
    """An agent that was just double-clicked, on a desktop whose browser only takes notes."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._links = folder / "links"
        self._env = self._environment(folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        opener = folder / "bin" / "xdg-open"
        opener.parent.mkdir()
        opener.write_text(f'#!/bin/sh\necho "$1" >>"{self._links}"\n', encoding="utf-8")
        opener.chmod(0o755)
        clean = {key: text for key, text in os.environ.items() if not key.startswith("ATS_AGENT_")}
        desk = {"WAYLAND_DISPLAY": "wayland-9", "DISPLAY": "", "XDG_RUNTIME_DIR": str(folder)}
        own = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/nobody", "PYTHONWARNINGS": "error"}
        path = {"PATH": f"{opener.parent}:{clean['PATH']}", "ATS_AGENT_LANGUAGE": "en"}
        return {**clean, **desk, **own, **path}

    async def start(self) -> asyncio.subprocess.Process:
        """Start it, with nothing but a folder of its own."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "--home", str(self.home)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=self._env,
        )

    async def link(self, number: int) -> str:
        """Wait until the browser was asked for a page so many times; return that address."""
        async with asyncio.timeout(30):
            while len(links := self._opened()) < number:  # noqa: ASYNC110 (a file has no event)
                await asyncio.sleep(0.05)
        return links[number - 1]

    def _opened(self) -> list[str]:
        return self._links.read_text(encoding="utf-8").split() if self._links.exists() else []


@asynccontextmanager
async def first_start(folder: Path) -> AsyncIterator[Newcomer]:
    one = Newcomer(folder)
    process = await one.start()
    try:
        yield one
    finally:
        process.terminate()
        await process.wait()


async def test_from_double_click_to_the_first_job(tmp_path: Path) -> None:
    """The page opens by itself, refuses a wrong token, saves a right one, and shows a job."""
    async with DemoPlatform() as platform, first_start(tmp_path) as one:
        link = await one.link(1)
        assert link.endswith("/#connect")
        async with browser(link, tmp_path / "profile") as tab:
            await tab.get_by_label("Server address").fill(platform.url)
            await tab.get_by_label("Token", exact=True).fill("no-such-token-123456")
            await tab.get_by_role("button", name="Check").click()
            await expect(tab.locator("main")).to_contain_text("refuses this token")
            await expect(tab.get_by_role("button", name="Save")).to_be_disabled()
            await screenshot(tab, "first-run-refused")
            await tab.get_by_label("Token", exact=True).fill(platform.token)
            await tab.get_by_role("button", name="Check").click()
            await expect(tab.locator("main")).to_contain_text("Demo environment")
            await tab.get_by_role("button", name="Save").click()
            await expect(tab.locator("#link")).to_contain_text("Online", timeout=20_000)
            await platform.agent_online()
            await platform.send_task("t1", COLOURS)
            await platform.result("t1")
            await tab.locator(".ended a").first.click()
            await expect(tab.locator("main")).to_contain_text("needle 300")
            await screenshot(tab, "first-job")
        second = await one.start()
        assert await second.wait() == 0
        again = await one.link(2)
        assert again != link
        async with browser(again, tmp_path / "profile2") as tab:
            await expect(tab.locator("#link")).to_contain_text("Online")
        async with browser(link, tmp_path / "profile3", forgiven="404") as tab:
            await expect(tab.locator("body")).to_contain_text("Not Found")
    log = (one.home / "workspace" / "logs" / "agent.log").read_text(encoding="utf-8")
    assert platform.token not in log
    assert link.split("/")[3] not in log
