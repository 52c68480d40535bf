"""The journal's tables, and how a row becomes a record."""

import json
import logging
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from app.i18n import _
from app.journal.records import (
    JobKind,
    JobRecord,
    OwedKind,
    StoredItem,
    Target,
    log_path,
)
from app.state import JobState

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Enum)

VERSION = 2  # user_version of the file; a change of the tables raises it
REMEMBERED = 20_000  # jobs whose ids are known; beyond it the oldest removed ones go

TABLES = """
CREATE TABLE jobs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    server TEXT NOT NULL,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL,
    job_id TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    state TEXT NOT NULL,
    marker TEXT NOT NULL,
    pid INTEGER,
    pid_started REAL,
    work_dir TEXT NOT NULL,
    log_end INTEGER,
    confirmed INTEGER NOT NULL DEFAULT 0,
    accepted_at REAL NOT NULL,
    finished_at REAL,
    delivered INTEGER NOT NULL DEFAULT 0,
    removed INTEGER NOT NULL DEFAULT 0,
    details TEXT NOT NULL DEFAULT '{}',
    job_group TEXT NOT NULL DEFAULT '',
    spent INTEGER NOT NULL DEFAULT 0,
    UNIQUE (server, environment, job_id)
);
CREATE UNIQUE INDEX names ON jobs (name) WHERE removed = 0;
CREATE INDEX undelivered ON jobs (key) WHERE delivered = 0;
CREATE INDEX kept ON jobs (finished_at) WHERE removed = 0;
CREATE INDEX forgettable ON jobs (key) WHERE removed = 1;
CREATE TABLE items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX items_of ON items (job, seq);
CREATE TABLE aside (
    job INTEGER NOT NULL,
    kind TEXT,
    body TEXT,
    log_start INTEGER NOT NULL,
    log_end INTEGER NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_SUITES = """
CREATE INDEX groups ON jobs (job_group) WHERE removed = 0;
CREATE TABLE cases (
    job INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (job, case_id)
) WITHOUT ROWID;
"""
TABLES += _SUITES
# What makes a file of an older version one of the next: the statements of every step.
MIGRATIONS = {
    1: """
ALTER TABLE jobs ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE jobs ADD COLUMN job_group TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
"""
    + _SUITES
}

INSERT = (
    "INSERT INTO jobs (key, server, environment, kind, job_id, name, state, marker, work_dir,"
    " accepted_at, details, job_group) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
FINISH = (
    "UPDATE jobs SET state = ?, log_end = ?, finished_at = ? WHERE key = ? AND finished_at IS NULL"
)
# ? = an offset, twice, and the key. In one statement: each costs the thread its turn.
CONFIRM = (
    "UPDATE jobs SET confirmed = max(confirmed, ?), delivered = delivered OR"
    " (finished_at IS NOT NULL AND max(confirmed, ?) >= log_end"
    " AND NOT EXISTS (SELECT 1 FROM items WHERE job = jobs.key)) WHERE key = ?"
)
# "Newest" counts by the end of the job. ? = keep_tasks, ? = latest end that may go.
REMOVABLE = (
    "SELECT * FROM jobs WHERE removed = 0 AND delivered = 1"
    " AND key NOT IN (SELECT key FROM jobs WHERE removed = 0 AND finished_at IS NOT NULL"
    " ORDER BY finished_at DESC, key DESC LIMIT ?)"
    " AND finished_at <= ? ORDER BY finished_at, key"
)
FORGET = (  # ? = REMEMBERED
    "DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE removed = 1 ORDER BY key"
    " LIMIT max(0, (SELECT count(*) FROM jobs) - ?))"
)


def record_of(row: Sequence[Any]) -> JobRecord:
    """Return the record of a whole row of jobs (the columns stand in the order of TABLES).

    A kind or state that this agent does not know stops nobody: the job counts as UNKNOWN or
    INTERRUPTED, what it owes is still delivered.
    """
    work_dir = Path(row[10])
    return JobRecord(
        key=row[0],
        target=Target(row[1], row[2]),
        kind=_known(JobKind, row[3], JobKind.UNKNOWN, job=row[4]),
        job_id=row[4],
        name=row[5],
        state=_known(JobState, row[6], JobState.INTERRUPTED, job=row[4]),
        marker=row[7],
        pid=row[8],
        pid_started=row[9],
        work_dir=work_dir,
        log=log_path(work_dir, row[5]),
        log_end=row[11],
        confirmed=row[12],
        accepted_at=row[13],
        finished_at=row[14],
        delivered=bool(row[15]),
        details=_details(row[17], job=row[4]),
        group=row[18],
        spent=row[19],
    )


def _details(text: str, *, job: str) -> dict[str, Any]:
    try:
        details = json.loads(text)
    except ValueError:
        details = None
    if not isinstance(details, dict):
        log.warning(_("job %s in the journal: its details cannot be read"), job)
        return {}
    return details


def _known(words: type[E], word: str, otherwise: E, *, job: str) -> E:
    try:
        return words(word)
    except ValueError:
        what = words.__name__
        log.warning(
            _("job %s in the journal: %s %r counts as %s"), job, what, word, otherwise.value
        )
        return otherwise


def item_of(row: Sequence[Any]) -> StoredItem:
    """Return the item of a row (seq, kind, body); ValueError when it cannot be read."""
    return StoredItem(row[0], OwedKind(row[1]), json.loads(row[2]))
