"""The demo's suite in the terminal: cases as they end, the live log, a table at the end."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from app.demo.platform import DemoPlatform
from app.demo.rows import ResultRow
from app.demo.sample_suite import CODES, EXPECTED, Sample
from app.demo.stage import Stage
from app.demo.suites import Execution
from app.i18n import _
from app.terminal import harmless, width

LIMIT = 120.0  # seconds for a suite of about 3 s
TICK = 1.0  # seconds between two looks of the status line
COLOURS = {"passed": "32", "failed": "31;1", "error": "31;1", "skipped": "33"}


class SuiteShow:
    """Tells on a stage how one execution goes."""

    def __init__(
        self, platform: DemoPlatform, stage: Stage, clock: Callable[[], float] = time.time
    ) -> None:
        self._platform = platform
        self._stage = stage
        self._clock = clock
        self._shown = 0  # characters of the log told

    async def run(self, sample: Sample) -> bool:
        """Run the suite; True when every case ended as it should (one of them fails by design).

        Raises TimeoutError and UnreachableError.
        """
        look = self._stage.look
        suite = self._platform.create_suite(
            sample.command, cases=CODES, git=sample.git, name=_("small shop")
        )
        text = _("Test suite: {name}, {count} cases").format(name=suite.name, count=len(CODES))
        self._stage.line(look.sent(self._now(), text))
        execution = await suite.execute()
        await self._follow(execution)
        self._stage.status("")
        good = {row.code: row.result for row in execution.results} == EXPECTED
        self._tell_end(execution, good=good)
        return good

    async def _follow(self, execution: Execution) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LIMIT
        while not execution.completions:
            if loop.time() > deadline:
                raise TimeoutError(_("no completion within {limit} s").format(limit=LIMIT))
            changed = self._news()
            self._stage.status(self._progress(execution))
            with suppress(TimeoutError):
                await self._platform.wait_for(changed, TICK)
            self._tell_log(execution)

    def _news(self) -> Callable[[], bool]:
        """Return what tells whether anything has happened since now."""
        record = self._platform.record
        seen = record.changes
        return lambda: record.changes > seen

    def _tell_log(self, execution: Execution) -> None:
        """Tell what is new in the log, line by line."""
        text = execution.log_text
        new, self._shown = text[self._shown :].strip("\n"), len(text)
        bar = self._stage.look.signs[4]
        for line in new.split("\n") if new else ():
            stamp, _bracket, rest = line.partition("] ")
            at = stamp[12:] if _bracket else ""
            shown = rest if _bracket else line
            self._stage.line(
                f"  {self._stage.look.paint(f'{at:12}', '2')}  {bar} {harmless(shown)}"
            )

    def _progress(self, execution: Execution) -> str:
        text = _("  {done} of {count} cases reported")
        return text.format(done=len(execution.results), count=len(CODES))

    def _tell_end(self, execution: Execution, *, good: bool) -> None:
        look = self._stage.look
        rows = sorted(execution.results, key=lambda row: row.code)
        lines = ["", _("Results:"), *(self._row(row) for row in rows), ""]
        self._stage.lines(lines)
        text = _("Test suite: {status}, as it should be: one case fails by design")
        if not good:
            text = _("Test suite: {status}; these are not the results that it should have")
        status = execution.completions[0].get("status")
        self._stage.line(look.verdict(self._now(), text.format(status=status), good=good))
        self._stage.line()

    def _row(self, row: ResultRow) -> str:
        look = self._stage.look
        result = look.paint(f"{row.result:8}", COLOURS.get(row.result, ""))
        message = harmless((row.error_message or "").partition("\n")[0])
        gap = " " * max(1, 8 - width(row.duration or ""))
        return f"    {row.code}  {result} {row.duration or ''}{gap}{message}".rstrip()

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC).astimezone()
        return moment.isoformat(timespec="milliseconds")[11:23]
