"""Bounded access to values of foreign JSON, and to the case that a property names."""

import json
from collections.abc import Iterable
from typing import Any

_CASE_KEYS = {"caseid": "case_id", "casecode": "case_code"}


def loads(text: str) -> Any:
    """Return the JSON value of `text`; None when it is none (or nested beyond reason)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def text_of(value: object) -> str:
    """Return a text as it is, and an empty one for anything else."""
    return value if isinstance(value, str) else ""


def word(value: object) -> str | None:
    """Return a non-empty text or a whole number as text (a code written as 100001)."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return str(value).strip() or None
    except ValueError:  # more digits than Python turns into text
        return None


def named_case(properties: Iterable[tuple[str, object]]) -> dict[str, str | None]:
    """Return `case_id` and `case_code` of a test from its properties, however they are spelt.

    `case_id`, `case-id`, `caseId` and `CASE_ID` are one key, as pytest's record_property or a
    JUnit `<property>` writes them.
    """
    found: dict[str, str | None] = {"case_id": None, "case_code": None}
    for name, value in properties:
        key = _CASE_KEYS.get(name.lower().replace("_", "").replace("-", ""))
        if key is not None:
            found[key] = word(value)
    return found
