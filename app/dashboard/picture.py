"""Snapshot → what the page is told (pure)."""

from typing import Any

from app.state import EndedJob, JobView, Snapshot

Plain = dict[str, Any]


def plain(snapshot: Snapshot, *, set_up: bool, headless: bool) -> Plain:
    """Return a snapshot for the page; times in epoch seconds, sizes in bytes."""
    program = snapshot.program
    return {
        "program": {
            "version": program.version,
            "pid": program.pid,
            "started_at": program.started_at,
        },
        "set_up": set_up,
        "headless": headless,
        **_connection(snapshot),
        "work_dir": snapshot.work_dir,
        "running": snapshot.running,
        "waiting": snapshot.waiting,
        "jobs": [_job(job) for job in snapshot.jobs],
        "ended": [_ended(job) for job in snapshot.ended],
        "owed_bytes": snapshot.owed_bytes,
        "problem": snapshot.problem,
        "problem_at": snapshot.problem_at,
        "autostart": snapshot.autostart,
        "awake": snapshot.awake,
        "desktop": snapshot.desktop,
        "disk_free": snapshot.disk_free,
        "disk_low": snapshot.disk_low,
    }


def _connection(snapshot: Snapshot) -> Plain:
    return {
        "link": snapshot.link.value,
        "link_since": snapshot.link_since,
        "latency": snapshot.latency,
        "wanted": snapshot.wanted,
        "paused": snapshot.paused,
        "draining": snapshot.draining,
        "server_url": snapshot.server_url,
        "environment": snapshot.environment,
    }


def _job(job: JobView) -> Plain:
    return {
        "key": job.key,
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "title": job.title,
        "since": job.since,
        "accepted_at": job.accepted_at,
    }


def _ended(job: EndedJob) -> Plain:
    return {
        "key": job.key,
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "title": job.title,
        "at": job.at,
        "failed": job.failed,
    }
