"""The event-loop thread (app/agent/thread.py)."""

import asyncio
import threading
from pathlib import Path

from app.agent.thread import AgentThread
from app.errors import WorkDirError
from app.exit_codes import ExitCode
from app.state import CancelJob, Command, Request, Snapshot


class Obedient:
    """An agent that remembers its requests and ends at Quit."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.thread = threading.current_thread().name
        self._quit = asyncio.Event()

    def command(self, request: Request) -> None:
        self.requests.append(request)
        if request is Command.QUIT:
            self._quit.set()

    async def run(self) -> int:
        await self._quit.wait()
        return 0


def test_requests_go_in_and_the_final_snapshot_comes_out() -> None:
    """The agent lives on its own thread; its end is shown and gives the exit code."""
    shown: list[Snapshot] = []
    made: list[Obedient] = []

    async def build() -> Obedient:
        made.append(Obedient())
        return made[0]

    thread = AgentThread(build, shown.append)
    thread.start()
    assert thread.post(Command.CONNECT)
    assert thread.post(CancelJob("t1"))
    assert thread.post(Command.QUIT)
    assert thread.join(5)
    assert made[0].requests == [Command.CONNECT, CancelJob("t1"), Command.QUIT]
    assert made[0].thread == "agent"
    assert thread.exit_code == 0
    assert shown[-1].exit_code == 0


def test_a_command_after_the_end_is_refused() -> None:
    """Nobody waits for an agent that is gone."""

    async def build() -> Obedient:
        return Obedient()

    thread = AgentThread(build, lambda _snapshot: None)
    thread.start()
    thread.post(Command.QUIT)
    thread.join(5)
    assert not thread.post(Command.CONNECT)


def test_an_agent_that_cannot_stand_tells_its_error() -> None:
    """A FatalError of the building ends with its own exit code and its sentence."""
    shown: list[Snapshot] = []

    async def build() -> Obedient:
        raise WorkDirError(Path("/nowhere"), "no such folder")

    thread = AgentThread(build, shown.append)
    thread.start()
    assert thread.join(5)
    assert thread.exit_code == ExitCode.FOLDER
    assert str(Path("/nowhere")) in shown[-1].problem


def test_a_bug_does_not_end_in_silence() -> None:
    """An unexpected exception is logged and gives exit code 1."""

    async def build() -> Obedient:
        raise ZeroDivisionError

    thread = AgentThread(build, lambda _snapshot: None)
    thread.start()
    assert thread.join(5)
    assert thread.exit_code == ExitCode.BUG
