"""Snapshots → the few things worth a notification (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from app.i18n import _
from app.state import EndedJob, JobState, LinkState, Snapshot
from app.terminal import harmless, shortened

NAMES_SHOWN = 3  # jobs named in one notice
NAME_LENGTH = 60  # columns of a job's title or id
RELIEF = 1.25  # times as much free space as when it was told, until it may be told again
_MIB = 2**20
_FAILURES = {JobState.FAILED, JobState.TIMED_OUT, JobState.ERROR}
_NO_FAILURES = {JobState.CANCELLED, JobState.INTERRUPTED}  # whatever its cases say


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices the user wants."""

    connected: bool = True
    refused: bool = True
    failures: bool = True
    disk_low: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What has been told, or was not wanted when it came: neither is news any more."""

    welcome: str = ""  # the address of the platform that knows this computer now
    refused: bool = False  # it is so now
    jobs: frozenset[int] = field(default=frozenset())  # those in the last snapshot's `ended`
    scarce: int | None = None  # bytes that were free when it was told; None: enough is free


News: TypeAlias = tuple[Told, list[Notice]]


def notices(told: Told, now: Snapshot, wanted: Wanted) -> News:
    """Return what is news in this snapshot, and what has been told with it."""
    ended = [job for job in now.ended if job.key not in told.jobs]
    after = Told(
        welcome=now.server_url if _welcome(now) else told.welcome,
        refused=now.link is LinkState.REJECTED,
        jobs=frozenset(job.key for job in now.ended),
        scarce=_scarce(told.scarce, now),
    )
    news = [
        *(_connected(now) if wanted.connected and after.welcome != told.welcome else ()),
        *(_refused() if wanted.refused and after.refused and not told.refused else ()),
        *(_failures([job for job in ended if _failed(job)]) if wanted.failures else ()),
        *(_disk_low(now) if wanted.disk_low and after.scarce and told.scarce is None else ()),
    ]
    return after, news


def _welcome(now: Snapshot) -> bool:
    return now.newcomer and now.link is LinkState.ONLINE


def _connected(now: Snapshot) -> Iterator[Notice]:
    name = harmless(now.environment) or harmless(now.server_url)
    text = _("The platform can send it jobs now: {name}").format(name=shortened(name, NAME_LENGTH))
    yield Notice(_("This computer is connected"), text)


def _refused() -> Iterator[Notice]:
    text = _("No jobs come until a new token is entered: “Enter a new token…” in the tray's menu.")
    yield Notice(_("The platform refuses the token"), text)


def _failed(job: EndedJob) -> bool:
    if job.state in _NO_FAILURES:
        return False
    return job.state in _FAILURES or job.failed > 0


def _failures(jobs: Sequence[EndedJob]) -> Iterator[Notice]:
    """One notice, however many jobs there are."""
    if not jobs:
        return
    lines = [_line(job) for job in jobs[:NAMES_SHOWN]]
    if len(jobs) > NAMES_SHOWN:
        lines.append(_("… and {count} more").format(count=len(jobs) - NAMES_SHOWN))
    title = _("A job has failed")
    if len(jobs) > 1:
        title = _("{count} jobs have failed").format(count=len(jobs))
    yield Notice(title, "\n".join(lines))


def _line(job: EndedJob) -> str:
    """Name a job, and how it went if that is more than "failed"; the name comes from afar."""
    name = shortened(harmless(job.title or job.job_id), NAME_LENGTH)
    match job.state:
        case JobState.TIMED_OUT:
            return _("{name}: timed out").format(name=name)
        case JobState.ERROR:
            return _("{name}: could not be run").format(name=name)
        case _ if job.failed:
            return _("{name}: {count} failed").format(name=name, count=job.failed)
        case _:
            return name


def _scarce(before: int | None, now: Snapshot) -> int | None:
    """Return how much was free when the disk became nearly full; None once it is better.

    Free space goes up and down by itself: a little more is no relief.
    """
    free = now.disk_free or 0
    if before is None:
        return max(free, 1) if now.disk_low else None
    return None if not now.disk_low and free >= before * RELIEF else before


def _disk_low(now: Snapshot) -> Iterator[Notice]:
    text = _("{count} MiB are free where the work folder is: {folder}")
    free = (now.disk_free or 0) // _MIB
    yield Notice(
        _("The disk is nearly full"), text.format(count=free, folder=harmless(now.work_dir))
    )
