"""What became of a run, read from the journal as the platform would be told: table and XML."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.i18n import _, marked, sentences
from app.jobs.results.items import Verdict
from app.jobs.results.junit_case import seconds_in
from app.jobs.results.junit_writer import WrittenCase, WrittenSuite, gist
from app.journal.records import JobRecord, OwedKind, StoredItem
from app.journal.store import Store
from app.local.paint import Paint
from app.local.suite_file import Case
from app.state import JobState
from app.terminal import clipped, harmless, width

_COLOURS = {Verdict.PASSED: "32", Verdict.SKIPPED: "33", Verdict.FAILED: "31", Verdict.ERROR: "31"}
_NAME_COLUMNS = 60  # longer names push the rest of their line to the right
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """One case; a `result` of None: nothing was reported of it."""

    name: str
    result: Verdict | None = None
    duration: float | None = None  # seconds
    message: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run ended; texts without secrets."""

    name: str
    state: JobState
    reason: str  # why it did not succeed, as far as the cases do not say it
    began: datetime
    duration: float  # seconds that the command ran
    rows: tuple[Row, ...]

    @property
    def good(self) -> bool:
        """Whether the command and every case ended well."""
        return self.state is JobState.SUCCEEDED

    def table(self, paint: Paint) -> str:
        """Return the results for a person: a line for each case, then how many are how."""
        heads = (_("CASE"), _("RESULT"), _("TIME"), _("MESSAGE"))
        cells = [heads, *(_cells(row) for row in self.rows)]
        widths = [max(width(row[at]) for row in cells) for at in range(3)]
        widths[0] = min(widths[0], _NAME_COLUMNS)
        colours = ["", *(_COLOURS[row.result] if row.result else "2" for row in self.rows)]
        lines = [
            _line(row, widths, colour, paint) for row, colour in zip(cells, colours, strict=True)
        ]
        return "\n".join(["", *lines, "", *self._sums(paint)])

    def written(self) -> WrittenSuite:
        """Return what goes into the JUnit file."""
        return WrittenSuite(
            name=self.name,
            began=self.began,
            duration=self.duration,
            cases=[self._written(row) for row in self.rows],
            problem="" if self.good else self._ended(),
        )

    def _written(self, row: Row) -> WrittenCase:
        result, message = row.result, row.message
        if result is None:
            result = Verdict.SKIPPED if self.good else Verdict.ERROR
            message = _("no result was reported")
        return WrittenCase(row.name, result, row.duration, message, row.output)

    def _sums(self, paint: Paint) -> Iterator[str]:
        counts = Counter(row.result for row in self.rows)
        text = _(
            "{total} cases: {passed} passed, {failed} failed, {error} with errors,"
            " {skipped} skipped"
        ).format(
            total=len(self.rows),
            passed=counts[Verdict.PASSED],
            failed=counts[Verdict.FAILED],
            error=counts[Verdict.ERROR],
            skipped=counts[Verdict.SKIPPED],
        )
        if counts[None]:
            text += _(", {count} without a result").format(count=counts[None])
        yield _("{sum}; {seconds:.2f} s").format(sum=text, seconds=self.duration)
        yield paint.apart(self._ended(), "32;1" if self.good else "31;1")

    def _ended(self) -> str:
        text = _(_ENDS[self.state]).format(name=harmless(self.name))
        return sentences(text, harmless(self.reason))


_ENDS = {
    JobState.SUCCEEDED: marked("{name}: passed."),
    JobState.FAILED: marked("{name}: failed."),
    JobState.TIMED_OUT: marked("{name}: timed out."),
    JobState.ERROR: marked("{name}: not run."),
    JobState.INTERRUPTED: marked("{name}: stopped."),
    JobState.CANCELLED: marked("{name}: cancelled."),
}


async def read_report(store: Store, record: JobRecord, cases: Sequence[Case]) -> Report:
    """Return the report of a job that has ended; JournalError when it cannot be read.

    `cases`: those that were asked for, in their order; empty: as they were reported.
    """
    names = {case.case_id: case.code for case in cases}
    rows = {case.case_id: Row(case.code) for case in cases}
    completion: Mapping[str, Any] = {}
    async for item in _items(store, record):
        body = item.body or {}
        if item.kind is OwedKind.CASE_RESULT:
            case_id = str(body["case_id"])
            rows[case_id] = _row(names.get(case_id, case_id), body)
        elif item.kind is OwedKind.SUITE_COMPLETED:
            completion = body
    return Report(
        name=str(record.details["suite_id"]),
        state=record.state,
        reason=str(completion.get("message", "")),
        began=datetime.fromtimestamp(record.accepted_at, UTC).astimezone(),
        duration=float(completion.get("duration", 0.0)),
        rows=tuple(rows.values()),
    )


async def _items(store: Store, record: JobRecord) -> AsyncIterator[StoredItem]:
    for other, items in await store.undelivered():
        for item in items if other.key == record.key else ():
            stored = await store.item(item.seq)
            if stored is not None:
                yield stored


def _row(name: str, body: Mapping[str, Any]) -> Row:
    return Row(
        name,
        Verdict(body["result"]),
        seconds_in(str(body["duration"])),
        str(body["error_message"]),
        str(body["log_output"]),
    )


def _cells(row: Row) -> tuple[str, str, str, str]:
    return (
        harmless(row.name),
        row.result.value if row.result else _("no result"),
        "" if row.duration is None else f"{row.duration:.2f} s",
        harmless(gist(row.message)),
    )


def _line(
    cells: tuple[str, str, str, str], widths: Sequence[int], colour: str, paint: Paint
) -> str:
    name, result, time, message = cells
    before = f"  {name}{' ' * (widths[0] - width(name))}{_GAP}"
    middle = (
        f"{' ' * (widths[1] - width(result))}{_GAP}{' ' * (widths[2] - width(time))}{time}{_GAP}"
    )
    room = paint.columns - width(before) - width(result) - width(middle) - 1
    line = f"{before}{paint.apart(result, colour) if colour else result}{middle}"
    return (line + clipped(message, max(room, 0))).rstrip()
