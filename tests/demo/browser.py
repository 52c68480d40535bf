"""A real browser: Debian's chromium without a head, driven by Playwright."""

import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENS = Path(__file__).parents[2] / ".work" / "screens"
LOOK: Mapping[str, Any] = {
    "viewport": {"width": 1440, "height": 900},
    "locale": "en-US",
    "color_scheme": "light",
    "reduced_motion": "reduce",  # no transitions: a colour is the final one at once
}

needs_browser = pytest.mark.skipif(
    sys.platform != "linux", reason="other system: the page is tested with Debian's chromium"
)


@asynccontextmanager
async def browser(
    url: str, profile: Path, *, forgiven: str = "WebSocket", **look: Any
) -> AsyncIterator[Page]:
    """Open the page in a new browser; an error in its script or a refused resource fails.

    Not so with `forgiven` in its text: a lost connection is no mistake of ours.
    """
    complaints: list[str] = []
    async with async_playwright() as driver:
        context = await driver.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=FLAGS,
            accept_downloads=True,
            env={name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
            **{**LOOK, **look},
        )
        try:
            page = context.pages[0]
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: (
                    complaints.append(said.text)
                    if said.type == "error" and not re.search(forgiven, said.text)
                    else None
                ),
            )
            await page.goto(url)
            yield page
        finally:
            await context.close()
    assert complaints == []


async def screenshot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, outside the repository's history."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}.png")
