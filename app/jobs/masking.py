"""One stream of a job's output without secrets; `::add-mask::VALUE` lines name new ones."""

import re
from collections.abc import Callable, Iterator

from app.i18n import _
from app.redaction import MASK, Redactor

COMMAND = "::add-mask::"
LONGEST_VALUE = 16_384  # characters; of a longer value the beginning is masked
MOST_VALUES = 1_000  # that one job may name; more are masked in their own line only
_ESCAPES = re.compile("%(0A|0D|25)", re.IGNORECASE)  # as GitHub's runner reads them
_ESCAPED = {"0A": "\n", "0D": "\r", "25": "%"}


class Values:
    """What one job asks to mask, bounded; the first value beyond a bound is warned of."""

    def __init__(self, redactor: Redactor, warn: Callable[[str], None]) -> None:
        self.redactor = redactor
        self._warn = warn
        self._seen: set[str] = set()
        self._warned: set[str] = set()

    def learn(self, value: str) -> None:
        """Mask `value` from now on, as it is written and as its escapes mean it."""
        if len(value) > LONGEST_VALUE:
            text = _("A value to mask is too long: only its first {count} characters are masked.")
            self._warn_once(text.format(count=LONGEST_VALUE))
            value = value[:LONGEST_VALUE]
        if value in self._seen:
            return
        if len(self._seen) == MOST_VALUES:
            text = _("More than {count} values to mask: further ones are not masked.")
            self._warn_once(text.format(count=MOST_VALUES))
            return
        self._seen.add(value)
        for text in {value, _ESCAPES.sub(lambda code: _ESCAPED[code[1].upper()], value)}:
            self.redactor.add(text)

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)


class MaskedText:
    """Takes decoded text in pieces and gives it without secrets.

    A line that may become a command, and what may be the beginning of a secret, is held
    back until that is decided; `flush` gives the rest.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._stream = values.redactor.stream()
        self._delayed = ""  # of a partial line that waits for its end to be decided
        self._held = ""  # the beginning of a line that may be a command
        self._fresh = True  # what comes next begins a line
        self._swallowing = False  # the rest of a command that was too long to hold

    def feed(self, text: str) -> str:
        """Take the next piece; return what may be shown."""
        if self._swallowing:
            text = self._swallowed(text)
        text = self._held + text
        self._held = ""
        shown = "".join([self._stream.feed(piece) for piece in self._without_commands(text)])
        if shown:
            shown, self._delayed = self._delayed + shown, ""
        return shown

    def partial(self, text: str) -> str:
        """Take what there is of a line; all of it waits while its end may be a secret's beginning.

        A line is not torn for a letter that many secrets begin with.
        """
        shown = self.feed(text)
        if not self._stream.holds:
            return shown
        self._delayed += shown
        return ""

    def flush(self) -> str:
        """Return what is held back: nothing follows."""
        held, self._held = self._held, ""
        if held.lstrip(" ").startswith(COMMAND):
            held = self._obeyed(held)
        delayed, self._delayed = self._delayed, ""
        return delayed + self._stream.feed(held) + self._stream.flush()

    def _without_commands(self, text: str) -> Iterator[str]:
        """Yield `text` up to each command, the command's mask, and so on."""
        end = len(text) - self._open_command(text)
        text, self._held = text[:end], text[end:]
        at = 0
        for start, stop in _commands(text, fresh=self._fresh):
            yield text[at:start]
            yield self._obeyed(text[start:stop])
            at = stop
        if text:
            self._fresh = text.endswith("\n")
        yield text[at:]
        if len(self._held) > LONGEST_VALUE + len(COMMAND):
            held, self._held, self._fresh = self._held, "", False
            self._swallowing = COMMAND in held  # otherwise so many spaces are no command
            yield self._obeyed(held) if self._swallowing else held

    def _open_command(self, text: str) -> int:
        """Return the length of an unfinished line at the end that may be a command."""
        start = text.rfind("\n") + 1
        if start == 0 and not self._fresh:
            return 0
        line = text[start:].lstrip(" ")
        begun = COMMAND.startswith(line) or line.startswith(COMMAND)
        return len(text) - start if begun else 0

    def _obeyed(self, line: str) -> str:
        """Learn the value of a command line; return the line as it may be shown."""
        indent, _command, value = line.partition(COMMAND)
        self._values.learn(value.strip())
        return f"{indent}{COMMAND}{MASK}" + ("\n" if line.endswith("\n") else "")

    def _swallowed(self, text: str) -> str:
        """Return `text` from the end of the line that nobody may see."""
        at = text.find("\n")
        self._swallowing = at < 0
        return "" if at < 0 else text[at:]


def _commands(text: str, *, fresh: bool) -> Iterator[tuple[int, int]]:
    """Yield where the command lines in `text` stand, their newlines included."""
    at = text.find(COMMAND)
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        stop = text.find("\n", at) + 1 or len(text)
        if not text[start:at].strip(" ") and (start > 0 or fresh):
            yield start, stop
        at = text.find(COMMAND, stop)
