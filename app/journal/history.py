"""What the journal tells of jobs that were: in pages, newest first; runs on its thread."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.journal.queries import Sql
from app.journal.records import TITLE, JobRecord
from app.journal.schema import record_of
from app.state import JobState

SCAN = 200  # jobs that are looked at in one go: others wait for the thread meanwhile
KEYS = 500  # of one question: SQLite knows a limit
_END = 2**62  # larger than any key
_STATES = {state.value for state in JobState}
_TITLE_FIRST = f'{{"{TITLE}": '
_TITLE_BYTES = 3_000  # 200 characters, each as two escapes at most
_KINDS = {"task", "suite"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs are looked for; "" for any. `text` is in the title or the id."""

    kind: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastJob:
    """One job, ended or not; times in epoch seconds."""

    key: int
    job_id: str
    kind: str  # "task" or "suite"
    state: str  # a word of JobState
    title: str  # "" when it is not known
    accepted_at: float
    finished_at: float | None
    log_size: int | None  # bytes; None while it may still grow, and when it is removed
    delivered: bool
    removed: bool  # its folder and log are gone


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, newest first; `before`: where the next page begins, None at the end of history."""

    jobs: tuple[PastJob, ...]
    before: int | None


def page(sql: Sql, wanted: Wanted, before: int | None, limit: int) -> Page:
    """Look at the next SCAN jobs older than the key `before`, for at most `limit` that match."""
    begin = _END if before is None else before
    newest = "SELECT key FROM jobs WHERE key < ? ORDER BY key DESC LIMIT ?"
    keys = [key for (key,) in sql.execute(newest, (begin, SCAN))]
    if not keys:
        return Page((), None)
    found: list[PastJob] = []
    for job in _matching(sql, wanted, keys[-1], begin):
        if len(found) == limit:
            return Page(tuple(found), found[-1].key)
        found.append(job)
    return Page(tuple(found), keys[-1] if len(keys) == SCAN else None)


def record(sql: Sql, key: int) -> JobRecord | None:
    """Return a job."""
    row = sql.execute("SELECT * FROM jobs WHERE key = ?", (key,)).fetchone()
    return None if row is None else record_of(row)


def case_counts(sql: Sql, keys: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return how many cases of each job were reported as what; jobs without cases are left out."""
    counts: dict[int, dict[str, int]] = {}
    for start in range(0, len(keys), KEYS):
        some = keys[start : start + KEYS]
        marks = ",".join("?" * len(some))
        rows = sql.execute(
            f"SELECT job, result, count(*) FROM cases WHERE job IN ({marks}) GROUP BY 1, 2",  # noqa: S608 (question marks only)
            some,
        )
        for job, result, count in rows:
            counts.setdefault(job, {})[result] = count
    return counts


def _matching(sql: Sql, wanted: Wanted, first: int, end: int) -> list[PastJob]:
    columns = "key, job_id, kind, state, accepted_at, finished_at, log_end, delivered, removed"
    rows = sql.execute(
        f"SELECT {columns}, substr(details, 1, {_TITLE_BYTES}) FROM jobs WHERE key >= ? AND key < ?"  # noqa: S608 (constants)
        " AND (? = '' OR kind = ?) AND (? = '' OR state = ?) ORDER BY key DESC",
        (first, end, wanted.kind, wanted.kind, wanted.state, wanted.state),
    )
    jobs = (_past_job(row) for row in rows)
    text = wanted.text.casefold()
    return [job for job in jobs if text in job.title.casefold() or text in job.job_id.casefold()]


def _past_job(row: Sequence[Any]) -> PastJob:
    """Return a row as a job; words that this agent does not know count as in `record_of`."""
    removed, log_end = bool(row[8]), row[6]
    return PastJob(
        key=row[0],
        job_id=row[1],
        kind=row[2] if row[2] in _KINDS else "task",
        state=row[3] if row[3] in _STATES else JobState.INTERRUPTED.value,
        title=_title(row[9]),
        accepted_at=row[4],
        finished_at=row[5],
        log_size=None if removed else log_end,
        delivered=bool(row[7]),
        removed=removed,
    )


def _title(beginning: str) -> str:
    """Return the title that details begin with; the case lists behind it may be long."""
    if not beginning.startswith(_TITLE_FIRST):
        return ""
    try:
        title, _end = json.JSONDecoder().raw_decode(beginning, len(_TITLE_FIRST))
    except ValueError:
        return ""
    return title if isinstance(title, str) else ""
