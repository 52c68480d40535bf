"""Answers in words (app/control/words.py), from real pictures (picture.py)."""

from dataclasses import replace

import pytest

from app.control.picture import jobs_of, moment, status_of
from app.control.words import duration, jobs_table, state_text, status_text
from app.state import JobState, JobView, LinkState, Program, Snapshot
from app.terminal import width
from tests.control.conftest import NOW

ONLINE = Snapshot(
    program=Program("1.2.3", 42, NOW - 3600),
    link=LinkState.ONLINE,
    link_since=NOW - 125,
    latency=0.01,
    server_url="ws://h/ws/agent",
    environment="实验室",
    work_dir="/work",
)


@pytest.mark.parametrize(
    ("snapshot", "text"),
    [
        (ONLINE, "Online for 2 min 5 s"),
        (replace(ONLINE, paused=True), "Online for 2 min 5 s, paused (`ats-agent resume`"),
        (replace(ONLINE, draining=True), "ends as soon as nothing runs"),
        (replace(ONLINE, link=LinkState.CONNECTING), "Connecting"),
        (replace(ONLINE, link=LinkState.STOPPED, server_url=""), "Not set up"),
        (replace(ONLINE, link=LinkState.BACKING_OFF), "Not connected, trying again"),
        (replace(ONLINE, link=LinkState.REJECTED), "The platform refused the token"),
        (replace(ONLINE, link=LinkState.STOPPED, wanted=False), "Disconnected, as you wanted"),
    ],
)
def test_state(snapshot: Snapshot, text: str) -> None:
    """The first line says how it is and what ends it."""
    assert text in state_text(status_of(snapshot, NOW))


def test_status_is_aligned_and_leaves_out_what_is_not() -> None:
    """A problem has its time; without one there is no such line."""
    text = status_text(status_of(ONLINE, NOW))
    assert {line.index("  ") for line in text.splitlines() if line.startswith("Environment")}
    assert "Problem" not in text
    assert "Owed" not in text
    assert "1.2.3, process 42, started" in text
    broken = replace(ONLINE, problem="disk\x1b[31m full", problem_at=NOW, owed_bytes=7)
    text = status_text(status_of(broken, NOW))
    assert "\x1b" not in text
    assert "Owed         7 bytes" in text
    assert f"Problem      {str(moment(NOW))[:19].replace('T', ' ')} disk" in text


def test_the_computer_has_a_line_when_there_is_something_to_say() -> None:
    """What keeps tests from its desktop, and what the agent does for it."""
    assert "Computer" not in status_text(status_of(ONLINE, NOW))
    busy = replace(ONLINE, desktop="The desktop is locked", awake=True, autostart=True)
    text = status_text(status_of(busy, NOW))
    assert "Computer     The desktop is locked, kept awake, starts at login" in text


def test_jobs_are_aligned_whatever_their_names() -> None:
    """Chinese characters take two columns; a narrow terminal cuts the command."""
    jobs = (
        JobView("任务", JobState.RUNNING, NOW - 90_000, "task", "x" * 100, NOW),
        JobView("t-2", JobState.QUEUED, NOW - 3, "suite", "pytest", NOW),
    )
    answer = jobs_of(replace(ONLINE, jobs=jobs), NOW)
    lines = jobs_table(answer, 60).splitlines()
    starts = [width(line[: line.index(word)]) for line, word in zip(lines, "Cxp", strict=True)]
    assert len(set(starts)) == 1
    assert max(map(width, lines)) == 60
    assert "1 d 1 h" in lines[1]
    assert jobs_table(jobs_of(ONLINE, NOW), None) == "No job runs or waits."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min 0 s"), (3661, "1 h 1 min"), (90_000, "1 d 1 h")],
)
def test_durations(seconds: float, text: str) -> None:
    """Two units are enough."""
    assert duration(seconds) == text


def test_an_answer_of_another_version() -> None:
    """Whatever is missing, something is said."""
    assert status_text({}).startswith("State")
    assert jobs_table({"jobs": [{"id": "t1"}]}, None).splitlines()[1].split() == ["t1"]
