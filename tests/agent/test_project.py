"""Inner state → Snapshot (app/agent/project.py)."""

from dataclasses import replace

from app.agent.project import Inside, project
from app.state import JobState, JobView, LinkState, Program, Snapshot

RUNNING = JobView("t1", JobState.RUNNING, 1.0)
ENDED = JobView("t0", JobState.SUCCEEDED, 0.0)
WAITING = JobView("t2", JobState.QUEUED, 2.0)
NOTHING = Snapshot()


def inside(link_problem: str = "", job_problem: str = "", now: float = 100.0) -> Inside:
    """An agent online with one running and one ended job."""
    return Inside(
        now=now,
        program=Program("1.0", 42, 50.0),
        wanted=True,
        paused=True,
        draining=False,
        link=LinkState.ONLINE,
        latency=0.5,
        link_problem=link_problem,
        job_problem=job_problem,
        server_url="ws://h/ws/agent",
        environment="Lab PC",
        work_dir="/work",
        jobs=(ENDED, RUNNING, WAITING),
        owed_bytes=7,
    )


def test_only_living_jobs_are_shown_and_counted() -> None:
    """A face shows what runs and waits; the rest is history."""
    snapshot = project(inside(), NOTHING)
    assert snapshot.jobs == (RUNNING, WAITING)
    assert (snapshot.running, snapshot.waiting) == (1, 1)


def test_a_problem_of_the_link_hides_one_of_the_jobs() -> None:
    """One line is shown: the one without which nothing else works."""
    assert project(inside("no network", "disk full"), NOTHING).problem == "no network"
    assert project(inside("", "disk full"), NOTHING).problem == "disk full"
    assert project(inside(), NOTHING).problem == ""


def test_a_problem_keeps_the_time_at_which_it_was_first_seen() -> None:
    """Another one has its own; with none there is no time."""
    first = project(inside("no network", now=10.0), NOTHING)
    second = project(inside("no network", now=20.0), first)
    third = project(inside("refused", now=30.0), second)
    fourth = project(inside(now=40.0), third)
    again = project(inside("no network", now=50.0), fourth)
    times = [one.problem_at for one in (first, second, third, fourth, again)]
    assert times == [10.0, 10.0, 30.0, 0.0, 50.0]


def test_the_link_has_the_time_of_its_last_change() -> None:
    """Since when it is online, or trying again; the first snapshot counts as a change."""
    first = project(inside(now=10.0), NOTHING)
    stopped = project(replace(inside(now=5.0), link=LinkState.STOPPED), NOTHING)
    later = project(inside(now=20.0), first)
    lost = project(replace(inside(now=30.0), link=LinkState.BACKING_OFF), later)
    times = [one.link_since for one in (first, stopped, later, lost)]
    assert times == [10.0, 5.0, 10.0, 30.0]


def test_latency_is_that_of_a_living_session() -> None:
    """A number from before the loss would mislead."""
    assert project(inside(), NOTHING).latency == 0.5
    lost = replace(inside(), link=LinkState.BACKING_OFF)
    assert project(lost, NOTHING).latency is None


def test_wishes_are_passed_on() -> None:
    """They are the user's."""
    snapshot = project(inside(), NOTHING)
    assert (snapshot.wanted, snapshot.paused, snapshot.draining) == (True, True, False)
    assert snapshot.program.pid == 42
