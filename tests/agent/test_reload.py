"""Settings that change while the agent runs, in real files."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.agent.reload import Reload, ReloadParts, differing, needs_new_link, needs_restart
from app.config import Config, Effective, gather
from app.connection_file import FILE_NAME, encoded

URL = "ws://h:8000/ws/agent"


class Running:
    """An agent's side of reloading: what it was told, in order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.news: asyncio.Queue[tuple[Config, frozenset[str]] | str] = asyncio.Queue()

    def load(self) -> Effective:
        """The settings as they are now."""
        return gather({}, {}, lambda: self.home)

    def save(self, token: str) -> None:
        """Log in."""
        (self.home / FILE_NAME).write_bytes(encoded(URL, "", token))

    def write(self, text: str) -> None:
        """Edit the configuration file."""
        (self.home / "config.yaml").write_text(text, encoding="utf-8")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """While it lasts the files are watched."""
        parts = ReloadParts(
            load=self.load,
            changed=lambda config, differs: self.news.put_nowait((config, differs)),
            report=self.news.put_nowait,
            look_every=0.01,
            calm=0.01,
        )
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(Reload(parts, self.load()).run(), name="reload")
            yield
            watching.cancel()

    async def changed(self) -> tuple[Config, frozenset[str]]:
        """The next news, which is a change."""
        async with asyncio.timeout(5):
            news = await self.news.get()
        assert not isinstance(news, str)
        return news

    async def reported(self) -> str:
        """The next news, which is a report."""
        async with asyncio.timeout(5):
            news = await self.news.get()
        assert isinstance(news, str)
        return news


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """An agent that somebody has logged in."""
    home = tmp_path / "用户"
    home.mkdir()
    running = Running(home)
    running.save("T1")
    return running


async def test_changes_are_taken_up(running: Running) -> None:
    """A new file, an edited one, a new token, a removed file."""
    async with running.watched():
        running.write("task: {timeout: 60}")
        config, differs = await running.changed()
        assert config.task_timeout == 60
        assert differs == {"task_timeout"}
        running.write("task: {timeout: 61}")
        assert (await running.changed())[1] == {"task_timeout"}
        running.save("T2")
        config, differs = await running.changed()
        assert config.token == "T2"
        assert differs == {"token"}
        (running.home / "config.yaml").unlink()
        assert (await running.changed())[0].task_timeout == 3600


async def test_logged_out_agent_is_not_set_up(running: Running) -> None:
    """And set up again when somebody logs in."""
    async with running.watched():
        (running.home / FILE_NAME).unlink()
        config, differs = await running.changed()
        assert not config.set_up
        assert needs_new_link(differs)
        running.save("T2")
        assert (await running.changed())[0].set_up


async def test_wrong_line_changes_nothing(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """The line is logged and reported once; when it is right again, that is reported too."""
    async with running.watched():
        running.write("task: {timeout: 60}")
        await running.changed()
        with caplog.at_level(logging.ERROR):
            running.write("task:\n  timeout: soon")
            text = await running.reported()
        assert f"{running.home / 'config.yaml'}:2: task.timeout" in text
        assert [record.getMessage() for record in caplog.records] == [text]
        running.write("task: {timeout: 60}")
        assert await running.reported() == ""
        running.write("task: {timeout: 62}")
        assert (await running.changed())[1] == {"task_timeout"}


async def test_damaged_connection_is_not_logged_out(running: Running) -> None:
    """Half a file must not end the connection; the token is in no report."""
    async with running.watched():
        (running.home / FILE_NAME).write_text('{"token": "s3cret-s3cret"', encoding="utf-8")
        text = await running.reported()
        assert "ats-agent login" in text
        assert "s3cret" not in text
        running.save("T1")
        assert await running.reported() == ""
    assert running.news.empty()


async def test_token_file_is_watched(tmp_path: Path, running: Running) -> None:
    """A rotated token is taken up."""
    token = tmp_path / "token"
    token.write_text("T1", encoding="utf-8")
    flags = {"token_file": str(token), "server.url": URL}
    running.load = lambda: gather(flags, {}, lambda: running.home)  # type: ignore[method-assign]
    async with running.watched():
        token.write_text("T22", encoding="utf-8")
        assert (await running.changed())[0].token == "T22"


async def test_a_look_on_request(running: Running) -> None:
    """Who has just saved need not wait for the next look."""
    parts = ReloadParts(
        load=running.load,
        changed=lambda config, differs: running.news.put_nowait((config, differs)),
        report=running.news.put_nowait,
        look_every=60.0,
        calm=0.01,
    )
    reload = Reload(parts, running.load())
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(reload.run(), name="reload")
        running.save("T2")
        reload.soon()
        assert (await running.changed())[1] == {"token"}
        watching.cancel()


def test_what_differs_and_what_follows(running: Running) -> None:
    """Origins and warnings are no settings; four fields make the session, two the process."""
    old = running.load().config()
    assert differing(old, replace(old, warnings=("x",), origins={})) == frozenset()
    new = differing(old, replace(old, token="T2", task_timeout=1.0))
    assert new == {"token", "task_timeout"}
    assert (needs_new_link(new), needs_restart(new)) == (True, frozenset())
    assert needs_restart(differing(old, replace(old, headless=True))) == {"headless"}
    assert not needs_new_link(frozenset({"task_timeout"}))
