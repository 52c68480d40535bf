"""How the page looks and feels in both languages and themes; screenshots of every view."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.fake_agent import FakeAgent
from tests.dashboard.fake_answers import GOOD_TOKEN
from tests.dashboard.page import RUNNING, chinese, opened, picture
from tests.demo.browser import needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90), needs_browser]

VIEWS = {
    "overview": "",
    "job": f"job={RUNNING}",
    "history": "history",
    "log": "log",
    "settings": "settings",
    "connect": "connect",
}
NARROW = {"viewport": {"width": 400, "height": 850}}
LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("en-light", {}),
    ("en-dark", {"color_scheme": "dark"}),
    ("zh-light", {}),
    ("zh-dark", {"color_scheme": "dark"}),
    ("narrow-en-dark", {"color_scheme": "dark", **NARROW}),
    ("narrow-zh-light", NARROW),
]
CHECKS = (Path(__file__).with_name("page_checks.js")).read_text(encoding="utf-8")


async def checked(tab: Page, what: str) -> Any:
    """Return what one of the checks says of the page."""
    return await tab.evaluate(
        f"() => {{ const checks = {CHECKS.strip()}; return checks.{what}(); }}"
    )


async def show(tab: Page, view: str) -> None:
    await tab.evaluate("view => { location.hash = view; }", view)
    await expect(tab.locator("main .card").first).to_be_visible()
    await tab.wait_for_timeout(400)  # answers have come and are drawn


@pytest.mark.parametrize(("name", "look"), LOOKS)
async def test_every_view(tmp_path: Path, name: str, look: dict[str, Any]) -> None:
    """No view overflows, leaves a control nameless, a text pale or English in Chinese."""
    texts = chinese() if "zh" in name else None
    async with opened(tmp_path, texts=texts, **look) as (_agent, tab):
        for view, fragment in VIEWS.items():
            await show(tab, fragment)
            await picture(tab, f"{view}-{name}")
            assert await checked(tab, "wider") <= 0, view
            assert await checked(tab, "nameless") == [], view
            assert await checked(tab, "pale") == [], view
        expected = "ATS Agent" if texts else "ATS agent"
        await expect(tab.locator("h1")).to_have_text(expected)


@pytest.mark.parametrize(("name", "look"), LOOKS[1:3])
async def test_states_and_dialogs(tmp_path: Path, name: str, look: dict[str, Any]) -> None:
    """The pictures of what goes wrong, of questions, and of the first run."""
    texts = chinese() if "zh" in name else None
    async with opened(tmp_path, texts=texts, **look) as (agent, tab):
        problem = "实验室平台 platform.example:8000 没有应答。请检查网络。"
        agent.link("backing off", problem=problem, problem_at=agent.clock() - 200)
        agent.changed(paused=True, desktop="已锁定", owed_bytes=70_000)
        agent.changed(disk_low=True, disk_free=10**8, draining=True)
        await tab.locator(".jobs .danger").first.click()
        await picture(tab, f"cancel-{name}")
        await tab.keyboard.press("Escape")
        await show(tab, f"job={RUNNING}")
        await tab.locator(".find input").fill("FAILED")
        await picture(tab, f"search-{name}")
        await show(tab, "settings")
        await tab.locator("textarea").fill(f"{agent.file}nonsense: 1\n")
        await tab.locator(".editor ~ .actions .primary").click()
        await expect(tab.locator(".gutter .bad")).to_be_visible()
        await picture(tab, f"wrong-line-{name}")
        agent.changed(set_up=False, link="stopped", draining=False)
        await show(tab, "connect")
        await tab.locator("#token").fill(GOOD_TOKEN)
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".notice.good")).to_be_visible()
        await picture(tab, f"checked-{name}")
        await tab.locator("#token").fill("wrong")
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#token-problem")).to_be_visible()
        await picture(tab, f"wrong-token-{name}")
        assert await checked(tab, "pale") == []


async def test_theme_follows_the_system_until_chosen(tmp_path: Path) -> None:
    """The toggle and the setting go before the system's theme and survive a reload."""
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    async with opened(tmp_path, "settings") as (_agent, tab):
        light = await tab.evaluate(ground)
        await tab.emulate_media(color_scheme="dark")
        dark = await tab.evaluate(ground)
        assert light != dark
        await tab.get_by_role("button", name="Light or dark").click()
        assert await tab.evaluate(ground) == light
        await expect(tab.get_by_label("Appearance")).to_have_value("light")
        await tab.reload()
        await expect(tab.locator("main .card").first).to_be_visible()
        assert await tab.evaluate(ground) == light
        await tab.get_by_label("Appearance").select_option("")
        assert await tab.evaluate(ground) == dark


async def test_by_keyboard_alone(tmp_path: Path) -> None:
    """Tab goes through skip link, views, and content in their order; the focus always shows."""
    async with opened(tmp_path) as (_agent, tab):
        await tab.keyboard.press("Tab")
        await expect(tab.get_by_text("Skip to the content")).to_be_focused()
        names = []
        for _ in range(14):
            await tab.keyboard.press("Tab")
            focus = await checked(tab, "focus")
            assert focus["visible"], focus
            names.append(focus["name"])
        assert names[:9] == [
            *("Overview", "History", "Log", "Connection", "Settings", "Light or dark"),
            *("Change…", "Disconnect", "Pause"),
        ]
        assert names[9].startswith("Processor: ")
        assert names[13:] == ["pytest tests/登录 tests/checkout -q"]
        await tab.keyboard.press("Enter")
        await expect(tab.locator("main")).to_be_focused()
        await expect(tab.locator("#job-title")).to_be_visible()


async def test_focus_stays_while_news_come(tmp_path: Path) -> None:
    """A snapshot does not replace the button that the user is about to press."""
    async with opened(tmp_path) as (agent, tab):
        cancel = tab.locator(".jobs .danger").nth(1)
        await cancel.focus()
        for step in range(5):
            agent.changed(latency=step / 10)
        agent.end_job(RUNNING)
        await expect(tab.locator("#link")).to_have_text("Online: 1 running, 1 waiting")
        await expect(tab.get_by_role("button", name="Cancel ping -n 60 printer-3")).to_be_focused()


async def test_every_state_of_the_link_has_its_shape(tmp_path: Path) -> None:
    """No two states of the connection share icon and words."""
    agent = FakeAgent()
    agent.jobs = []
    seen: set[tuple[str | None, str]] = set()
    async with opened(tmp_path, agent=agent) as (_agent, tab):
        for values in (
            {"link": "online"},
            {"link": "online", "paused": True},
            {"link": "online", "paused": False, "draining": True},
            {"link": "connecting", "draining": False},
            {"link": "backing off"},
            {"link": "stopped", "wanted": False},
            {"link": "rejected", "wanted": True},
            {"link": "stopped", "set_up": False},
        ):
            before = await tab.locator("#link").inner_text()
            agent.changed(**values)
            if seen:
                await expect(tab.locator("#link")).not_to_have_text(before)
            href = await tab.locator("#link use").get_attribute("href")
            seen.add((href, await tab.locator("#link").inner_text()))
        assert len(seen) == 8
        assert len({shape for shape, _words in seen}) == 7  # both problems are triangles
