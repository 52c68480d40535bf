"""Inner state → Snapshot (pure)."""

from dataclasses import dataclass

from app.state import JobView, LinkState, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the agent knows of itself at one moment."""

    wanted: bool
    link: LinkState
    link_problem: str
    job_problem: str  # the work folder, a full disk, something set aside
    server_url: str
    environment: str
    work_dir: str
    jobs: tuple[JobView, ...]
    owed_bytes: int


def project(inside: Inside) -> Snapshot:
    """Return what the faces show; a problem of the link hides one of the jobs."""
    return Snapshot(
        wanted=inside.wanted,
        link=inside.link,
        server_url=inside.server_url,
        environment=inside.environment,
        work_dir=inside.work_dir,
        jobs=tuple(job for job in inside.jobs if not job.state.ended),
        owed_bytes=inside.owed_bytes,
        problem=inside.link_problem or inside.job_problem,
    )
