"""Which case a test is: by id, by code, or by the code in its name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from app.jobs.results.items import TestItem

_XAT_NAME = re.compile(r"test_caseid_([0-9]{6})(?![0-9])")  # docs/protocol.md 9


def pair(case_ids: Sequence[str], case_codes: Sequence[str] | None) -> dict[str, str]:
    """Return code → case id; empty when the codes are absent or cannot be paired.

    The platform sends the codes in ascending order of the ids, and one too few when a case
    was deleted (docs/protocol.md 3.4). A code of two cases names neither of them.
    """
    if case_codes is None or len(case_codes) != len(case_ids):
        return {}
    times = Counter(case_codes)
    pairs = zip(case_codes, sorted(case_ids), strict=True)
    return {code: case_id for code, case_id in pairs if code and times[code] == 1}


class CaseCodes:
    """Finds the case of a test item among the cases of one execution."""

    def __init__(self, case_ids: Sequence[str], codes: Mapping[str, str]) -> None:
        self._ids = frozenset(case_ids)
        self._codes = dict(codes)
        self._lengths = sorted({len(code) for code in self._codes}, reverse=True)

    def case_of(self, item: TestItem) -> str | None:
        """Return the case that `item` belongs to, or None."""
        if item.case_id in self._ids:
            return item.case_id
        if item.case_code in self._codes:
            return self._codes[item.case_code]
        code = self._code_in(item.name)
        return self._codes.get(code) if code else None

    def _code_in(self, name: str) -> str | None:
        """Return the code of xat's naming rule, else the longest that is a word of `name`.

        Of two equally long ones the last counts: it is nearest to the test's own name.
        """
        match = _XAT_NAME.search(name)
        if match is not None:
            return match[1]
        borders = _borders(name)
        starts = sorted(borders, reverse=True)
        for length in self._lengths:
            for start in starts:
                code = name[start : start + length]
                if start + length in borders and code in self._codes:
                    return code
        return None


def _borders(text: str) -> frozenset[int]:
    """Return where a word may begin or end: not inside a run of letters and digits.

    Chinese beside a code is a border ("登录TC001成功"), and so is "_" ("test_TC001_login").
    """
    kinds = ["", *(_kind(char) for char in text), ""]
    return frozenset(
        at for at in range(len(text) + 1) if not (kinds[at] and kinds[at] == kinds[at + 1])
    )


def _kind(char: str) -> str:
    if not char.isalnum():
        return ""
    return "wide" if unicodedata.east_asian_width(char) in {"W", "F"} else "narrow"
