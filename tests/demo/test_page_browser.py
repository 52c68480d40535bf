"""The page in a real browser, with a scripted agent that says what a test wants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.demo.page import DemoPage
from app.demo.platform import DemoPlatform, Settings
from app.demo.rows import Case
from app.demo.suites import Execution
from tests.demo.agent import ScriptedAgent, at_work, connected
from tests.demo.browser import browser, needs_browser, screenshot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), needs_browser]

FACTS = {
    "node_ip": "192.168.1.20",
    "os_type": "Linux",
    "os_version": "6.1.0 (Debian 12)",
    "memory_info": {"total": 15900, "used": 9400, "usage_percent": 59.1, "unit": "MB"},
    "disk_info": {"total": 480000, "used": 401000, "usage_percent": 83.5, "unit": "MB"},
}
RESULTS = ("passed", "passed", "failed", "passed", "error", "skipped", "passed", "passed")


async def beat(agent: ScriptedAgent, usage: float) -> None:
    await agent.beats(**FACTS, cpu_info={"usage_percent": usage, "cores": 8})


@asynccontextmanager
async def opened(profile: Path, **look: Any) -> AsyncIterator[tuple[Any, ScriptedAgent, Page]]:
    """A platform with an agent that is online, and its page in a browser."""
    async with (
        DemoPlatform(Settings(environment_name="Lab 3 演示环境")) as platform,
        connected(platform) as agent,
        DemoPage(platform) as page,
    ):
        for usage in (20, 35, 30, 62, 48, 55, 41):
            await beat(agent, usage)
        async with browser(page.url, profile, **look) as tab:
            yield platform, agent, tab


async def begin(platform: DemoPlatform, agent: ScriptedAgent, codes: int = 12) -> Execution:
    suite = platform.create_suite(
        "pytest tests/login -q",
        [f"{number:06d}" for number in range(1, codes + 1)],
        name="Login and orders 登录与订单",
    )
    execution = await suite.execute()
    await agent.hears_of("execute_test_suite")
    await beat(agent, 41)
    return execution


async def say(agent: ScriptedAgent, execution: Execution, text: str, level: str = "info") -> None:
    ids = {"suite_id": execution.suite.id, "execution_id": execution.id}
    await agent.says(type="test_suite_log", **ids, message=text, level=level)


async def report(
    agent: ScriptedAgent, platform: DemoPlatform, execution: Execution, case: Case, result: str
) -> None:
    why = {"failed": "AssertionError: expected 401, got 200", "error": "no <b>printer</b>"}
    colour = {"passed": 32, "skipped": 33}.get(result, 31)
    line = f"[2026-11-22 10:00:00.123] test_{case.code} \x1b[{colour}m{result.upper()}\x1b[0m"
    level = "error" if result in why else "info"
    await say(agent, execution, line, level)
    await agent.says(
        type="test_suite_result",
        suite_id=execution.suite.id,
        case_id=case.id,
        result=result,
        duration="0.42s",
        executor_id=platform.user_id,
        error_message=why.get(result, ""),
        log_output=f"output of {case.code}\nsecond line",
    )


async def test_vital_signs(tmp_path: Path) -> None:
    """Connection, system, address and the three meters show, and follow the heartbeats."""
    async with opened(tmp_path) as (_platform, agent, tab):
        await expect(tab.locator("#link")).to_have_text("Online")
        await expect(tab.locator("#vitals")).to_contain_text("Linux 6.1.0 (Debian 12)")
        await expect(tab.locator("#vitals")).to_contain_text("192.168.1.20")
        await expect(tab.get_by_role("img", name="Processor: 41 percent")).to_be_visible()
        await expect(tab.locator("#beat")).to_contain_text("heartbeat")
        await beat(agent, 77)
        await expect(tab.get_by_role("img", name="Processor: 77 percent")).to_be_visible()
        await expect(tab.get_by_role("img", name="Disk: 84 percent")).to_be_visible()
        await agent.socket.close()
        await expect(tab.locator("#link")).to_have_text("Offline")


async def test_waiting_for_the_agent(tmp_path: Path) -> None:
    """Before any agent came there are words instead of blanks, and commands say why not."""
    async with (
        DemoPlatform() as platform,
        DemoPage(platform) as page,
        browser(page.url, tmp_path) as tab,
    ):
        await expect(tab.locator("#link")).to_have_text("Waiting for the agent…")
        await expect(tab.locator("#no-runs")).to_be_visible()
        await screenshot(tab, "empty-en-light")
        await tab.click("#new-command")
        await tab.fill("#command-dialog [name=command]", "make")
        await tab.click("#command-dialog [type=submit]")
        problem = tab.locator("#command-dialog .notice")
        await expect(problem).to_contain_text("The agent is not connected.")
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#command-dialog")).not_to_be_visible()


async def test_cases_turn_green_and_red(tmp_path: Path) -> None:
    """Each result colours its tile, moves the bar and counts; the end shows as a verdict."""
    async with opened(tmp_path) as (platform, agent, tab):
        execution = await begin(platform, agent)
        await expect(tab.locator("#run-state")).to_have_text("running")
        await expect(tab.locator("#cases button.open")).to_have_count(12)
        for case, result in zip(execution.suite.cases, RESULTS, strict=False):
            await report(agent, platform, execution, case, result)
        await expect(tab.locator("#cases button.passed")).to_have_count(5)
        await expect(tab.locator("#cases button.failed")).to_have_count(1)
        await expect(tab.locator("[data-count=open]")).to_have_text("4 open")
        green, red = (tab.locator(f"#cases button.{name}").first for name in ("passed", "failed"))
        colour = "node => getComputedStyle(node, '::before').backgroundColor"
        assert await green.evaluate(colour) == "rgb(26, 127, 83)"
        assert await red.evaluate(colour) == "rgb(192, 54, 47)"
        await screenshot(tab, "suite-en-light")
        await red.click()
        await expect(tab.locator("#case .why")).to_have_text(
            "AssertionError: expected 401, got 200"
        )
        await screenshot(tab, "case-en-light")
        await tab.click("#case-filter [data-which=bad]")
        await expect(tab.locator("#cases li:visible")).to_have_count(3)
        ids = {"suite_id": execution.suite.id, "execution_id": execution.id}
        await agent.says(type="test_suite_completed", **ids, status="failed")
        await expect(tab.locator("#run-state")).to_have_text("failed")
        await expect(tab.locator("#run-cancel")).not_to_be_visible()


async def test_hostile_log_is_text(tmp_path: Path) -> None:
    """Markup in logs, names, messages and file names shows as text and never runs."""
    async with opened(tmp_path) as (platform, agent, tab):
        attack = "<img src=x onerror='document.title=\"hacked\"'><script>document.title='hacked'"
        suite = platform.create_suite(attack, [attack], name=attack)
        execution = await suite.execute()
        await agent.hears_of("execute_test_suite")
        await agent.fence()
        await say(agent, execution, f"{attack}\n\x1b]0;hacked\x07\x1b[31m{attack}\x1b[0m\x1b[2J")
        await report(agent, platform, execution, suite.cases[0], "error")
        rows = tab.locator("#log .log-row .text")
        await expect(rows.nth(0)).to_have_text(attack)
        await expect(rows.nth(1)).to_have_text(attack)
        await expect(tab.locator("#cases .word")).to_have_text("no <b>printer</b>")
        await expect(tab.locator("#run-name")).to_have_text(attack)
        assert await tab.title() == "ATS demo platform"
        assert await tab.locator("#run img, #run script, #runs img, #run b b").count() == 0


async def test_colours_levels_and_search(tmp_path: Path) -> None:
    """ANSI colours and levels show, the search marks and filters, levels filter."""
    async with opened(tmp_path) as (platform, agent, tab):
        execution = await begin(platform, agent)
        await say(agent, execution, "plain\n\x1b[1;32mgreen\x1b[0m and \x1b[38;5;208morange\x1b[0m")
        await say(agent, execution, "10 %\r50 %\r100 %")
        await say(agent, execution, "something broke", "error")
        await expect(tab.locator("#log .c2.a-bold")).to_have_text("green")
        orange = tab.locator("#log .text span", has_text="orange")
        await expect(orange).to_have_css("color", "rgb(255, 135, 0)")
        await expect(tab.locator("#log .log-row .text").nth(2)).to_have_text("100 %")
        await tab.fill("#log-find", "GREEN")
        await expect(tab.locator("#log mark")).to_have_text("green")
        await expect(tab.locator("#log-count")).to_have_text("1 of 4 lines")
        await tab.fill("#log-find", "")
        await tab.select_option("#log-level", "2")
        await expect(tab.locator("#log .log-row")).to_have_count(1)
        await tab.fill("#log-find", "nowhere")
        await expect(tab.get_by_text("No line matches.")).to_be_visible()


async def test_long_log_stays_quick(tmp_path: Path) -> None:
    """100,000 lines: few rows in the document, the end in sight, no long freeze."""
    async with opened(tmp_path) as (platform, agent, tab):
        await platform.send_task("long", "true")
        await tab.evaluate(
            "() => { window.longest = 0; let last = performance.now(); const look = () => {"
            " const now = performance.now(); window.longest = Math.max(window.longest, now - last);"
            " last = now; requestAnimationFrame(look); }; look(); }"
        )
        offset = 0
        for start in range(0, 100_000, 2000):
            lines = (f"line {number} 第{number}行" for number in range(start, start + 2000))
            offset = await agent.logs("long", "\n".join(lines), offset)
        await expect(tab.locator("#log-count")).to_have_text("100,000 lines", timeout=30_000)
        await expect(tab.get_by_text("line 99999 ")).to_be_visible()
        assert await tab.locator("#log .log-row").count() < 120
        await tab.locator("#log").evaluate("box => { box.scrollTop = 0; }")
        await expect(tab.get_by_text("line 0 第0行")).to_be_visible()
        await expect(tab.locator("#log-follow")).to_have_attribute("aria-pressed", "false")
        await tab.fill("#log-find", "line 77777")
        await expect(tab.locator("#log-count")).to_have_text("1 of 100,000 lines")
        assert await tab.evaluate("window.longest") < 1500  # ms, on a busy machine with two cores


async def test_follow_lets_go_and_takes_hold(tmp_path: Path) -> None:
    """Scrolling up stops the following, the button starts it again."""
    async with opened(tmp_path) as (platform, agent, tab):
        await platform.send_task("t", "true")
        offset = await agent.logs("t", "\n".join(f"line {n}" for n in range(500)), 0)
        await expect(tab.get_by_text("line 499")).to_be_visible()
        await tab.locator("#log").hover()
        await tab.mouse.wheel(0, -2000)
        await expect(tab.locator("#log-follow")).to_have_attribute("aria-pressed", "false")
        await agent.logs("t", "one more", offset)
        await expect(tab.locator("#log-count")).to_have_text("501 lines")
        await expect(tab.get_by_text("one more")).not_to_be_visible()
        await tab.click("#log-follow")
        await expect(tab.get_by_text("one more")).to_be_visible()


async def test_suite_form(tmp_path: Path) -> None:
    """A suite written in the form runs; the next time it can be chosen from the list."""
    async with opened(tmp_path) as (platform, agent, tab):
        await tab.click("#new-suite")
        await tab.fill("#suite-dialog [name=name_]", "Smoke")
        await tab.fill("#suite-dialog [name=command]", "pytest -q")
        await tab.fill("#suite-dialog [name=cases]", "000001\n000002\n")
        await screenshot(tab, "suite-form-en-light")
        await tab.click("#suite-dialog [type=submit]")
        sent = await agent.hears_of("execute_test_suite")
        assert sent["execution_command"] == "pytest -q"
        assert len(sent["case_ids"]) == 2
        await expect(tab.locator("#run-name")).to_have_text("Smoke")
        await tab.click("#run-cancel")
        assert (await agent.hears_of("cancel_test_suite"))["execution_id"] == sent["execution_id"]
        await expect(tab.locator("#run-state")).to_have_text("cancelled")
        await agent.says(
            type="test_suite_completed",
            suite_id=sent["suite_id"],
            execution_id=sent["execution_id"],
            status="cancelled",
        )
        await tab.click("#new-suite")
        await expect(tab.locator("#suite-dialog [name=command]")).to_have_value("pytest -q")
        await tab.click("#suite-dialog [type=submit]")
        assert (await agent.hears_of("execute_test_suite"))["suite_id"] == platform.suites[0].id


async def answer(agent: ScriptedAgent, kind: str, data: Any) -> dict[str, Any]:
    """Answer the next workspace request of this kind and return it."""
    request = await agent.hears_of(kind)
    await agent.says(
        type=f"{kind}_response", request_id=request["request_id"], success=True, data=data
    )
    return request


async def test_workspace(tmp_path: Path) -> None:
    """List, open, save, make a folder, upload, delete with a question, download."""
    listing = [
        {"name": "suites", "type": "directory", "size": 0, "modified": "2026-11-22T10:00:00"},
        {"name": "读我.txt", "type": "file", "size": 12, "modified": "2026-11-22T10:00:00"},
    ]
    done = {"success": True, "message": ""}
    async with opened(tmp_path / "profile") as (_platform, agent, tab):
        await tab.click("#tab-files")
        await answer(agent, "workspace_list", listing)
        await tab.get_by_role("button", name="读我.txt", exact=True).click()
        assert (await answer(agent, "workspace_read", {"content": "hello"}))["path"] == "读我.txt"
        content = tab.locator("#file-dialog [name=content]")
        await expect(content).to_have_value("hello")
        await content.fill("changed")
        await tab.click("#file-dialog [type=submit]")
        written = await answer(agent, "workspace_write", done)
        assert (written["path"], written["content"]) == ("读我.txt", "changed")
        await answer(agent, "workspace_list", listing)
        await screenshot(tab, "workspace-en-light")
        await tab.click("#make-folder")
        await tab.fill("#ask-dialog [name=answer]", "new one")
        await tab.keyboard.press("Enter")
        assert (await answer(agent, "workspace_mkdir", done))["path"] == "new one"
        await answer(agent, "workspace_list", listing)
        (tmp_path / "up.bin").write_bytes(b"\x00\xff")
        await tab.set_input_files("#upload-file", tmp_path / "up.bin")
        written = await answer(agent, "workspace_write", done)
        assert (written["content"], written["is_base64"]) == ("AP8=", True)
        await answer(agent, "workspace_list", listing)
        await tab.get_by_role("button", name="Delete 读我.txt").click()
        await expect(tab.locator("#ask-dialog")).to_contain_text("The file will be gone.")
        await tab.click("#ask-dialog [type=submit]")
        assert (await answer(agent, "workspace_delete", done))["path"] == "读我.txt"
        await answer(agent, "workspace_list", listing)
        async with tab.expect_download() as download:
            await tab.get_by_role("button", name="Download 读我.txt").click()
            await answer(agent, "workspace_read", {"content": "AP8=", "encoding": "base64"})
        file = await (await download.value).path()
        assert file.read_bytes() == b"\x00\xff"
        await tab.get_by_role("button", name="suites", exact=True).click()
        assert (await answer(agent, "workspace_list", []))["path"] == "suites"
        await expect(tab.get_by_text("This folder is empty.")).to_be_visible()


async def test_comes_back_after_a_restart(tmp_path: Path) -> None:
    """A lost connection shows a banner; when the demo is back, so is everything on the page."""
    async with at_work() as (platform, agent), DemoPage(platform) as page:
        await platform.send_task("t", "true")
        await agent.logs("t", "before", 0)
        await agent.beats()
        async with browser(page.url, tmp_path) as tab:
            await expect(tab.get_by_text("before")).to_be_visible()
            await page.stop()
            await expect(tab.locator("#banner")).to_contain_text("cannot be reached")
            await expect(tab.locator("#link")).to_have_text("No connection")
            await screenshot(tab, "lost-en-light")
            await page.start()
            await expect(tab.locator("#banner")).not_to_be_visible(timeout=15_000)
            await expect(tab.locator("#log .log-row")).to_have_count(1)


async def test_wrong_secret_shows_nothing(tmp_path: Path) -> None:
    """A browser without the secret gets an error page and no word of the platform."""
    async with at_work() as (platform, _agent), DemoPage(platform) as page:
        secret = page.url.split("/")[3]
        async with browser("about:blank", tmp_path) as tab:
            for url in (page.url.replace(secret, "x" * len(secret)), page.url.replace(secret, "")):
                response = await tab.request.get(url)
                assert response.status == 404
                assert platform.environment.name not in await response.text()


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("suite-zh-dark", {"locale": "zh-CN", "color_scheme": "dark"}),
        ("suite-en-dark", {"color_scheme": "dark"}),
        ("suite-zh-light", {"locale": "zh-CN"}),
        ("narrow-zh-light", {"locale": "zh-CN", "viewport": {"width": 390, "height": 844}}),
        ("narrow-en-dark", {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}),
    ],
)
async def test_looks(tmp_path: Path, name: str, look: dict[str, Any]) -> None:
    """Language and theme follow the browser, toggles override them; nothing overflows."""
    async with opened(tmp_path, **look) as (platform, agent, tab):
        execution = await begin(platform, agent)
        for case, result in zip(execution.suite.cases, RESULTS, strict=False):
            await report(agent, platform, execution, case, result)
        await expect(tab.locator("#cases button.passed")).to_have_count(5)
        chinese = look.get("locale") == "zh-CN"
        await expect(tab.locator("#runs-title")).to_have_text("执行记录" if chinese else "Runs")
        await screenshot(tab, name)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await tab.evaluate(wide) <= 0
        ground = "getComputedStyle(document.documentElement).backgroundColor"
        before = await tab.evaluate(ground)
        await tab.click("#theme")
        assert await tab.evaluate(ground) != before
        await tab.click("#language")
        await expect(tab.locator("#runs-title")).to_have_text("Runs" if chinese else "执行记录")
        await tab.reload()
        await expect(tab.locator("#runs-title")).to_have_text("Runs" if chinese else "执行记录")
        assert await tab.evaluate(ground) != before


async def test_by_keyboard_alone(tmp_path: Path) -> None:
    """Tab, arrows, Enter and Escape reach everything; the focus is where it should be."""
    async with opened(tmp_path) as (_platform, agent, tab):
        await tab.keyboard.press("Tab")
        await expect(tab.get_by_text("Skip to the run")).to_be_focused()
        await tab.locator("#new-command").focus()
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#command-dialog [name=command]")).to_be_focused()
        await tab.keyboard.type("make test")
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        assert (await agent.hears_of("task"))["command"] == "make test"
        await tab.locator("#tab-run").focus()
        await tab.keyboard.press("ArrowRight")
        await expect(tab.locator("#tab-files")).to_be_focused()
        await expect(tab.locator("#view-files")).to_be_visible()
