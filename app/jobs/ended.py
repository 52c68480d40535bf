"""The jobs that have ended since the start, the last few of them; pure."""

from collections import deque

from app.jobs.job import Job
from app.state import EndedJob

KEPT = 20


class EndedJobs:
    """Remembers how the last jobs ended."""

    def __init__(self) -> None:
        self._jobs: deque[EndedJob] = deque(maxlen=KEPT)

    def add(self, job: Job) -> None:
        """Take a job that is over; one that a bug has left without an end is none."""
        if not job.state.ended:
            return
        ended = EndedJob(
            key=job.record.key,
            job_id=job.job_id,
            kind=job.order.kind.value,
            title=job.title,
            state=job.state,
            at=job.since,
            failed=job.failed,
        )
        self._jobs.append(ended)

    @property
    def jobs(self) -> tuple[EndedJob, ...]:
        """The last KEPT of them, oldest first."""
        return tuple(self._jobs)
