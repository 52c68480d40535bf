"""Snapshot → what `status --json` and `jobs --json` print (pure)."""

from datetime import UTC, datetime
from typing import Any

from app.state import JobView, Snapshot


def status_of(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """Return the agent's state; moments are local ISO 8601 texts, null where there is none."""
    program = snapshot.program
    return {
        "now": moment(now),
        "link": snapshot.link.value,
        "link_since": moment(snapshot.link_since),
        "latency_ms": None if snapshot.latency is None else round(snapshot.latency * 1000, 1),
        "wanted": snapshot.wanted,
        "paused": snapshot.paused,
        "draining": snapshot.draining,
        "running": snapshot.running,
        "waiting": snapshot.waiting,
        "server_url": snapshot.server_url,
        "environment": snapshot.environment,
        "work_dir": snapshot.work_dir,
        "owed_bytes": snapshot.owed_bytes,
        "autostart": snapshot.autostart,
        "awake": snapshot.awake,
        "desktop": snapshot.desktop,
        "disk_free": snapshot.disk_free,
        "problem": _problem(snapshot),
        "agent": {
            "version": program.version,
            "pid": program.pid,
            "started_at": moment(program.started_at),
        },
    }


def jobs_of(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """Return what runs and waits, oldest first."""
    return {"now": moment(now), "jobs": [_job(job) for job in snapshot.jobs]}


def moment(epoch: float) -> str | None:
    """Return a time as people and programs read it, to the millisecond."""
    if not epoch:
        return None
    return datetime.fromtimestamp(epoch, UTC).astimezone().isoformat(timespec="milliseconds")


def _problem(snapshot: Snapshot) -> dict[str, Any] | None:
    if not snapshot.problem:
        return None
    return {"text": snapshot.problem, "at": moment(snapshot.problem_at)}


def _job(job: JobView) -> dict[str, Any]:
    return {
        "id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "title": job.title,
        "since": moment(job.since),
        "accepted_at": moment(job.accepted_at),
    }
