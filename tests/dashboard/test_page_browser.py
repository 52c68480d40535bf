"""Every view and every action of the dashboard's page, in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.fake_agent import FakeAgent
from tests.dashboard.fake_answers import GOOD_TOKEN
from tests.dashboard.page import RUNNING, opened, until
from tests.demo.browser import needs_browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60), needs_browser]


async def press(tab: Page, name: str, where: str = "main") -> None:
    await tab.locator(where).get_by_role("button", name=name, exact=True).click()


async def test_overview_tells_how_it_stands(tmp_path: Path) -> None:
    """State, platform, environment, duties, disk, plots, jobs that run and that ended."""
    async with opened(tmp_path) as (agent, tab):
        await expect(tab.locator("#link")).to_have_text("Online: 2 running, 1 waiting")
        main = tab.locator("main")
        for text in ("ws://platform.example:8000/ws/agent", "实验室 3 · Windows 11", "23 ms"):
            await expect(main).to_contain_text(text)
        for text in ("Kept awake now", "Desktop ready for tests", "Disk: 56.8 GiB free"):
            await expect(main).to_contain_text(text)
        await expect(main).to_contain_text("5.1 GiB")
        plot = tab.locator("[data-plot=cpu]")
        assert "in the last 15 minutes" in (await plot.get_attribute("aria-label") or "")
        agent.measured([agent.clock(), 91.0, 12.0, 72.4, 1024.0, None])
        await expect(plot.locator(".value")).to_have_text("91 %")
        await expect(tab.locator("[data-plot=net] .value")).to_have_text("↓ 1.0 KiB/s↑ –")
        await expect(tab.locator(".ended li")).to_have_count(5)
        agent.changed(awake=False, desktop="the screen is locked", disk_low=True, disk_free=10**8)
        await expect(main).to_contain_text("Desktop not ready: the screen is locked")
        await expect(main).to_contain_text("Disk nearly full: 95.4 MiB free")


async def test_plot_shows_the_value_under_the_pointer(tmp_path: Path) -> None:
    """Pointer and arrow keys walk through the samples; leaving returns to the present."""
    async with opened(tmp_path) as (_agent, tab):
        plot = tab.locator("[data-plot=memory]")
        await plot.locator(".canvas").hover()
        await expect(plot.locator(".at")).to_have_text(
            await tab.locator("[data-plot=cpu] .at").inner_text()
        )
        await expect(plot.locator(".at")).not_to_be_empty()
        await tab.mouse.move(0, 0)
        await expect(plot.locator(".at")).to_be_empty()
        await plot.focus()
        await tab.keyboard.press("ArrowLeft")
        await expect(plot.locator(".at")).not_to_be_empty()


async def test_connection_commands(tmp_path: Path) -> None:
    """Only the valid one of each pair is offered; each sends its command."""
    async with opened(tmp_path) as (agent, tab):
        await press(tab, "Pause")
        await expect(tab.locator("#link")).to_contain_text("Paused")
        await press(tab, "Resume")
        await press(tab, "Disconnect")
        await expect(tab.locator("#link")).to_contain_text("Disconnected")
        await expect(tab.get_by_role("button", name="Disconnect")).not_to_be_visible()
        await press(tab, "Connect")
        await expect(tab.locator("#link")).to_contain_text("Online")
        sent = [one["command"] for one in agent.heard("command")]
        assert sent == ["pause", "resume", "disconnect", "connect"]


async def test_last_problem_has_cause_and_next_step(tmp_path: Path) -> None:
    """A lost connection says why, since when and what to do, in words and with its shape."""
    async with opened(tmp_path) as (agent, tab):
        cause, step = "platform.example does not answer.", "Check the network cable."
        agent.link("backing off", problem=f"{cause} {step}", problem_at=agent.clock() - 90)
        await expect(tab.locator(".trouble .cause")).to_have_text(f"{cause} {step}")
        await expect(tab.locator(".trouble")).to_contain_text("1 min ago")
        await expect(tab.locator(".big-state")).to_contain_text("No connection, trying again")
        assert await tab.locator(".big-state use").get_attribute("href") == "#i-problem"


async def test_cancel_asks_first(tmp_path: Path) -> None:
    """Escape and the other button change nothing; the confirmed cancel goes out once."""
    async with opened(tmp_path) as (agent, tab):
        name = "Cancel ping -n 60 printer-3"
        await press(tab, name)
        await expect(tab.get_by_role("dialog")).to_contain_text("ping -n 60 printer-3")
        await expect(tab.get_by_role("button", name="Let it run")).to_be_focused()
        await tab.keyboard.press("Escape")
        await expect(tab.get_by_role("dialog")).to_have_count(0)
        await press(tab, name)
        await press(tab, "Let it run", "dialog")
        assert agent.heard("cancel") == []
        await press(tab, name)
        await press(tab, "Cancel the job", "dialog")
        ended = tab.locator(".ended li").first
        await expect(ended).to_contain_text("ping -n 60 printer-3")
        await expect(ended).to_contain_text("cancelled")
        assert agent.heard("cancel") == [{"job_id": "task-0062-7f3a"}]
        await expect(tab.locator("#link")).to_have_text("Online: 1 running, 1 waiting")


async def test_one_job_from_start_to_end(tmp_path: Path) -> None:
    """Head, cases with results, filters, live log; the end shows by itself."""
    async with opened(tmp_path) as (agent, tab):
        await tab.get_by_role("link", name="pytest tests/登录 tests/checkout -q").click()
        await expect(tab.locator(".head .badge")).to_have_text("in progress")
        await expect(tab.locator(".counts")).to_contain_text("14 of 40")
        await expect(tab.locator(".cases tbody tr")).to_have_count(40)
        await tab.get_by_label("Which results to show").select_option("bad")
        await expect(tab.locator(".cases tbody tr")).to_have_count(6)
        await tab.get_by_label("Filter by code").fill("000002")
        await expect(tab.locator(".cases tbody tr")).to_have_text("000002failed")
        await tab.get_by_label("Filter by code").fill("none of them")
        await expect(tab.get_by_text("No case fits the filter.")).to_be_visible()
        agent.job(RUNNING).cases[20]["result"] = "failed"
        await expect(tab.locator(".counts")).to_contain_text("15 of 40")
        agent.write(RUNNING, b"the last line\n")
        await expect(tab.get_by_text("the last line")).to_be_visible()
        agent.end_job(RUNNING, "failed")
        await expect(tab.locator(".head .badge")).to_have_text("failed")
        await expect(tab.locator(".head")).to_contain_text("took 3 min")
        await expect(tab.locator(".head .danger")).not_to_be_visible()
        assert await tab.title() == "pytest tests/登录 tests/checkout -q · ATS agent"


async def test_job_that_is_gone(tmp_path: Path) -> None:
    """A link to a job that the journal no longer has says so."""
    async with opened(tmp_path, "job=900") as (_agent, tab):
        await expect(tab.locator("[role=alert]", has_text="no longer known")).to_be_visible()


async def test_removed_job(tmp_path: Path) -> None:
    """Of a job whose folder is gone its record is left, and words in place of its log."""
    async with opened(tmp_path, "job=5") as (_agent, tab):
        await expect(tab.locator(".head")).to_contain_text("its folder has been removed")
        await expect(tab.get_by_text("This log has been removed.")).to_be_visible()


async def test_old_job_by_its_link(tmp_path: Path) -> None:
    """A job of the past opens from its address alone."""
    async with opened(tmp_path, "job=30") as (agent, tab):
        await expect(tab.locator("h2#job-title")).to_have_text("pytest tests/orders -q --maxfail=5")
        await expect(tab.locator(".head .badge")).to_have_text("succeeded")
        await expect(tab.locator(".counts")).to_contain_text("9 of 9")
        await expect(tab.locator(".log-row").first).to_be_visible()
        assert agent.heard("history")[0] == {
            "kind": "",
            "state": "",
            "text": "",
            "before": 31,
            "limit": 1,
        }


async def test_history_filters_and_pages(tmp_path: Path) -> None:
    """Kind, state and text filter; older jobs come page by page; a job opens."""
    async with opened(tmp_path, "history") as (agent, tab):
        rows = tab.locator(".history tbody tr")
        await expect(rows).to_have_count(50)
        await press(tab, "Show older jobs")
        await expect(rows).to_have_count(63)
        await expect(tab.get_by_role("button", name="Show older jobs")).not_to_be_visible()
        await tab.get_by_label("Kind").select_option("suite")
        await expect(rows).to_have_count(21)
        await tab.get_by_label("State", exact=True).select_option("timed out")
        await tab.get_by_label("Search command or id").fill("npm")
        await expect(rows).to_have_count(1)
        last = agent.heard("history")[-1]
        assert last == {"kind": "suite", "state": "timed out", "text": "npm", "before": None} | {
            "limit": 50
        }
        await tab.get_by_label("Search command or id").fill("nowhere")
        await expect(tab.get_by_text("No job fits the filters.")).to_be_visible()
        await tab.get_by_label("Search command or id").fill("")
        await rows.first.get_by_role("link").click()
        await expect(tab.locator(".head .badge")).to_have_text("timed out")
        await tab.go_back()
        await expect(tab.get_by_label("Kind")).to_have_value("suite")


async def test_history_follows_the_present(tmp_path: Path) -> None:
    """A job that ends changes its row without a click."""
    async with opened(tmp_path, "history") as (agent, tab):
        row = tab.locator(".history tbody tr", has_text="ping -n 60 printer-3")
        await expect(row).to_contain_text("in progress")
        agent.end_job(62, "succeeded")
        await expect(row).to_contain_text("succeeded")


async def test_settings_table_and_buttons(tmp_path: Path) -> None:
    """Value, origin and meaning of each setting; login, openers and their refusal."""
    async with opened(tmp_path, "settings") as (agent, tab):
        row = tab.locator(".settings tr", has_text="jobs.max_parallel")
        await expect(row).to_contain_text("config.yaml:5 (default: 1)")
        await expect(row).to_contain_text("how many jobs run at the same time")
        await expect(tab.locator(".settings tr", has_text="notifications.refused")).to_contain_text(
            "yes"
        )
        login = tab.get_by_role("switch", name="Start at login")
        await expect(login).to_be_checked()
        await login.click()
        await expect(login).not_to_be_checked()
        await until(tab, lambda: agent.heard("autostart") == [{"wanted": False}])
        await press(tab, "Open log")
        await press(tab, "Open settings file")
        await press(tab, "Open work folder")
        await expect(tab.locator("#toasts .bad")).to_contain_text("No file manager was found.")
        assert [one["what"] for one in agent.heard("open")] == ["log", "config", "work_folder"]
        agent.changed(autostart=None, headless=True)
        await expect(login).to_be_disabled()
        await expect(tab.get_by_text("This system offers no start at login.")).to_be_visible()
        await expect(tab.get_by_role("button", name="Open log")).not_to_be_visible()


async def test_editor_shows_the_wrong_line(tmp_path: Path) -> None:
    """Check and Save name the line, nothing is saved; undo returns to the stored text."""
    async with opened(tmp_path, "settings") as (agent, tab):
        area = tab.get_by_label("Text of the settings file")
        before = agent.file
        await expect(area).to_have_value(before)
        await area.fill(f"{before}nonsense: 1\n")
        await expect(tab.get_by_text("Not saved yet.")).to_be_visible()
        await press(tab, "Save")
        await expect(tab.locator(".notice.bad", has_text="no such setting")).to_be_visible()
        await expect(tab.locator(".gutter .bad")).to_have_text("6")
        assert await tab.evaluate("getSelection().toString()") == "nonsense: 1"
        assert agent.file == before
        await press(tab, "Undo changes")
        await expect(area).to_have_value(before)
        await area.fill(before.replace("2", "3"))
        await press(tab, "Check")
        await expect(tab.get_by_text("No error found.")).to_be_visible()
        assert agent.file == before
        await press(tab, "Save")
        await expect(tab.get_by_text("Saved. The agent takes it up now.")).to_be_visible()
        assert agent.file == before.replace("2", "3")


async def test_unsaved_text_stays(tmp_path: Path) -> None:
    """Looking at another view and coming back does not lose what was written."""
    async with opened(tmp_path, "settings") as (agent, tab):
        area = tab.get_by_label("Text of the settings file")
        await expect(area).to_have_value(agent.file)
        await area.fill("jobs:\n")
        await tab.get_by_role("link", name="History").click()
        await tab.get_by_role("link", name="Settings").click()
        await expect(area).to_have_value("jobs:\n")


async def test_language_is_kept_in_the_settings_file(tmp_path: Path) -> None:
    """The choice writes one line; the page speaks what the agent then greets it with."""
    async with opened(tmp_path, "settings") as (agent, tab):
        choice = tab.get_by_label("Language", exact=True)
        await expect(choice).to_have_value("")
        await choice.select_option("zh_CN")
        await until(tab, lambda: "language: zh_CN\n" in agent.file)
        agent.language, agent.texts = "zh_CN", {"Settings": "设置"}
        await expect(tab.get_by_role("link", name="设置")).to_be_visible()
        assert await tab.locator("html").get_attribute("lang") == "zh-CN"
        await tab.locator("#language").select_option("")
        await until(tab, lambda: "language" not in agent.file)


async def test_quit_while_jobs_run(tmp_path: Path) -> None:
    """The dialog offers both ways; the agent then ends, and the page says so plainly."""
    ended = "ERR_CONNECTION|WebSocket"
    async with opened(tmp_path, "settings", forgiven=ended) as (agent, tab):
        await press(tab, "Quit the agent…")
        await expect(tab.get_by_role("dialog")).to_contain_text("2 running")
        await press(tab, "Quit when jobs have ended", "dialog")
        await expect(tab.get_by_text("The agent ends when its jobs have ended.")).to_be_visible()
        await tab.get_by_role("button", name="Stop now…").click()
        await press(tab, "Stop jobs and quit now", "dialog")
        await until(tab, lambda: len(agent.heard("command")) == 2)
        assert [one["command"] for one in agent.heard("command")] == ["drain", "quit"]
        await agent.stop()
        await expect(tab.locator(".banner").first).to_contain_text("The agent has ended. Start it")


async def test_quit_without_jobs(tmp_path: Path) -> None:
    """Nothing runs: one question, one way."""
    agent = FakeAgent()
    agent.jobs = [job for job in agent.jobs if not job.open]
    async with opened(tmp_path, "settings", agent=agent) as (_agent, tab):
        await press(tab, "Quit the agent…")
        await expect(tab.get_by_role("button", name="Quit when jobs have ended")).to_have_count(0)
        await press(tab, "Quit", "dialog")
        await until(tab, lambda: agent.heard("command") == [{"command": "quit"}])


async def test_first_run(tmp_path: Path) -> None:
    """Not set up: the connect view opens by itself, problems show at their field, then it works."""
    agent = FakeAgent()
    agent.jobs = []
    agent.state.update(set_up=False, link="stopped", server_url="", environment="", latency=None)
    async with opened(tmp_path, agent=agent) as (_agent, tab):
        address, token = tab.get_by_label("Server address"), tab.get_by_label("Token", exact=True)
        await expect(address).to_be_focused()
        await expect(tab.locator("#link")).to_have_text("Not set up")
        save = tab.get_by_role("button", name="Save")
        await press(tab, "Check")
        await expect(address).to_have_attribute("aria-invalid", "true")
        await address.fill("ws://nowhere:8000")
        await token.fill("wrong")
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#server-url-problem")).to_have_text(
            "No computer has the name nowhere. Check the spelling."
        )
        await expect(address).to_be_focused()
        await address.fill("ws://platform.example:8000")
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#token-problem")).to_contain_text("Copy it again.")
        await expect(save).to_be_disabled()
        await token.fill(GOOD_TOKEN)
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".notice.good")).to_contain_text("实验室 3")
        await expect(save).to_be_focused()
        await token.press("End")
        await token.type("x")
        await expect(save).to_be_disabled()
        await token.fill(GOOD_TOKEN)
        await tab.keyboard.press("Enter")
        await expect(save).to_be_enabled()
        await save.click()
        await expect(tab.locator(".big-state")).to_contain_text("Online")
        assert agent.heard("save") == [
            {"server_url": "ws://platform.example:8000", "token": GOOD_TOKEN, "work_dir": ""}
        ]


async def test_start_command_fills_the_fields(tmp_path: Path) -> None:
    """The platform's whole command in the address field is taken apart; the eye shows the token."""
    async with opened(tmp_path, "connect") as (agent, tab):
        values = f"--url='ws://other:9000/ws' --token='{GOOD_TOKEN}' --work_dir='/root/w'"
        command = f"python agent.py {values}"
        await tab.get_by_label("Server address").fill(command)
        await expect(tab.get_by_label("Server address")).to_have_value("ws://other:9000/ws")
        token = tab.get_by_label("Token", exact=True)
        await expect(token).to_have_value(GOOD_TOKEN)
        await expect(token).to_have_attribute("type", "password")
        await press(tab, "Show the token")
        await expect(token).to_have_attribute("type", "text")
        await expect(tab.get_by_label("Work folder")).to_have_value("/root/w")
        await press(tab, "Check")
        await expect(tab.locator("#work-dir-problem")).to_contain_text("cannot be written to")
        several = command.replace(" --", " ^\n  --").replace("other", "pasted")
        paste = """(field, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const options = { clipboardData, bubbles: true, cancelable: true };
          field.dispatchEvent(new ClipboardEvent("paste", options));
        }"""
        await tab.get_by_label("Server address").evaluate(paste, several)
        await expect(tab.get_by_label("Server address")).to_have_value("ws://pasted:9000/ws")
        assert agent.heard("parse_command")[-1] == {"text": several}
        await tab.get_by_label("Server address").fill("agent.py --help")
        await expect(tab.locator("#server-url-problem")).to_contain_text("No address was found")
        assert agent.heard("parse_command")[0] == {"text": command}
        await tab.get_by_role("link", name="Overview").click()
        await tab.get_by_role("link", name="Connection").click()
        await expect(token).to_have_value("")


async def test_rejected_offers_a_new_token(tmp_path: Path) -> None:
    """A refused token opens the connect view once, with the address filled in."""
    async with opened(tmp_path) as (agent, tab):
        agent.link("rejected", problem="The platform refused the token.")
        await expect(tab.get_by_label("Token", exact=True)).to_be_focused()
        await expect(tab.locator(".notice.bad").first).to_contain_text("refused the token")
        await expect(tab.get_by_label("Server address")).to_have_value(agent.state["server_url"])
        await tab.get_by_role("link", name="Overview").click()
        await expect(tab.locator(".big-state")).to_contain_text("Token refused")
        agent.changed(latency=None)
        await press(tab, "Connect again")
        assert agent.heard("command") == [{"command": "connect"}]


async def test_lost_agent_comes_back(tmp_path: Path) -> None:
    """Without the agent the page says so and tries again; its clicks fail in words."""
    async with opened(tmp_path, forgiven="ERR_CONNECTION|WebSocket") as (agent, tab):
        await agent.stop()
        banner = tab.locator(".banner").first
        await expect(banner).to_contain_text("does not answer. Next attempt in")
        await press(tab, "Pause")
        await expect(tab.locator("#toasts .bad")).to_contain_text("The page has lost the agent.")
        await agent.start_again(new_secret=False)
        await press(tab, "Try now", ".banner")
        await expect(banner).not_to_be_visible()
        agent.changed(paused=True)
        await expect(tab.locator("#link")).to_contain_text("Paused")


async def test_stale_link_says_so(tmp_path: Path) -> None:
    """A new start of the agent has a new secret: this page can only tell where to go."""
    async with opened(tmp_path, forgiven="404|ERR_CONNECTION|WebSocket") as (agent, tab):
        await agent.stop()
        await agent.start_again(new_secret=True)
        banner = tab.locator(".banner").first
        await expect(banner).to_contain_text("This page's link is no longer valid")
        await expect(banner).to_contain_text("from the tray icon again")
        await expect(tab.get_by_role("button", name="Try now")).not_to_be_visible()


async def test_jobs_fragment_of_the_tray(tmp_path: Path) -> None:
    """`#jobs` is the overview with the jobs in focus; nonsense is the overview, too."""
    async with opened(tmp_path, "jobs") as (_agent, tab):
        await expect(tab.get_by_role("region", name="Jobs")).to_be_focused()
        await tab.evaluate("location.hash = 'constructor'")
        await expect(tab.get_by_role("link", name="Overview")).to_have_attribute(
            "aria-current", "page"
        )


async def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    """Markup in titles, problems, logs and settings shows as text and never runs."""
    attack = "<img src=x onerror=\"document.title='hacked'\">"
    agent = FakeAgent()
    agent.job(RUNNING).title = attack
    agent.job(RUNNING).log += f"{attack}\x1b]0;hacked\x07\n".encode()
    agent.state.update(problem=attack, environment=attack, server_url=attack)
    async with opened(tmp_path, agent=agent) as (_agent, tab):
        await expect(tab.locator(".jobs .name").first).to_have_text(attack)
        await expect(tab.locator(".trouble .cause")).to_have_text(attack)
        await tab.locator(".jobs .name").first.click()
        await expect(tab.locator(".log-row").last).to_have_text(attack)
        assert await tab.locator("main img").count() == 0
        assert "hacked" not in (await tab.title()).replace(attack, "")
