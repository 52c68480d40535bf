"""The agent's side of the control socket (app/control/server.py) and the terminal's (client.py)."""

import asyncio
import json
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.control import client, handshake, server
from app.control.card import CARD_NAME, Card
from app.control.client import Agent
from app.control.commands import raise_first
from app.control.wire import AskJobs, AskLogs, AskPage, AskStatus
from app.errors import NotDoneError, NotRunningError
from app.state import CancelJob, Command
from tests.control.conftest import Desk, served


async def asked(home: Path, *asks: Any) -> list[dict[str, Any]]:
    """What an agent answers on one connection."""

    def ask() -> list[dict[str, Any]]:
        with Agent(home) as agent:
            return [agent.ask(one) for one in asks]

    return await asyncio.to_thread(ask)


async def shown(home: Path, ask: AskLogs) -> str:
    """A log as a terminal gets it."""

    def show() -> str:
        with Agent(home) as agent:
            return "".join(agent.stream(ask))

    return await asyncio.to_thread(show)


async def test_answers(tmp_path: Path) -> None:
    """Questions are answered, commands reach the agent, all on one connection."""
    async with served(tmp_path) as desk:
        pause = Command.PAUSE
        status, jobs, paused = await asked(tmp_path, AskStatus(), AskJobs(), pause)
    assert (status["link"], status["latency_ms"], status["running"]) == ("online", 12.3, 2)
    assert [job["id"] for job in jobs["jobs"]] == ["t1", "t2", "s/e"]
    assert paused["environment"] == "Lab"
    assert desk.requests == [Command.PAUSE]
    assert not (tmp_path / CARD_NAME).exists()


async def test_the_dashboard_is_shown_or_told(tmp_path: Path) -> None:
    """Its address is the answer; what goes wrong is said as everywhere."""
    async with served(tmp_path) as desk:
        asks = AskPage("jobs", show=False), AskPage("settings", show=True)
        told, opened = await asked(tmp_path, *asks)
        with pytest.raises(NotDoneError, match="no such page"):
            await asked(tmp_path, AskPage("nothing", show=True))
    assert told["url"].endswith("/#jobs")
    assert opened["url"].endswith("/#settings")
    assert desk.shown == ["settings"]


async def test_a_second_start_raises_the_first(tmp_path: Path) -> None:
    """It has the agent that runs show its dashboard; where none answers it says so."""
    async with served(tmp_path) as desk:
        assert await asyncio.to_thread(raise_first, tmp_path)
    assert desk.shown == [""]
    assert not raise_first(tmp_path)


@pytest.mark.parametrize(("job_id", "why"), [("t9", "No job t9"), ("t2", "ending already")])
async def test_cancel_of_what_cannot_be_cancelled(tmp_path: Path, job_id: str, why: str) -> None:
    """Who is not there, or ends already, is named; the agent is not bothered."""
    async with served(tmp_path) as desk:
        with pytest.raises(NotDoneError, match=why):
            await asked(tmp_path, CancelJob(job_id))
        await asked(tmp_path, CancelJob("s/e"))
    assert desk.requests == [CancelJob("s/e")]


# ------------------------------------------------------------ who is let in


async def test_a_wrong_secret_is_turned_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever knows port and protocol but not the secret commands nothing; said once in the log."""
    async with served(tmp_path) as desk:
        card = desk.card
        for _time in range(3):
            Card(card.port, card.pid, "0" * 64).write(tmp_path)
            with pytest.raises(NotRunningError):
                await asked(tmp_path, Command.QUIT)
        assert desk.requests == []
        card.write(tmp_path)
        assert await asked(tmp_path, AskStatus())
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1


async def test_the_secret_does_not_travel(tmp_path: Path) -> None:
    """An impostor on a stale port gets a proof for its own nonce only, and is believed nothing."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = {"agent": "9", "protocol": 1, "nonce": handshake.new_nonce()}
        writer.write(json.dumps(hello).encode() + b"\n")
        heard.put_nowait(await reader.readline())
        writer.write(b'{"proof": "' + b"0" * 64 + b'"}\n')
        heard.put_nowait(await reader.readline())
        writer.close()

    listening = await asyncio.start_server(impostor, "127.0.0.1", 0)
    card = Card.new(listening.sockets[0].getsockname()[1], 77)
    card.write(tmp_path)
    with pytest.raises(NotRunningError, match="process 77 ended without a goodbye"):
        await asked(tmp_path, Command.QUIT)
    listening.close()
    async with asyncio.timeout(5):
        assert card.secret.encode() not in await heard.get()
        assert await heard.get() == b""  # no command was sent


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"GET / HTTP/1.1\r\n",
        b"[]\n",
        b'{"nonce": 5, "proof": 5}\n',
        b'{"nonce": "' + b"a" * 64 + b'", "proof": ["x"]}\n',
        b'{"nonce": "\\ud800' + b"a" * 64 + b'", "proof": "\\ud800"}\n',
        b"[" * 60_000 + b"\n",
        b"x" * 200_000,
    ],
    ids=range(9),
)
async def test_garbage_is_hung_up_on(tmp_path: Path, line: bytes) -> None:
    """Nothing that a stranger sends does more than to end that stranger's connection."""
    async with served(tmp_path) as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.card.port)
        assert b"nonce" in await reader.readline()
        writer.write(line)
        writer.write_eof()
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        assert await asked(tmp_path, AskStatus())


async def test_a_silent_stranger_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proof comes in time, or the connection ends."""
    monkeypatch.setattr(server, "PROOF_TIMEOUT", 0.05)
    async with served(tmp_path) as desk:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.card.port)
        await reader.readline()
        assert await reader.read() == b""
        writer.close()


async def test_strangers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is closed at once; when the others are gone there is room again."""
    monkeypatch.setattr(server, "MOST_STRANGERS", 1)
    monkeypatch.setattr(server, "PROOF_TIMEOUT", 0.3)
    async with served(tmp_path) as desk:
        first, first_out = await asyncio.open_connection("127.0.0.1", desk.card.port)
        await first.readline()
        second, second_out = await asyncio.open_connection("127.0.0.1", desk.card.port)
        with suppress(ConnectionError):
            assert await second.read() == b""
        await first.read()
        assert await asked(tmp_path, AskStatus())
        first_out.close()
        second_out.close()


async def test_too_many_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one too many is told so."""
    monkeypatch.setattr(server, "MOST_FACES", 1)

    def two() -> None:
        with Agent(tmp_path) as first, Agent(tmp_path) as second:
            first.ask(AskStatus())
            second.ask(AskStatus())

    async with served(tmp_path):
        with pytest.raises(NotDoneError, match="Too many"):
            await asyncio.to_thread(two)


async def test_what_is_not_understood_is_answered(tmp_path: Path) -> None:
    """A newer terminal hears that this agent is another version."""
    async with served(tmp_path) as desk:

        def ask() -> dict[str, Any]:
            with Agent(tmp_path) as agent:
                agent._say({"ask": "sing"})
                return agent._hear(5)

        answer = await asyncio.to_thread(ask)
    assert "does not understand" in answer["error"]
    assert desk.requests == []


# ------------------------------------------------------------ logs


async def test_the_agents_log(tmp_path: Path) -> None:
    """All of it or the last lines, in pieces, whatever is in it."""
    text = "".join(f"行 {number}\n" for number in range(20_000))
    (tmp_path / "agent.log").write_text(text, encoding="utf-8", newline="\n")
    async with served(tmp_path) as desk:
        assert await shown(tmp_path, AskLogs("", None, follow=False)) == text
        assert await shown(tmp_path, AskLogs("", 1, follow=False)) == "行 19999\n"
        desk.agent_log = None
        assert await shown(tmp_path, AskLogs("", None, follow=False)) == ""


async def test_a_jobs_log_is_followed_to_its_end(tmp_path: Path) -> None:
    """What comes is shown; when the job has ended and all is read, that is the end."""
    path = tmp_path / "t1.log"
    path.write_text("one\n", encoding="utf-8", newline="\n")
    async with served(tmp_path) as desk, asyncio.TaskGroup() as tasks:
        following = tasks.create_task(shown(tmp_path, AskLogs("t1", None, follow=True)))
        await asyncio.sleep(0.1)
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write("two\n")
        desk.jobs = ()
        assert await following == "one\ntwo\n"


@pytest.mark.parametrize(
    ("job_id", "why"),
    [("x", "There is no log"), ("t5", "There is no log"), ("broken", "journal cannot be used")],
)
async def test_a_log_that_is_not_there(tmp_path: Path, job_id: str, why: str) -> None:
    """A job that nobody knows, a log that was removed, a journal that does not answer."""
    async with served(tmp_path):
        with pytest.raises(NotDoneError, match=why):
            await shown(tmp_path, AskLogs(job_id, None, follow=True))


async def test_who_leaves_while_following_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written meanwhile, and still the place is free again."""
    monkeypatch.setattr(server, "MOST_FACES", 1)
    (tmp_path / "agent.log").write_text("one\n", encoding="utf-8", newline="\n")

    def follow() -> None:
        with Agent(tmp_path) as agent:
            next(agent.stream(AskLogs("", None, follow=True)))

    async with served(tmp_path) as desk:
        await asyncio.to_thread(follow)
        async with asyncio.timeout(5):
            while desk.server._faces:  # noqa: ASYNC110 (another thread's socket)
                await asyncio.sleep(0.01)
        assert await asked(tmp_path, AskStatus())


async def test_the_end_of_the_agent_ends_every_connection(tmp_path: Path) -> None:
    """A terminal that waits for the end is told by the closing of its connection."""
    agent = Agent(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        async with served(tmp_path):
            await asyncio.to_thread(agent.__enter__)
            waiting = tasks.create_task(asyncio.to_thread(agent.wait_gone))
        async with asyncio.timeout(5):
            await waiting
    agent.__exit__(None, None, None)


# ------------------------------------------------------------ trouble at home


async def test_without_a_home_the_agent_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A card that cannot be written costs the commands, not the agent."""
    async with asyncio.timeout(5):
        await Desk(tmp_path / "missing").server.run()
    assert "cannot reach this agent" in caplog.text


def test_no_card(tmp_path: Path) -> None:
    """No agent, or what is no card: the same to the user."""
    with pytest.raises(NotRunningError, match="No agent is running"), Agent(tmp_path):
        pass
    (tmp_path / CARD_NAME).write_text("{}", encoding="utf-8")
    (tmp_path / CARD_NAME).chmod(0o600)
    with pytest.raises(NotRunningError, match="No agent is running"), Agent(tmp_path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="other system: a directory opens nowhere else")
def test_a_card_that_cannot_be_read(tmp_path: Path) -> None:
    """Something else has its name."""
    (tmp_path / CARD_NAME).mkdir()
    with pytest.raises(NotDoneError, match="no plain file"), Agent(tmp_path):
        pass


async def test_an_agent_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for one that is gone."""
    monkeypatch.setattr(client, "ANSWER_TIMEOUT", 0.1)
    monkeypatch.setattr(client, "_SLICE", 0.02)
    callers: list[asyncio.StreamWriter] = []

    def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    Card.new(listening.sockets[0].getsockname()[1], 77).write(tmp_path)
    with pytest.raises(NotDoneError, match=r"process 77\) does not answer"):
        await asked(tmp_path, AskStatus())
    listening.close()
    for caller in callers:
        caller.close()
        await caller.wait_closed()
