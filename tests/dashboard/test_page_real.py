"""The page in a real browser, served by the real dashboard over a real journal."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.dashboard.parts import WEB
from app.host.recent import Sample
from app.state import CancelJob, Command, JobState, LinkState
from tests.dashboard.desk import NOW, open_desk, served
from tests.dashboard.fake_data import log_lines
from tests.demo.browser import browser, needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), needs_browser]


async def test_all_views_with_the_real_dashboard(tmp_path: Path) -> None:
    """What the page asks for is what the dashboard answers, view by view."""
    async with open_desk(tmp_path / "home") as desk:
        key = await desk.job("job-1", log_lines(9000))
        desk.runs(key)
        desk.samples += [
            Sample(
                NOW - 60 + 5 * step,
                cpu=20.0 + step,
                memory=50.0,
                disk=60.0,
                received=step * 1e6,
                sent=step * 1e5,
            )
            for step in range(12)
        ]
        desk.snapshot = replace(desk.snapshot, server_url="ws://one/ws", autostart=False)
        async with (
            served(desk.parts(web=WEB)) as dashboard,
            browser(await dashboard.open(), tmp_path / "profile") as tab,
        ):
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
            await tab.get_by_role("link", name="Settings").click()
            await expect(tab.locator(".settings tbody tr").first).to_be_visible()
            area = tab.get_by_label("Text of the settings file")
            await area.fill("jobs:\n  nonsense: 1\n")
            await tab.get_by_role("button", name="Check").click()
            await expect(tab.locator(".gutter .bad")).to_have_text("2")
            await area.fill("monitor:\n  interval: 7\n")
            await tab.get_by_role("button", name="Save").click()
            await expect(tab.get_by_text("Saved. The agent takes it up now.")).to_be_visible()
            await tab.get_by_role("link", name="Connection").click()
            await tab.get_by_label("Server address").fill(
                "python agent.py --url='ws://two:1/ws' --token='tok-123456'"
            )
            await expect(tab.get_by_label("Token", exact=True)).to_have_value("tok-123456")
            await tab.keyboard.press("Enter")
            await expect(tab.locator(".notice.good")).to_contain_text("bench-7")
            await tab.get_by_role("button", name="Save").click()
            await expect(tab.locator("#token-problem")).to_have_text("No. Ask.")
        assert desk.posted == [Command.PAUSE, CancelJob("job-1")]
        assert JobState.RUNNING in {job.state for job in desk.snapshot.jobs}
        assert desk.snapshot.link is LinkState.ONLINE
