"""The log of a job on the page: live, long, searched, paged back, saved; in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.dashboard.fake_agent import FakeAgent
from tests.dashboard.fake_data import log_lines
from tests.dashboard.page import RUNNING, opened, until
from tests.demo.browser import needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), needs_browser]

VIEW = f"job={RUNNING}"
MIB = 2**20
TYPED = """async (text) => {
  const field = document.querySelector(".find input");
  field.focus();
  let longest = 0;
  for (let end = 1; end <= text.length; end += 1) {
    const start = performance.now();
    field.value = text.slice(0, end);
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    longest = Math.max(longest, performance.now() - start);
  }
  return longest;
}"""  # ms from a keystroke until its effect is drawn; the longest of them


def agent_with(log: bytes) -> FakeAgent:
    agent = FakeAgent()
    agent.job(RUNNING).log = log
    agent.job(RUNNING).cases = []
    return agent


async def test_colours_and_carriage_returns(tmp_path: Path) -> None:
    """ANSI colours show, other escapes vanish, of a progress bar the last pass is left."""
    log = b"\x1b[1;31mred\x1b[0m plain\n10 %\r100 %\n\x1b[2J\x1b]0;title\x07clean\n"
    async with opened(tmp_path, VIEW, agent=agent_with(log)) as (_agent, tab):
        await expect(tab.locator(".log-row")).to_have_text(["red plain", "100 %", "clean"])
        await expect(tab.locator(".log-row .c1.a-bold")).to_have_text("red")


async def test_pieces_join_to_lines(tmp_path: Path) -> None:
    """A line and a character that come in parts are one line and one character at the end."""
    async with opened(tmp_path, VIEW, agent=agent_with(b"")) as (agent, tab):
        await expect(tab.get_by_text("Nothing has been written yet.")).to_be_visible()
        whole = "第一行 complete\nsecond".encode()
        for at in range(0, len(whole), 4):
            agent.write(RUNNING, whole[at : at + 4])
        await expect(tab.locator(".log-row")).to_have_text(["第一行 complete", "second"])
        agent.write(RUNNING, b" half\n\nend")
        await expect(tab.locator(".log-row")).to_have_text(
            ["第一行 complete", "second half", "", "end"]
        )
        assert await tab.locator(".place").inner_text() == f"{len(agent.job(RUNNING).log)} B"


async def test_follow_lets_go_and_takes_hold(tmp_path: Path) -> None:
    """Scrolling up stops the following, the button and the end itself start it again."""
    async with opened(tmp_path, VIEW) as (agent, tab):
        follow = tab.get_by_role("button", name="Follow the end of the log")
        await expect(tab.get_by_text("test_000399")).to_be_visible()
        await tab.locator(".log").hover()
        await tab.mouse.wheel(0, -3000)
        await expect(follow).to_have_attribute("aria-pressed", "false")
        agent.write(RUNNING, b"one more\n")
        await expect(tab.get_by_text("one more")).not_to_be_visible()
        await follow.click()
        await expect(tab.get_by_text("one more")).to_be_visible()
        await tab.locator(".log").hover()
        await tab.mouse.wheel(0, -3000)
        await expect(follow).to_have_attribute("aria-pressed", "false")
        await tab.locator(".log").focus()
        await tab.keyboard.press("End")
        await expect(follow).to_have_attribute("aria-pressed", "true")


async def test_search_by_keyboard(tmp_path: Path) -> None:
    """Typing marks and goes to a match, Enter and Shift+Enter walk, Escape clears."""
    async with opened(tmp_path, VIEW) as (_agent, tab):
        await expect(tab.get_by_text("test_000399")).to_be_visible()
        field, current = tab.get_by_label("Search the log"), tab.locator(".log-row.current")
        await field.fill("FAILed")
        await expect(tab.locator(".found")).to_contain_text("of 57 lines")
        first = await current.inner_text()
        assert await tab.locator("mark").first.inner_text() == "FAILED"
        await field.press("Shift+Enter")
        await expect(current).not_to_have_text(first)
        await field.press("Enter")
        await expect(current).to_have_text(first)
        for _ in range(60):
            await field.press("Enter")
        await expect(tab.locator(".found")).to_have_text("No match further down.")
        await expect(tab.get_by_role("button", name="Next match")).to_be_visible()
        await field.press("Escape")
        await expect(tab.locator("mark")).to_have_count(0)
        await field.fill("nowhere")
        await expect(tab.locator(".found")).to_have_text("Not in this part. Enter: search on")


async def test_old_parts_come_when_scrolled_to(tmp_path: Path) -> None:
    """The end is shown first; scrolling up brings what was before, line by line complete."""
    log = log_lines(12_000)
    async with opened(tmp_path, VIEW, agent=agent_with(log)) as (agent, tab):
        await expect(tab.get_by_text("test_011999")).to_be_visible()
        box = tab.locator(".log")
        for _ in range(20):
            await box.evaluate("box => { box.scrollTop = 0; }")
            await tab.wait_for_timeout(60)
        await expect(tab.locator(".place")).to_have_text("663 KiB")
        await expect(tab.locator(".log-row").first).to_contain_text("test_000000 订单0 PASSED")
        assert len(agent.heard("read")) >= 7
        rows = await tab.evaluate("document.querySelectorAll('.log-row').length")
        assert rows < 120
        await tab.get_by_label("Search the log").fill("test_006000")
        await expect(tab.locator(".log-row.current")).to_contain_text("订单6000")


async def test_search_in_the_whole_file(tmp_path: Path) -> None:
    """What is not in the loaded part is found further up and further down, and shown there."""
    log = bytearray(log_lines(60_000))
    for place in (1_000_000, 2_000_000, 2_000_400):
        log[place : place + 6] = b"NEEDLE"
    async with opened(tmp_path, VIEW, agent=agent_with(bytes(log))) as (_agent, tab):
        await expect(tab.get_by_text("test_059999")).to_be_visible()
        field, current = tab.get_by_label("Search the log"), tab.locator(".log-row.current")
        await field.fill("needle")
        seen = []
        for _ in range(3):
            await field.press("Shift+Enter")
            await expect(tab.locator(".found")).to_contain_text(" of ")
            await tab.wait_for_timeout(300)
            seen.append(await current.inner_text())
        assert all("NEEDLE" in line for line in seen)
        assert len(set(seen)) == 3
        await field.press("Shift+Enter")
        await expect(tab.locator(".found")).to_have_text("No match further up.")
        await field.press("Enter")
        await expect(current).to_have_text(seen[1])
        await tab.get_by_role("button", name="Go to the start of the log").click()
        await expect(tab.locator(".log-row").first).to_contain_text("test_000000")
        await tab.get_by_role("button", name="Follow the end of the log").click()
        await expect(tab.get_by_text("test_059999")).to_be_visible()


async def test_save_the_whole_log(tmp_path: Path) -> None:
    """The saved file is the log, byte by byte, though only its end is on the page."""
    log = log_lines(20_000) + b"\xff\xfe broken \xe8\x8a"
    async with opened(tmp_path, VIEW, agent=agent_with(log)) as (agent, tab):
        async with tab.expect_download() as download:
            await tab.get_by_role("button", name="Save the log as a file").click()
        file = await (await download.value).path()
        assert file.read_bytes() == log
        assert (await download.value).suggested_filename == "suite-0061-7f3a.log"
        assert max(one["length"] for one in agent.heard("read")) <= 65536


async def test_agents_own_log(tmp_path: Path) -> None:
    """The agent's log is a view like that of a job."""
    async with opened(tmp_path, "log") as (agent, tab):
        await expect(tab.locator(".log-row")).to_have_count(20)
        assert agent.heard("follow")[0]["key"] is None
        await tab.get_by_role("link", name="Overview").click()
        await until(tab, lambda: len(agent.heard("unfollow")) == 1)


@pytest.mark.timeout(120)
async def test_50_mb_stay_quick(tmp_path: Path) -> None:
    """A log of 50 MB that goes on growing: few rows and bytes in the tab, quick keystrokes."""
    log = log_lines(900_000)
    assert len(log) > 50 * MIB
    async with opened(tmp_path, VIEW, agent=agent_with(log)) as (agent, tab):
        await expect(tab.get_by_text("test_899999")).to_be_visible()
        for round_ in range(60):
            agent.write(RUNNING, log_lines(1000, 900_000 + 1000 * round_))
            await tab.wait_for_timeout(10)
        await expect(tab.get_by_text("test_959999")).to_be_visible()
        longest = await tab.evaluate(TYPED, "test_9599")
        print(f"longest keystroke {longest:.0f} ms")  # noqa: T201 (the measurement)
        assert longest < 100
        assert await tab.locator(".log-row").count() < 120
        assert await tab.evaluate("performance.memory.usedJSHeapSize") < 60 * MIB
        field = tab.get_by_label("Search the log")
        await field.fill("test_000123")
        await field.press("Shift+Enter")
        await expect(tab.locator(".log-row.current")).to_contain_text("订单123")


async def test_new_file_in_the_place_of_the_log(tmp_path: Path) -> None:
    """A log that begins anew (agent.log is turned over) shows anew, without the old lines."""
    async with opened(tmp_path, VIEW, agent=agent_with(b"old\n" * 50)) as (agent, tab):
        await expect(tab.locator(".log-row").last).to_have_text("old")
        agent.turn_over(RUNNING, b"new\n")
        await expect(tab.locator(".log-row")).to_have_text(["new"])


async def test_coming_back_after_a_loss(tmp_path: Path) -> None:
    """When the agent is back the log goes on at its end."""
    forgiven = "ERR_CONNECTION|WebSocket"
    async with opened(tmp_path, VIEW, forgiven=forgiven) as (agent, tab):
        await expect(tab.get_by_text("test_000399")).to_be_visible()
        await agent.stop()
        await expect(tab.locator(".banner").first).to_be_visible()
        await agent.start_again(new_secret=False)
        await tab.get_by_role("button", name="Try now").click()
        await until(tab, lambda: len(agent.heard("follow")) == 2)
        agent.write(RUNNING, b"here again\n")
        await expect(tab.get_by_text("here again")).to_be_visible()
