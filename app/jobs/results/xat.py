"""The platform's own `test_results.json` (docs/protocol.md 9): one JSON array of results.

xat rewrites the whole file in place after each test, so a look at it may see half of it.
"""

import json
import re
from typing import Any

from app.i18n import _
from app.jobs.results.fields import text_of, word
from app.jobs.results.items import (
    MAX_ITEMS,
    NAME_LIMIT,
    Reading,
    TestItem,
    Verdict,
    clip_message,
    seconds,
)

ITEM_LIMIT = 131_072  # characters of one test; parsing a huge value would stop all else
_DECODER = json.JSONDecoder()
_GAP = re.compile(r"[\s,]*")
_VERDICTS = {
    "passed": Verdict.PASSED,
    "failed": Verdict.FAILED,
    "error": Verdict.ERROR,
    "skipped": Verdict.SKIPPED,
}


def read(data: bytes) -> Reading | None:
    """Return the results in `data` up to where it breaks; None when this is another format."""
    text = _decode(data).strip("\ufeff \t\r\n")
    if not text.startswith("["):
        return None
    items: list[TestItem] = []
    at = 1
    while len(items) < MAX_ITEMS:
        at = _skip_gap(text, at)
        if text[at : at + 1] == "]":
            return Reading(tuple(items), whole=True)
        try:
            value, size = _DECODER.raw_decode(text[at : at + ITEM_LIMIT])
        except (ValueError, RecursionError):
            return _cut(items) if items or text[at : at + 1] in {"", "{"} else None
        at += size
        item = _item(value)
        if item is not None:
            items.append(item)
        elif not items:
            return None
    problem = _("only its first {count} tests are read").format(count=MAX_ITEMS)
    return Reading(tuple(items), whole=False, problem=problem)


def _decode(data: bytes) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if utf16 else "utf-8", "replace")


def _skip_gap(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


def _cut(items: list[TestItem]) -> Reading:
    return Reading(tuple(items), whole=False, problem=_("its end is missing or damaged"))


def _item(value: Any) -> TestItem | None:
    if not isinstance(value, dict) or "status" not in value:
        return None
    message = text_of(value.get("error"))
    return TestItem(
        name=text_of(value.get("test_name"))[:NAME_LIMIT],
        result=_VERDICTS.get(text_of(value["status"]).lower(), Verdict.ERROR),
        case_id=word(value.get("case_id")),
        case_code=word(value.get("case_code")),
        duration=seconds(value.get("duration")),
        message=clip_message(message),
    )
