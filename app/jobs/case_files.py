"""The case list for the xat test framework, and the case codes that earlier runs taught us.

xat runs the cases whose code is listed, and all of them without a list (docs/protocol.md 9).
So a list is written only when it is complete, and one of an earlier run is taken away.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.host.plain_file import open_plain, write_plain
from app.i18n import _
from app.protocol.messages import SuiteAssigned

log = logging.getLogger(__name__)

CASE_FILE = Path("xat", "test_cases.json")
CODES_FILE = ".ats-case-codes.json"  # in the suite's folder, beside the clone
_MAX_CODES = 10_000
_MAX_BYTES = 4 * 2**20  # of the codes' file; ours is far smaller


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What became of the case list; `remark` is for the job's log when there is none."""

    path: Path | None
    remark: str = ""


def write_case_file(cwd: Path, suite: SuiteAssigned, codes: Mapping[str, str]) -> CaseFile:
    """Write `<cwd>/xat/test_cases.json` atomically; never makes `xat`; never raises.

    `codes`: code → case id as far as known from earlier runs, for when the platform sent no
    codes. xat pairs the two lists by position, so they are aligned; when the codes cannot be
    paired the lists have different lengths, and xat then filters without naming ids.
    """
    path = cwd / CASE_FILE
    if not path.parent.is_dir():
        log.debug("no folder %s: no case list", path.parent)
        return CaseFile(None)
    lists = _lists(suite, codes)
    try:
        if lists is None:
            path.unlink(missing_ok=True)
            text = _("The platform sent no case codes and not all are known: no case list.")
            return CaseFile(None, text)
        _replace(path, {**lists, **_ids(suite)})
    except (OSError, ValueError) as why:
        text = _("The case list {path} cannot be written: {why}.")
        reason = getattr(why, "strerror", None) or str(why)
        return CaseFile(None, text.format(path=path, why=reason))
    return CaseFile(path)


def remembered_codes(folder: Path) -> dict[str, str]:
    """Return code → case id of earlier runs of the suite with this folder; {} when unknown."""
    try:
        with open_plain(folder / CODES_FILE) as file:
            value = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    pairs = value.items() if isinstance(value, dict) else ()
    return {code: case for code, case in pairs if isinstance(case, str)}


def remember_codes(folder: Path, learned: Mapping[str, str]) -> None:
    """Add what a run has taught; the newest code of a case replaces its older one."""
    known = remembered_codes(folder)
    renewed = set(learned.values())
    kept = {code: case for code, case in known.items() if case not in renewed}
    codes = dict(list({**kept, **learned}.items())[-_MAX_CODES:])
    if codes == known:
        return
    try:
        _replace(folder / CODES_FILE, codes)
    except (OSError, ValueError) as why:
        log.warning(_("the case codes of %s cannot be remembered: %s"), folder, why)


def _lists(suite: SuiteAssigned, codes: Mapping[str, str]) -> dict[str, list[str]] | None:
    """Return the two lists; None when a list would leave out cases."""
    ids = sorted(suite.case_ids)
    sent = suite.case_codes
    if sent is not None and len(sent) == len(ids):
        return {"case_codes": list(sent), "case_ids": ids}
    if sent:  # a case was deleted (docs/protocol.md 3.4)
        paired = [codes[code] for code in sent if code in codes]
        return {"case_codes": list(sent), "case_ids": paired if len(paired) == len(sent) else ids}
    by_id = {case: code for code, case in codes.items()}
    if not all(case in by_id for case in ids):
        return None
    return {"case_codes": [by_id[case] for case in ids], "case_ids": ids}


def _ids(suite: SuiteAssigned) -> dict[str, str]:
    return {
        "suite_id": suite.suite_id,
        "plan_id": suite.plan_id,
        "execution_id": suite.execution_id,
    }


def _replace(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of it."""
    text = json.dumps(value, indent=2)  # ASCII: xat reads it in its system's encoding
    write_plain(path, text.encode("ascii"))
