"""The dashboard's page in a real browser, with the fake agent behind it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from app.i18n import LOCALE_DIR, PAGE_DOMAIN
from tests.dashboard.fake_agent import FakeAgent
from tests.demo.browser import browser, screenshot

CHINESE = LOCALE_DIR / "zh_CN" / "LC_MESSAGES" / f"{PAGE_DOMAIN}.json"
RUNNING, ALSO_RUNNING, WAITING = 61, 62, 63  # keys of the fake's jobs


def chinese() -> Mapping[str, str]:
    """The page's texts as the agent sends them in Chinese."""
    texts: dict[str, str] = json.loads(CHINESE.read_text(encoding="utf-8"))
    return texts


@asynccontextmanager
async def opened(
    profile: Path,
    view: str = "",
    *,
    agent: FakeAgent | None = None,
    texts: Mapping[str, str] | None = None,
    **look: Any,
) -> AsyncIterator[tuple[FakeAgent, Page]]:
    """An agent and its page, at one of its views."""
    async with agent or FakeAgent(texts) as served:
        url = f"{served.url}#{view}" if view else served.url
        async with browser(url, profile / "profile", **look) as tab:
            await expect(tab.locator("main .card").first).to_be_visible()
            yield served, tab


async def until(tab: Page, condition: Callable[[], object]) -> None:
    """Wait until something holds on our side; the page's own work is awaited with `expect`."""
    for _ in range(200):
        if condition():
            return
        await tab.wait_for_timeout(25)
    raise AssertionError(condition)


async def picture(tab: Page, name: str) -> None:
    """Keep a picture for people to look at."""
    await screenshot(tab, f"dashboard/{name}")
