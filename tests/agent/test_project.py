"""Inner state → Snapshot (app/agent/project.py)."""

from app.agent.project import Inside, project
from app.state import JobState, JobView, LinkState

RUNNING = JobView("t1", JobState.RUNNING, 1.0)
ENDED = JobView("t0", JobState.SUCCEEDED, 0.0)


def inside(link_problem: str = "", job_problem: str = "") -> Inside:
    """An agent online with one running and one ended job."""
    return Inside(
        wanted=True,
        link=LinkState.ONLINE,
        link_problem=link_problem,
        job_problem=job_problem,
        server_url="ws://h/ws/agent",
        environment="Lab PC",
        work_dir="/work",
        jobs=(ENDED, RUNNING),
        owed_bytes=7,
    )


def test_only_living_jobs_are_shown() -> None:
    """A face shows what runs and waits; the rest is history."""
    assert project(inside()).jobs == (RUNNING,)


def test_a_problem_of_the_link_hides_one_of_the_jobs() -> None:
    """One line is shown: the one without which nothing else works."""
    assert project(inside("no network", "disk full")).problem == "no network"
    assert project(inside("", "disk full")).problem == "disk full"
    assert project(inside()).problem == ""
