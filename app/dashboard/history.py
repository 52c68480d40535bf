"""The journal's look back → what the page is told."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.dashboard.asks import AskHistory
from app.errors import NotDoneError
from app.host.paths import WorkDir
from app.i18n import _
from app.jobs.case_codes import pair
from app.jobs.case_files import remembered_codes
from app.journal.history import PastJob, Wanted
from app.journal.records import JobKind, JobRecord
from app.journal.store import Store

_RESULTS = ("passed", "failed", "error", "skipped")


async def record_of(store: Store, key: int) -> JobRecord:
    """Return a job; NotDoneError when nobody remembers it, JournalError."""
    record = await store.record(key)
    if record is None:
        raise NotDoneError(_("This job is not known here any more."))
    return record


async def history(store: Store, ask: AskHistory, live: Mapping[int, str]) -> dict[str, Any]:
    """Return one page of jobs; `live`: the states of those that have not ended, by key."""
    wanted = Wanted(kind=ask.kind, state=ask.state, text=ask.text.strip())
    page = await store.history(wanted, ask.before, ask.limit)
    suites = [job.key for job in page.jobs if job.kind == JobKind.SUITE.value]
    counts = await store.case_counts(suites) if suites else {}
    rows = [_row(job, live.get(job.key, job.state), counts) for job in page.jobs]
    return {"jobs": rows, "more": page.before is not None}


async def cases(store: Store, key: int) -> dict[str, Any]:
    """Return the cases of an execution in its order; result None: not reported (yet)."""
    record = await record_of(store, key)
    reported = await store.reported(key)
    ids = [case for case in record.details.get("case_ids") or () if isinstance(case, str)]
    codes = await asyncio.to_thread(_codes, record, ids)
    names = dict.fromkeys([*ids, *reported])
    return {
        "cases": [
            {"case_id": case, "code": codes.get(case, ""), "result": reported.get(case)}
            for case in names
        ]
    }


def _row(job: PastJob, state: str, counts: Mapping[int, Mapping[str, int]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": job.key,
        "job_id": job.job_id,
        "kind": job.kind,
        "state": state,
        "title": job.title,
        "accepted_at": job.accepted_at,
        "finished_at": job.finished_at,
        "log_size": job.log_size,
        "delivered": job.delivered,
        "removed": job.removed,
        "cases": None,
    }
    if job.kind == JobKind.SUITE.value and not job.removed:
        found = counts.get(job.key, {})
        row["cases"] = {result: found.get(result, 0) for result in _RESULTS}
    return row


def _codes(record: JobRecord, ids: list[str]) -> dict[str, str]:
    """Return case id → code, as far as known: the platform's, else those of earlier runs."""
    codes = pair(ids, record.details.get("case_codes"))
    if not codes and record.group:
        codes = remembered_codes(WorkDir(record.work_dir).suite(record.group))
    return {case: code for code, case in codes.items()}
