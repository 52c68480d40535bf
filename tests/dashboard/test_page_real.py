"""The page in a real browser, served by the real dashboard over a real journal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from app.dashboard.parts import WEB
from app.host.recent import Sample
from app.state import CancelJob, Command
from tests.dashboard.desk import NOW, Desk, open_desk, served
from tests.dashboard.fake_data import log_lines
from tests.demo.browser import browser, needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), needs_browser]


@asynccontextmanager
async def shown(home: Path, view: str = "") -> AsyncIterator[tuple[Desk, Page]]:
    """The page over a desk with one suite's log; and values of the last minute."""
    async with open_desk(home / "home") as desk:
        desk.runs(await desk.job("job-1", log_lines(9000)))
        desk.samples += [
            Sample(NOW - 60 + 5 * step, 20.0 + step, 50.0, 60.0, step * 1e6, step * 1e5)
            for step in range(12)
        ]
        desk.snapshot = replace(desk.snapshot, server_url="ws://one/ws", autostart=False)
        async with (
            served(desk.parts(web=WEB)) as dashboard,
            browser(await dashboard.open(view), home / "profile") as tab,
        ):
            yield desk, tab


async def test_overview_job_and_history(tmp_path: Path) -> None:
    """Values, commands, a log with its search and its file, cancel, the list of jobs."""
    async with shown(tmp_path) as (desk, tab):
        await expect(tab.locator("#link")).to_have_text("Online: 1 running")
        await expect(tab.locator("[data-plot=cpu] .value")).to_have_text("31 %")
        await expect(tab.locator("[data-plot=net] .value")).to_contain_text("195 KiB/s")
        await expect(tab.get_by_text("Free of")).to_be_visible()
        await tab.get_by_role("button", name="Pause").click()
        await tab.get_by_role("link", name="job-1").click()
        await expect(tab.get_by_text("test_008999")).to_be_visible()
        await tab.get_by_label("Search the log").fill("test_000004")
        await tab.keyboard.press("Shift+Enter")
        await expect(tab.locator(".log-row.current")).to_contain_text("订单4")
        async with tab.expect_download() as download:
            await tab.get_by_role("button", name="Save the log as a file").click()
        assert (await (await download.value).path()).read_bytes() == log_lines(9000)
        await tab.locator(".head .danger").click()
        await tab.get_by_role("button", name="Cancel the job").click()
        await expect(tab.get_by_text("The job is being cancelled.")).to_be_visible()
        await tab.get_by_role("link", name="History").click()
        await expect(tab.locator(".history tbody tr")).to_have_count(1)
        assert desk.posted == [Command.PAUSE, CancelJob("job-1")]


async def test_settings_and_their_file(tmp_path: Path) -> None:
    """The real settings show; a wrong line is found in the file's text, a right one is saved."""
    async with shown(tmp_path, "settings") as (desk, tab):
        await expect(tab.locator(".settings tr", has_text="monitor.interval")).to_be_visible()
        area = tab.get_by_label("Text of the settings file")
        await area.fill("monitor:\n  interval: often\n")
        await tab.get_by_role("button", name="Check").click()
        await expect(tab.locator(".gutter .bad")).to_have_text("2")
        await area.fill("monitor:\n  interval: 7\n")
        await tab.get_by_role("button", name="Save").click()
        await expect(tab.get_by_text("Saved. The agent takes it up now.")).to_be_visible()
        saved = [
            path for path in desk.home.glob("*.yaml") if "interval: 7" in path.read_text("utf-8")
        ]
        assert len(saved) == 1


async def test_connect(tmp_path: Path) -> None:
    """A pasted command is taken apart; the check and the refused save show."""
    async with shown(tmp_path, "connect") as (desk, tab):
        command = "python agent.py --url='ws://two:1/ws' --token='tok-123456'"
        await tab.get_by_label("Server address").fill(command)
        await expect(tab.get_by_label("Token", exact=True)).to_have_value("tok-123456")
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".notice.good")).to_contain_text("bench-7")
        await tab.get_by_role("button", name="Save").click()
        await expect(tab.locator("#token-problem")).to_have_text("No. Ask.")
        values = ("ws://two:1/ws", "tok-123456", "")
        assert desk.checked == [("check", *values), ("save", *values)]
