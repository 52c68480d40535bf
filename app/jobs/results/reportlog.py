"""pytest-reportlog: one JSON object per line; setup, call and teardown of a test are joined.

A test is an item once its teardown is there. What was under way when the file ends is
`unfinished`: a crash of the interpreter names the very test that was running.
"""

from collections.abc import Iterator
from typing import Any

from app.i18n import _
from app.jobs.results.fields import loads, text_of
from app.jobs.results.items import MAX_ITEMS, Reading, TestItem
from app.jobs.results.pytest_report import Attempt, collection_item

_TYPE = "$report_type"
_TESTS = frozenset({"TestReport", "SubTestReport"})


def read(data: bytes) -> Reading | None:
    """Return the tests in `data` up to where it breaks; None when this is another format."""
    if not _is_reportlog(data):
        return None
    log = _Log()
    for report in _reports(data):
        if len(log.items) >= MAX_ITEMS:
            problem = _("only its first {count} tests are read").format(count=MAX_ITEMS)
            return Reading(tuple(log.items), whole=False, problem=problem)
        log.take(report)
    if log.finished:
        return Reading(tuple(log.items), whole=True)
    return Reading(
        tuple(log.items),
        whole=False,
        problem=_("it has no SessionFinish line: pytest did not come to its end"),
        unfinished=tuple(attempt.cut_item() for attempt in log.under_way.values()),
    )


def _is_reportlog(data: bytes) -> bool:
    """Look at the first line; one still being written is taken for ours if it may become so."""
    first, end, _rest = data.partition(b"\n")
    if _TYPE.encode() in first:
        return True
    return not end and first.startswith(b"{") and loads(first.decode("utf-8", "replace")) is None


def _reports(data: bytes) -> Iterator[dict[str, Any]]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        report = loads(data[start:end].decode("utf-8", "replace"))
        if isinstance(report, dict):
            yield report
        start = end + 1


class _Log:
    """The lines so far."""

    def __init__(self) -> None:
        self.items: list[TestItem] = []
        self.under_way: dict[tuple[str, str], Attempt] = {}
        self.finished = False

    def take(self, report: dict[str, Any]) -> None:
        """Take one line; what is no test report is passed over."""
        kind = text_of(report.get(_TYPE))
        self.finished = kind == "SessionFinish" or (self.finished and kind != "SessionStart")
        if kind == "CollectReport":
            self.items.extend(collection_item(report))
        elif kind in _TESTS:
            self._take_test(report, of_subtest=kind != "TestReport")

    def _take_test(self, report: dict[str, Any], *, of_subtest: bool) -> None:
        nodeid = text_of(report.get("nodeid"))
        key = nodeid, text_of(report.get("worker_id"))  # xdist may run one test on each worker
        when = text_of(report.get("when"))
        if when == "setup":
            self.under_way[key] = Attempt(nodeid)
        attempt = self.under_way.setdefault(key, Attempt(nodeid))
        attempt.add(report)
        if of_subtest or when in {"setup", "call"}:
            return
        del self.under_way[key]  # teardown, or "???" of xdist for a worker that crashed
        if not attempt.is_rerun:
            self.items.append(attempt.item())
