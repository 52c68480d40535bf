"""The snapshot as the page gets it."""

import json

from app.dashboard.picture import plain
from app.state import EndedJob, JobState, JobView, LinkState, Program, Snapshot


def test_every_field_of_the_wire_is_there() -> None:
    """The page relies on each name, also while nothing is known yet."""
    body = plain(Snapshot(), set_up=False, headless=True)
    assert set(body) == {
        *("program", "set_up", "headless", "link", "link_since", "latency", "wanted", "paused"),
        *("draining", "server_url", "environment", "work_dir", "running", "waiting", "jobs"),
        *("ended", "owed_bytes", "problem", "problem_at", "autostart", "awake"),
        *("desktop", "disk_free", "disk_low"),
    }
    json.dumps(body, allow_nan=False)


def test_words_and_jobs() -> None:
    """States are the words of the wire; jobs have the key that asks name them by."""
    snapshot = Snapshot(
        program=Program("1.0", 5, 9.0),
        link=LinkState.BACKING_OFF,
        jobs=(JobView("t1", JobState.QUEUED, 3.0, "task", "make", 2.0, 7),),
        ended=(
            EndedJob(
                key=6,
                job_id="s/e",
                kind="suite",
                title="q",
                state=JobState.FAILED,
                at=1.0,
                failed=2,
            ),
        ),
    )
    body = plain(snapshot, set_up=True, headless=False)
    assert (body["link"], body["running"], body["waiting"]) == ("backing off", 0, 1)
    assert body["program"] == {"version": "1.0", "pid": 5, "started_at": 9.0}
    assert body["jobs"] == [
        {
            "key": 7,
            "job_id": "t1",
            "kind": "task",
            "state": "queued",
            "title": "make",
            "since": 3.0,
            "accepted_at": 2.0,
        }
    ]
    assert body["ended"][0] == {
        "key": 6,
        "job_id": "s/e",
        "kind": "suite",
        "state": "failed",
        "title": "q",
        "at": 1.0,
        "failed": 2,
    }
