"""Inner state → Snapshot (pure)."""

from dataclasses import dataclass

from app.state import EndedJob, JobView, LinkState, Program, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the agent knows of the computer that it runs on, as Snapshot shows it."""

    autostart: bool | None = None
    awake: bool = False
    desktop: str = ""
    disk_free: int | None = None  # bytes
    disk_low: bool = False
    problem: str = ""  # of the settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the agent knows of itself at one moment; `now` in epoch seconds."""

    now: float
    program: Program
    wanted: bool
    paused: bool
    draining: bool
    link: LinkState
    latency: float | None
    link_problem: str
    job_problem: str  # the work folder, a full disk, something set aside
    server_url: str
    environment: str
    work_dir: str
    jobs: tuple[JobView, ...]
    owed_bytes: int
    ended: tuple[EndedJob, ...] = ()
    newcomer: bool = False
    around: Around = Around()


def project(inside: Inside, before: Snapshot) -> Snapshot:
    """Return what the faces show; a problem of the link hides one of the jobs.

    `before`, the snapshot of the moment before, tells since when things are as they are.
    """
    around = inside.around
    problem = inside.link_problem or around.problem or inside.job_problem
    return Snapshot(
        program=inside.program,
        wanted=inside.wanted,
        paused=inside.paused,
        draining=inside.draining,
        link=inside.link,
        link_since=_since(inside, same=inside.link is before.link, at=before.link_since),
        latency=inside.latency if inside.link is LinkState.ONLINE else None,
        server_url=inside.server_url,
        environment=inside.environment,
        work_dir=inside.work_dir,
        jobs=tuple(job for job in inside.jobs if not job.state.ended),
        owed_bytes=inside.owed_bytes,
        ended=inside.ended,
        newcomer=inside.newcomer,
        autostart=around.autostart,
        awake=around.awake,
        desktop=around.desktop,
        disk_free=around.disk_free,
        disk_low=around.disk_low,
        problem=problem,
        problem_at=(
            _since(inside, same=problem == before.problem, at=before.problem_at) if problem else 0.0
        ),
    )


def _since(inside: Inside, *, same: bool, at: float) -> float:
    return at if same and at else inside.now
