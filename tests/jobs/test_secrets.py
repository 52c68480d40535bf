"""Secrets of a job are in no way out of it, wherever a text is cut."""

import json
import shlex
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from app.host.containment import Proc
from app.host.process_tree import MAX_COMMAND
from app.jobs.job import FIRST_LINE
from app.jobs.results.items import MESSAGE_LIMIT, OUTPUT_LIMIT
from app.jobs.supervision import names_of
from app.redaction import Redactor
from app.state import JobState
from tests.jobs.conftest import Room, open_room
from tests.jobs.suites import python

pytestmark = pytest.mark.integration

SECRET = "Hunter2-7f3a-9bc1-Xyzzy"
SHOWN = 6  # characters of it in a row that nobody may see


def across(limit: int, before: int = 0) -> str:
    """A text whose cut at `limit` goes through the secret; `before` stands before the text."""
    return "x" * (limit - before - len(SECRET) // 2) + SECRET + "y" * 20


def shows(text: str) -> bool:
    """Whether a part of the secret can be read."""
    parts = (SECRET[at : at + SHOWN] for at in range(len(SECRET) - SHOWN + 1))
    return any(part in text for part in parts)


def sleeping(words: str) -> list[str]:
    """A command that sleeps and has `words` in its command line."""
    return [sys.executable, "-c", "import time; time.sleep(60)", words]


SLEEPING = len(" ".join(sleeping("")))  # characters before the words


async def the_log(room: Room, name: str) -> str:
    """A job's whole log once the job has gone."""
    await room.idle()
    return "\n".join(room.log_lines(name))


async def test_secrets_are_in_no_way_out(tmp_path: Path) -> None:
    """Neither the git token nor a masked value is in the log, a message or an output."""
    code = """
        print("::add-mask::hunter2-hunter2", flush=True)
        print("token is tok-secret-1 and hunter2-hunter2", flush=True)
        write(item("100001", "failed", error="tok-secret-1"), item("100002", "passed"))
    """
    async with open_room(tmp_path) as room:
        await room.suite("e1", python(tmp_path, code), git_token="tok-secret-1")
        end = await room.end("e1")
        everything = json.dumps([end.results, end.completion]) + end.phrase
        everything += "\n".join(room.log_lines("e1"))
        assert "***" in everything
        # With no repository the token is no secret of this run's checkout, but still one.
        assert "tok-secret-1" not in everything
        assert "hunter2" not in everything


async def test_the_first_line_of_a_tasks_command(tmp_path: Path) -> None:
    """A command is masked before the log shows the beginning of it."""
    words = across(FIRST_LINE, len("true "))
    async with open_room(tmp_path) as room:
        await room.assign("t1", ["true", words], env_vars=(("API_TOKEN", SECRET),))
        said = await the_log(room, "t1")
    assert "*Task started: true xxx" in said
    assert not shows(said)


async def test_the_first_line_of_a_suites_command(tmp_path: Path) -> None:
    """The same for a suite."""
    words = across(FIRST_LINE, len("true "))
    async with open_room(tmp_path) as room:
        await room.suite("e1", f"true {words}", git_token=SECRET)
        await room.end("e1")
        said = await the_log(room, "e1")
    assert "*Suite started: true xxx" in said
    assert not shows(said)


async def test_the_process_tree_of_a_timeout(tmp_path: Path) -> None:
    """Command lines are masked before they are cut."""
    command = sleeping(across(MAX_COMMAND, SLEEPING))
    async with open_room(tmp_path) as room:
        await room.assign("t1", command, env_vars=(("API_TOKEN", SECRET),), timeout=0.3)
        await room.result("t1")
        said = await the_log(room, "t1")
    assert "?  " in said
    assert "time.sleep(60) xxx" in said
    assert not shows(said)


async def test_the_names_of_what_a_cancel_ends(tmp_path: Path) -> None:
    """The same for the line that names what is ended."""
    command = sleeping(across(FIRST_LINE, SLEEPING))
    async with open_room(tmp_path) as room:
        await room.assign("t1", command, env_vars=(("API_TOKEN", SECRET),))
        await room.until(lambda: room.dispatcher.views()[0].state is JobState.RUNNING)
        await room.cancel("t1")
        await room.result("t1")
        said = await the_log(room, "t1")
    assert "Ending: " in said
    assert not shows(said)


async def test_the_names_of_what_was_left_behind(tmp_path: Path) -> None:
    """The same for what outlived the main process."""
    words = shlex.join(sleeping(across(FIRST_LINE, SLEEPING)))
    async with open_room(tmp_path) as room:
        await room.assign("t1", f"{words} & sleep 0.2", env_vars=(("API_TOKEN", SECRET),))
        await room.result("t1")
        said = await the_log(room, "t1")
    assert "Left behind, now ended: " in said
    assert not shows(said)


def test_names_are_masked_before_they_are_cut() -> None:
    """Also those of an earlier agent's jobs."""
    redactor = Redactor()
    redactor.add(SECRET)
    named = names_of([Proc(7, 0.0, across(FIRST_LINE))], redactor.mask)
    assert "***" in named
    assert not shows(named)


def junit(name: str, message: str = "", output: str = "") -> str:
    """A result file with one failed test of case 100001."""
    inside = f"<failure message={quoteattr(message)}/><system-out>{output}</system-out>"
    return f"<testsuite><testcase name={quoteattr(name)}>{inside}</testcase></testsuite>"


def writes(folder: Path, text: str) -> str:
    """A command that writes it as junit.xml."""
    source = folder / "source.xml"
    source.write_text(text, encoding="utf-8")
    return f"cp {shlex.quote(str(source))} junit.xml"


HALF = (MESSAGE_LIMIT - len("\n…\n".encode())) // 2  # of a long message: its head and its tail
LONG = [
    across(HALF) + "z" * 2 * MESSAGE_LIMIT,  # the head ends inside the secret
    "z" * 2 * MESSAGE_LIMIT + SECRET + "x" * (HALF - len(SECRET) // 2),  # the tail begins there
]


@pytest.mark.parametrize("message", LONG)
async def test_a_long_message_of_a_test_tool(tmp_path: Path, message: str) -> None:
    """Head and tail of it are cut out of the masked text."""
    async with open_room(tmp_path) as room:
        command = writes(tmp_path, junit("test 100001", message=message))
        await room.suite("e1", command, git_token=SECRET)
        end = await room.end("e1")
        told = str(next(r for r in end.results if r["case_id"] == "c1")["error_message"])
        assert len(told) > HALF
        assert not shows(told + await the_log(room, "e1"))


async def test_a_long_output_of_a_test_tool(tmp_path: Path) -> None:
    """The tail of it is cut out of the masked text."""
    output = "z" * OUTPUT_LIMIT + SECRET + "x" * (OUTPUT_LIMIT - len(SECRET) // 2)
    async with open_room(tmp_path) as room:
        command = writes(tmp_path, junit("test 100001", output=output))
        await room.suite("e1", command, git_token=SECRET)
        end = await room.end("e1")
        told = str(next(r for r in end.results if r["case_id"] == "c1")["log_output"])
        assert len(told) > OUTPUT_LIMIT - len(SECRET)
        assert not shows(told)


async def test_the_names_of_tests_without_a_case(tmp_path: Path) -> None:
    """Masked before the log shows the beginning of them."""
    async with open_room(tmp_path) as room:
        await room.suite("e1", writes(tmp_path, junit(across(200))), git_token=SECRET)
        end = await room.end("e1")
        said = await the_log(room, "e1")
    assert "belong to no case of this run: xxx" in said
    assert not shows(said + str(end.completion) + end.phrase)
