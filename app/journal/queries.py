"""What the journal's database is asked and told; runs on the journal's thread."""

import json
import logging
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from app.i18n import _
from app.journal.records import (
    Aside,
    CaseReport,
    Finish,
    JobRecord,
    NewJob,
    OwedItem,
    OwedKind,
    StoredItem,
    Target,
    log_path,
)
from app.journal.schema import (
    CONFIRM,
    FINISH,
    FORGET,
    INSERT,
    REMEMBERED,
    REMOVABLE,
    item_of,
    record_of,
)

log = logging.getLogger(__name__)

FAR_FUTURE = 1e12  # epoch seconds
SECONDS_PER_DAY = 86400
_ACCEPT = INSERT + " ON CONFLICT DO NOTHING"  # its id is known, or its name is taken
_OWED_KINDS = {kind.value for kind in OwedKind}


class Sql(Protocol):
    """The part of a connection that is needed here."""

    def execute(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """Run one statement and return its cursor."""


def accept(sql: Sql, job: NewJob) -> JobRecord | None:
    """Store a new job; None when its target has sent this id before."""
    for name in _names(sql, job.name):
        log_file = log_path(job.work_dir, name)
        if log_file.exists():  # of an earlier journal
            continue
        cursor = sql.execute(_ACCEPT, _row(job, name))
        if cursor.rowcount:
            return _record(cursor.lastrowid, job, name, log_file)
        if find(sql, job.target, job.job_id) is not None:
            return None
    raise AssertionError("there is always another name")


def _names(sql: Sql, name: str) -> Iterator[str]:
    """Yield the name that a job asks for, then others."""
    yield name
    newest = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'"
    key = sql.execute(newest).fetchone()[0] + 1
    yield f"{name}~{key}"
    for number in count(2):
        yield f"{name}~{key}~{number}"


def _row(job: NewJob, name: str) -> Sequence[Any]:
    target = (job.target.server, job.target.environment_id)
    what = (job.kind.value, job.job_id, name, job.state.value, job.marker)
    kept = (json.dumps(dict(job.details)), job.group)
    return (None, *target, *what, str(job.work_dir), job.accepted_at, *kept)


def _record(key: int, job: NewJob, name: str, log_file: Path) -> JobRecord:
    """Return what the row of a new job holds, without asking for it."""
    return JobRecord(
        key=key,
        target=job.target,
        kind=job.kind,
        job_id=job.job_id,
        name=name,
        state=job.state,
        marker=job.marker,
        pid=None,
        pid_started=None,
        work_dir=job.work_dir,
        log=log_file,
        log_end=None,
        confirmed=0,
        accepted_at=job.accepted_at,
        finished_at=None,
        delivered=False,
        details=job.details,
        group=job.group,
    )


def find(sql: Sql, target: Target, job_id: str) -> JobRecord | None:
    """Return the job that `target` knows as `job_id`."""
    row = sql.execute(
        "SELECT * FROM jobs WHERE server = ? AND environment = ? AND job_id = ?",
        (target.server, target.environment_id, job_id),
    ).fetchone()
    return None if row is None else record_of(row)


def unfinished(sql: Sql) -> list[JobRecord]:
    """Return the jobs without an end, oldest first."""
    which = "SELECT * FROM jobs WHERE finished_at IS NULL AND delivered = 0 ORDER BY key"
    return [record_of(row) for row in sql.execute(which)]


def undelivered(sql: Sql) -> list[tuple[JobRecord, list[StoredItem]]]:
    """Return the jobs that owe something, oldest first, with their items (no bodies).

    An item of an unknown kind (a newer agent's) stays in the journal, and its job owing.
    """
    rows = sql.execute("SELECT * FROM jobs WHERE delivered = 0 ORDER BY key").fetchall()
    owing: dict[int, tuple[JobRecord, list[StoredItem]]] = {
        row[0]: (record_of(row), []) for row in rows
    }
    for seq, job, kind in sql.execute("SELECT seq, job, kind FROM items ORDER BY seq"):
        if job in owing and kind in _OWED_KINDS:
            owing[job][1].append(StoredItem(seq, OwedKind(kind), None))
        elif job in owing:
            name = owing[job][0].job_id
            log.warning(_("job %s owes something that is not known here: %r"), name, kind)
    return list(owing.values())


def move(sql: Sql, key: int, state: str) -> None:
    """Note the state of a job that has not ended."""
    sql.execute("UPDATE jobs SET state = ? WHERE key = ? AND finished_at IS NULL", (state, key))


def started(sql: Sql, key: int, pid: int, pid_started: float) -> None:
    """Note the process of a job."""
    sql.execute("UPDATE jobs SET pid = ?, pid_started = ? WHERE key = ?", (pid, pid_started, key))


def log_of(sql: Sql, key: int) -> Path:
    """Return where the log of a job is."""
    where = sql.execute("SELECT work_dir, name FROM jobs WHERE key = ?", (key,))
    work_dir, name = where.fetchone()
    return log_path(Path(work_dir), name)


def finish(sql: Sql, key: int, end: Finish) -> list[StoredItem]:
    """Store the end of a job and what is owed for it; only the first end counts."""
    changed = sql.execute(FINISH, (end.state.value, end.log_end, end.now, key)).rowcount
    if changed:
        stored = _owe_reports(sql, key, end.reports)
        stored += [_owe(sql, key, item) for item in end.items]
        if not stored:
            confirm(sql, key, 0, ())  # all of its log may have been handled already
        return stored
    rows = sql.execute("SELECT seq, kind, body FROM items WHERE job = ? ORDER BY seq", (key,))
    return [item_of(row) for row in rows]


def _owe(sql: Sql, key: int, item: OwedItem) -> StoredItem:
    body = json.dumps(item.body)  # ASCII: a lone surrogate must not break the database
    cursor = sql.execute(
        "INSERT INTO items (job, kind, body) VALUES (?, ?, ?)", (key, item.kind.value, body)
    )
    return StoredItem(cursor.lastrowid, item.kind, item.body)


def report(sql: Sql, key: int, reports: Sequence[CaseReport]) -> list[StoredItem]:
    """Owe the results of cases and remember them; nothing when the job has ended already."""
    which = "SELECT 1 FROM jobs WHERE key = ? AND finished_at IS NULL"
    if sql.execute(which, (key,)).fetchone() is None:
        return []
    return _owe_reports(sql, key, reports)


def _owe_reports(sql: Sql, key: int, reports: Sequence[CaseReport]) -> list[StoredItem]:
    for one in reports:
        case = (key, json.dumps(one.case_id), one.result)
        sql.execute("INSERT OR REPLACE INTO cases VALUES (?, ?, ?)", case)
    return [_owe(sql, key, one.item) for one in reports]


def reported(sql: Sql, key: int) -> dict[str, str]:
    """Return what each case of this job was reported as, the last word for each."""
    rows = sql.execute("SELECT case_id, result FROM cases WHERE job = ?", (key,))
    return {json.loads(case_id): result for case_id, result in rows}


def spend(sql: Sql, key: int, count: int) -> None:
    """So many more bytes of this job's log are about to go."""
    sql.execute("UPDATE jobs SET spent = spent + ? WHERE key = ?", (count, key))


def group_kept(sql: Sql, record: JobRecord) -> bool:
    """Tell whether another job that is not removed shares this one's folder."""
    which = "SELECT 1 FROM jobs WHERE job_group = ? AND work_dir = ? AND key != ? AND removed = 0"
    shared = (record.group, str(record.work_dir), record.key)
    return bool(record.group) and sql.execute(which, shared).fetchone() is not None


def item(sql: Sql, seq: int) -> StoredItem | None:
    """Return an owed item; ValueError when its body cannot be read."""
    row = sql.execute("SELECT seq, kind, body FROM items WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else item_of(row)


def confirm(sql: Sql, key: int, offset: int, seqs: Sequence[int]) -> None:
    """The platform has handled the log up to `offset` and these items."""
    for seq in seqs:
        sql.execute("DELETE FROM items WHERE seq = ?", (seq,))
    sql.execute(CONFIRM, (offset, offset, key))


def set_aside(sql: Sql, what: Aside, now: float) -> None:
    """Keep for a person what will never be sent; it is not owed any more."""
    if what.seq is None:
        sql.execute(
            "INSERT INTO aside (job, log_start, log_end, at) VALUES (?, ?, ?, ?)",
            (what.key, what.start, what.end, now),
        )
        confirm(sql, what.key, what.end, ())
        return
    sql.execute(
        "INSERT INTO aside (job, kind, body, log_start, log_end, at)"
        " SELECT job, kind, body, 0, 0, ? FROM items WHERE seq = ?",
        (now, what.seq),
    )
    confirm(sql, what.key, 0, [what.seq])


def removable(sql: Sql, keep_tasks: int, keep_days: float, now: float) -> list[JobRecord]:
    """Return the delivered jobs that no rule keeps; see `Store.removable`."""
    if not keep_tasks and not keep_days:
        return []
    latest = now - keep_days * SECONDS_PER_DAY if keep_days else FAR_FUTURE
    return [record_of(row) for row in sql.execute(REMOVABLE, (keep_tasks, latest))]


def removed(sql: Sql, keys: Sequence[int]) -> None:
    """Folder and log of these jobs are gone; forget the oldest ids beyond the limit."""
    for key in keys:
        sql.execute("UPDATE jobs SET removed = 1 WHERE key = ?", (key,))
        sql.execute("DELETE FROM cases WHERE job = ?", (key,))
    sql.execute(FORGET, (REMEMBERED,))
    sql.execute("DELETE FROM aside WHERE job NOT IN (SELECT key FROM jobs)")


def get(sql: Sql, name: str) -> str | None:
    """Return a remembered value."""
    row = sql.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put(sql: Sql, name: str, value: str) -> None:
    """Remember a value."""
    sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def forget(sql: Sql, name: str) -> None:
    """Forget a remembered value."""
    sql.execute("DELETE FROM meta WHERE name = ?", (name,))
