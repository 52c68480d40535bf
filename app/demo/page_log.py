"""The logs that the page shows, line by line, bounded; pure."""

import re
from dataclasses import dataclass
from itertools import islice

from app.demo.joblog import PREFIX
from app.demo.record import Frame

MAX_LINES = 100_000  # of one run; the oldest go first
MAX_CHARS = 16 * 2**20  # the same
MAX_PIECE = 2**20  # characters of one frame; the agent's are far smaller
MAX_LINE = 4000  # characters of one line that are shown
MAX_BOOK_CHARS = 64 * 2**20  # of all runs; the runs not heard of for longest lose their log
LEVELS = {"warning": 1, "error": 2}
STAMP = re.compile(r"\[\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d\.\d{3})\] ?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its level (0 normal, 1 warning, 2 error), its time of day, its text."""

    level: int
    time: str
    text: str

    def plain(self) -> list[int | str]:
        """Return what goes to the browser."""
        return [self.level, self.time, self.text]


class RunLog:
    """The end of one run's log; its first line ever has number 0."""

    def __init__(self) -> None:
        self.first = 0  # number of the oldest line that is still here
        self.chars = 0
        self._lines: dict[int, Line] = {}  # by number, in order
        self._next = 0
        self._heard = 0  # offset in the agent's file up to which a task's log has been heard
        self._open = False  # the last line may go on

    @property
    def total(self) -> int:
        """Lines ever heard."""
        return self._next

    def line(self, number: int) -> Line | None:
        """Return one line; None when it is no longer, or not yet, here."""
        return self._lines.get(number)

    def since(self, number: int, lines: int, chars: int) -> list[Line]:
        """Return lines from `number` on, one at least if there is one, within both limits."""
        found: list[Line] = []
        for line in self._from(max(number, self.first), lines):
            chars -= len(line.text)
            if chars < 0 and found:
                break
            found.append(line)
        return found

    def add_suite(self, message: str, level: str) -> None:
        """Take one `test_suite_log`: whole lines, as the platform joins them."""
        for text in message[:MAX_PIECE].split("\n"):
            stamp = STAMP.match(text)
            time = stamp[1] if stamp else ""
            self._append(Line(LEVELS.get(level, 0), time, text[stamp.end() :] if stamp else text))

    def add_task(self, body: dict[str, object]) -> None:
        """Take one `task_log`; what was heard before (by its offset) is left out."""
        message, offset, stamp = body.get("message"), body.get("offset"), body.get("timestamp")
        if not isinstance(message, str):
            return
        level = LEVELS.get(str(body.get("level")), 0)
        time = stamp[11:23] if isinstance(stamp, str) else ""
        texts = [Line(level, time, text) for text in message[:MAX_PIECE].split("\n")]
        if isinstance(offset, int):
            self._add_at(offset, texts)
        else:
            for line in texts:
                self._append(line)

    def _add_at(self, offset: int, lines: list[Line]) -> None:
        """Take lines that stand at this byte of the agent's file, stamps included there."""
        goes_on = self._open and offset == self._heard
        for number, line in enumerate(lines):
            continued = goes_on and number == 0
            end = offset + len(line.text.encode(errors="replace")) + (0 if continued else PREFIX)
            if continued:
                self._continue(line.text)
            elif offset >= self._heard:
                self._append(line)
            self._heard = max(self._heard, end)
            offset = end + 1
        self._open = True

    def _continue(self, text: str) -> None:
        last = self._lines[self._next - 1]
        joined = Line(last.level, last.time, (last.text + text)[: MAX_LINE + 1])
        self.chars += len(joined.text) - len(last.text)
        self._lines[self._next - 1] = joined

    def _append(self, line: Line) -> None:
        if len(line.text) > MAX_LINE:
            line = Line(line.level, line.time, f"{line.text[:MAX_LINE]} […]")
        self._lines[self._next] = line
        self._next += 1
        self.chars += len(line.text)
        while len(self._lines) > MAX_LINES or self.chars > MAX_CHARS:
            self.chars -= len(self._lines.pop(self.first).text)
            self.first += 1

    def _from(self, number: int, lines: int) -> list[Line]:
        numbers = range(number, min(self._next, number + lines))
        return [self._lines[one] for one in islice(numbers, lines)]


class LogBook:
    """The log of every run, newest heard of last."""

    def __init__(self) -> None:
        self._logs: dict[str, RunLog] = {}

    def log(self, run: str) -> RunLog:
        """Return the log of a run, an empty one if nothing was heard."""
        return self._logs.get(run) or RunLog()

    def take(self, frame: Frame) -> None:
        """Take a frame if it is a piece of log."""
        body = frame.body
        run = body.get("task_id") if frame.type == "task_log" else body.get("execution_id")
        if not isinstance(run, str) or frame.type not in ("task_log", "test_suite_log"):
            return
        log = self._logs.pop(run, None) or RunLog()
        self._logs[run] = log
        if frame.type == "task_log":
            log.add_task(body)
        elif isinstance(body.get("message"), str):
            log.add_suite(body["message"], str(body.get("level")))
        self._shrink()

    def _shrink(self) -> None:
        while (
            len(self._logs) > 1 and sum(log.chars for log in self._logs.values()) > MAX_BOOK_CHARS
        ):
            del self._logs[next(iter(self._logs))]
