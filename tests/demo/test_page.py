"""The page's Python side, over a real WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.demo import page_viewer
from app.demo.page import DemoPage
from app.demo.platform import DemoPlatform
from tests.demo.agent import ScriptedAgent, at_work, started
from tests.demo.page import Looker, looking


@asynccontextmanager
async def stage() -> AsyncIterator[tuple[DemoPlatform, ScriptedAgent, Looker]]:
    """A platform, an agent that is online, and somebody who looks at the page."""
    async with at_work() as (platform, agent), DemoPage(platform) as page, looking(page) as looker:
        yield platform, agent, looker


async def test_hello_and_vital_signs() -> None:
    """The first messages introduce the platform and show the agent's last heartbeat."""
    async with stage() as (platform, agent, looker):
        hello = await looker.hears(lambda m: m["type"] == "hello" and m)
        assert (hello["name"], hello["agent_url"]) == (platform.environment.name, platform.url)
        assert hello["history"][-1]["cpu_info"] == 1.0
        await agent.beats(cpu_info={"usage_percent": 42.0})
        shown = await looker.hears(
            lambda m: m.get("agent", {}).get("facts", {}).get("cpu_info") == {"usage_percent": 42.0}
        )
        assert shown


async def test_connection_lost_is_told() -> None:
    """When the agent leaves, the page hears it."""
    async with stage() as (_platform, agent, looker):
        await looker.hears(lambda m: m.get("agent", {}).get("online"))
        await agent.socket.close()
        await looker.hears(lambda m: m.get("agent", {}).get("online") is False)


async def test_suite_lives_on_the_page() -> None:
    """Cases get their results, the counts follow, the log comes line by line."""
    async with stage() as (platform, agent, looker):
        suite, execution = await started(platform, agent)
        await looker.says(do="watch", run=execution.id)
        assert (await looker.run("running"))["total"] == 2
        ids = {"suite_id": suite.id, "execution_id": execution.id}
        await agent.says(type="test_suite_log", **ids, message="one\ntwo", level="error")
        await agent.says(
            type="test_suite_result",
            **ids,
            case_id=suite.cases[1].id,
            result="failed",
            duration="0.12s",
            executor_id=platform.user_id,
            error_message="no <b>",
        )
        await looker.hears(lambda m: looker.lines(execution.id) == ["one", "two"])
        [place, case] = await looker.hears(
            lambda m: next((c for c in m.get("cases", ()) if c[1]["result"]), None)
        )
        assert (place, case["code"], case["result"]) == (1, "000002", "failed")
        assert (case["duration"], case["message"]) == ("0.12s", "no <b>")
        await agent.says(type="test_suite_completed", **ids, status="failed")
        assert (await looker.run("failed"))["counts"]["failed"] == 1


async def test_only_news_are_told() -> None:
    """A heartbeat does not send the runs again, a log line not the lines before it."""
    async with stage() as (platform, agent, looker):
        await platform.send_task("t", "true")
        await looker.says(do="watch", run="t")
        offset = await agent.logs("t", "one", 0)
        await looker.hears(lambda m: looker.lines("t") == ["one"])
        await agent.logs("t", "two", offset)
        await looker.hears(lambda m: looker.lines("t") == ["one", "two"])
        await agent.beats(cpu_info={"usage_percent": 7.0})
        await looker.hears(lambda m: "7.0" in str(m.get("agent")))
        assert [len(m["lines"]) for m in looker.seen if m["type"] == "log"] == [1, 1]
        assert sum("runs" in m for m in looker.seen) == 1


async def test_grown_line_is_told_again() -> None:
    """A line that goes on replaces what the browser had of it."""
    async with stage() as (platform, agent, looker):
        await platform.send_task("t", "true")
        await looker.says(do="watch", run="t")
        end = await agent.logs("t", "half", 0) - 1
        await looker.hears(lambda m: looker.lines("t") == ["half"])
        await agent.logs("t", " whole", end)
        await looker.hears(lambda m: looker.lines("t") == ["half whole"])


async def test_command_and_cancel() -> None:
    """The command form's fields arrive at the agent; cancel does as well."""
    async with stage() as (_platform, agent, looker):
        answer = await looker.calls(
            "task", command="make", timeout=5, env={"A": "b"}, work_dir="here"
        )
        task = await agent.hears_of("task")
        assert (task["command"], task["timeout"], task["env_vars"]) == ("make", 5, {"A": "b"})
        assert (task["work_dir"], task["task_id"]) == ("here", answer["data"]["run"])
        assert (await looker.run("running"))["name"] == "make"
        await looker.calls("cancel", run=task["task_id"])
        assert (await agent.hears_of("cancel_task"))["task_id"] == task["task_id"]
        await agent.says(
            type="task_result", task_id=task["task_id"], status="error", error="cancelled"
        )
        assert (await looker.run("cancelled"))["id"] == task["task_id"]


async def test_suite_form() -> None:
    """A new suite starts with its cases and repository; started again it is the same one."""
    async with stage() as (platform, agent, looker):
        answer = await looker.calls(
            "suite",
            name="Mine",
            command="pytest",
            cases=["1", "2"],
            git_url="https://x/y.git",
            git_token="secret-token",
        )
        first = await agent.hears_of("execute_test_suite")
        assert first["execution_id"] == answer["data"]["run"]
        assert (first["case_codes"] is not None, first["git_token"]) == (True, "secret-token")
        told = await looker.hears(lambda m: m.get("suites") and m)
        assert told["suites"][0]["cases"] == ["1", "2"]
        await looker.calls("cancel", run=first["execution_id"])
        await agent.says(
            type="test_suite_completed",
            suite_id=first["suite_id"],
            execution_id=first["execution_id"],
            status="cancelled",
        )
        again = await looker.calls("start", suite=platform.suites[0].id)
        assert again["data"]["run"] != first["execution_id"]
        assert "secret-token" not in str(looker.seen)


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("task", {"command": " ", "timeout": 5}),
        ("task", {"command": "x", "timeout": "5"}),
        ("task", {"command": "x", "timeout": -1}),
        ("task", {"command": "x", "timeout": True}),
        ("task", {"command": "x", "timeout": 5, "env": {"A": 1}}),
        ("task", {"command": 7, "timeout": 5}),
        ("suite", {"command": "x", "cases": []}),
        ("suite", {"command": "x", "cases": ["1", "1"]}),
        ("suite", {"command": "x", "cases": "1"}),
        ("start", {"suite": "none"}),
        ("read", {"path": 5}),
        ("fly", {}),
        ("", {}),
    ],
)
async def test_wrong_fields_are_refused(verb: str, fields: dict[str, Any]) -> None:
    """What the page's own forms would never send is answered with 400 and does nothing."""
    async with stage() as (platform, _agent, looker):
        answer = await looker.calls(verb, **fields)
        assert (answer["ok"], answer["status"]) == (False, 400)
        assert platform.sent_at == {}
        assert platform.suites == []


async def test_offline_is_503_and_no_run() -> None:
    """Without an agent a command is refused and leaves no run behind."""
    async with DemoPlatform() as platform, DemoPage(platform) as page, looking(page) as looker:
        answer = await looker.calls("task", command="x", timeout=5)
        assert (answer["ok"], answer["status"]) == (False, 503)
        assert (await looker.calls("list", path=""))["status"] == 503
        assert platform.sent_at == {}


async def test_silent_agent_is_504() -> None:
    """A workspace request without an answer ends with 504."""
    async with (
        at_work(answer_limit=0.1) as (platform, _agent),
        DemoPage(platform) as page,
        looking(page) as looker,
    ):
        assert (await looker.calls("list", path=""))["status"] == 504


@pytest.mark.parametrize("frame", ["", "[]", "{", b"\x00", "[" * 100_000, '{"do": ["watch"]}'])
async def test_garbage_does_no_harm(frame: str | bytes) -> None:
    """What is no command is ignored or refused; the connection lives on."""
    async with stage() as (_platform, _agent, looker):
        await looker.socket.send(frame)
        assert (await looker.calls("fly"))["status"] == 400


async def test_too_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One browser has a few commands open at a time, more are refused at once."""
    monkeypatch.setattr(page_viewer, "MAX_COMMANDS", 2)
    async with stage() as (_platform, _agent, looker):
        await looker.says(id="a", do="list", path="")
        await looker.says(id="b", do="list", path="")
        assert (await looker.calls("list", path=""))["status"] == 429


@pytest.mark.slow
async def test_slow_browser_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that reads nothing is cut once a message has waited for too long."""
    monkeypatch.setattr(page_viewer, "SEND_LIMIT", 0.3)
    async with at_work() as (platform, agent), DemoPage(platform) as page:
        await platform.send_task("t", "true")
        offset = 0
        for _ in range(20):
            offset = await agent.logs("t", f"{'x' * 3990}\n" * 250, offset)
        await agent.beats()
        async with looking(page) as looker:
            await looker.hears(lambda m: m["type"] == "state")
            await looker.says(do="watch", run="t")
            looker.socket.transport.pause_reading()
            async with asyncio.timeout(10):
                while page._viewers:  # noqa: ASYNC110 (nothing tells the test)
                    await asyncio.sleep(0.05)
            looker.socket.transport.abort()


async def test_only_so_many_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One page too many is refused before its WebSocket opens."""
    monkeypatch.setattr("app.demo.page.MAX_VIEWERS", 1)
    async with stage() as (_platform, _agent, looker):
        await looker.hears(lambda m: m["type"] == "hello")
        page_url = looker.socket.request
        assert page_url is not None
        host = page_url.headers["Host"]
        with pytest.raises(InvalidStatus) as error:
            await connect(
                f"ws://{host}{page_url.path}", additional_headers={"Origin": f"http://{host}"}
            )
    assert error.value.response.status_code == 503


async def test_long_log_comes_in_pieces() -> None:
    """A log of 20,000 lines arrives whole, in messages of bounded size."""
    async with stage() as (platform, agent, looker):
        await platform.send_task("t", "true")
        lines = [f"line {number} {'x' * 100}" for number in range(20_000)]
        offset = 0
        for start in range(0, len(lines), 1000):
            offset = await agent.logs("t", "\n".join(lines[start : start + 1000]), offset)
        await agent.beats()
        await looker.says(do="watch", run="t")
        await looker.hears(lambda m: m.get("start", 0) + len(m.get("lines", ())) == len(lines))
        assert looker.lines("t") == lines
        assert max(len(m["lines"]) for m in looker.seen if m["type"] == "log") <= 2000


async def test_secret_is_in_the_url_only() -> None:
    """No message, and no representation of the page, holds the secret."""
    async with at_work() as (platform, _agent), DemoPage(platform) as page:
        secret = page.url.split("/")[3]
        async with looking(page) as looker:
            await looker.hears(lambda m: m["type"] == "state")
            assert secret not in str(looker.seen)
        assert secret not in repr(page)
