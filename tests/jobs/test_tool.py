"""A tool's lines and exit code arrive, and nothing of it is left however it ends."""

import asyncio
from pathlib import Path

import pytest

from app.host.containment import clean_environment, new_marker
from app.jobs.process import StartError, Stream
from app.jobs.tool import LINE_LIMIT, Call, Lines, run
from tests.fakes.children import PARENT, SLEEPER, living, pids, python, until

Heard = list[tuple[Stream, str]]


def call(folder: Path, argv: list[str]) -> Call:
    """A call in `folder` with a marker of its own."""
    return Call(argv, folder, clean_environment({}, new_marker()))


async def test_lines_and_exit_code(tmp_path: Path) -> None:
    """Both streams come as lines without their ends, progress displays and the last one too."""
    heard: Heard = []
    code = "import os; os.write(1, b'one\\r\\n\\ntwo'); os.write(2, b'1%\\r2%\\r'); os._exit(3)"
    assert await run(call(tmp_path, python(code)), lambda *line: heard.append(line)) == 3
    assert sorted(heard, key=lambda line: line[0].value) == [
        (Stream.OUT, "one"),
        (Stream.OUT, "two"),
        (Stream.ERR, "1%"),
        (Stream.ERR, "2%"),
    ]


async def test_there_is_no_input(tmp_path: Path) -> None:
    """A tool that asks gets the end of its input at once."""
    heard: Heard = []
    code = "import sys; print(repr(sys.stdin.read()))"
    await run(call(tmp_path, python(code)), lambda *line: heard.append(line))
    assert heard == [(Stream.OUT, "''")]


async def test_a_missing_tool_cannot_be_started(tmp_path: Path) -> None:
    """That is a StartError."""
    with pytest.raises(StartError, match="was not found"):
        await run(call(tmp_path, ["no-such-tool-anywhere"]), lambda *_line: None)


@pytest.mark.parametrize("how", ["limit", "cancel"])
async def test_nothing_is_left_of_a_tool_that_is_given_up(tmp_path: Path, how: str) -> None:
    """The time limit and a cancellation both end the whole tree before they are felt."""
    folder = tmp_path / "pids"
    folder.mkdir()
    tree = call(tmp_path, python(PARENT, folder, SLEEPER))
    async with asyncio.TaskGroup() as tasks:
        limit = 0.5 if how == "limit" else None
        task = tasks.create_task(ended(tree, limit), name="tool")
        if how == "cancel":
            await until(lambda: len(pids(folder)) == 2)
            task.cancel()
        await asyncio.wait([task])
    assert living(folder) == []
    assert task.cancelled() is (how == "cancel")


async def ended(tree: Call, limit: float | None) -> None:
    """Run it into its limit."""
    with pytest.raises(TimeoutError):
        await run(tree, lambda *_line: None, limit)


def test_long_lines_come_in_pieces() -> None:
    """A line without end does not fill the memory."""
    heard: list[str] = []
    lines = Lines(heard.append)
    for _time in range(5):
        lines.feed(b"x" * LINE_LIMIT)
    assert len(heard) >= 4
    lines.flush()
    assert sum(map(len, heard)) == 5 * LINE_LIMIT


def test_the_environment_is_not_shown() -> None:
    """A call's repr has no variables, which may be secrets."""
    assert "secret" not in repr(Call(["x"], Path(), {"A": "secret"}))
