"""One stream of a job's output without secrets; `::add-mask::VALUE` lines name new ones."""

import re
from collections.abc import Iterator

from app.redaction import MASK, Redactor

COMMAND = "::add-mask::"
LONGEST_VALUE = 65_536  # characters; a longer line is no command
MOST_VALUES = 1_000  # that one job may name; more are masked in their own line only
_ESCAPES = re.compile("%(0A|0D|25)", re.IGNORECASE)  # as GitHub's runner reads them
_ESCAPED = {"0A": "\n", "0D": "\r", "25": "%"}


class MaskedText:
    """Takes decoded text in pieces and gives it without secrets.

    A line that may become a command, and what may be the beginning of a secret, is held
    back until that is decided; `flush` gives the rest.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._stream = redactor.stream()
        self._held = ""  # the beginning of a line that may be a command
        self._fresh = True  # what comes next begins a line
        self._values = 0

    def feed(self, text: str) -> str:
        """Take the next piece; return what may be shown."""
        text = self._held + text
        self._held = ""
        return "".join([self._stream.feed(piece) for piece in self._without_commands(text)])

    def flush(self) -> str:
        """Return what is held back: nothing follows."""
        held, self._held = self._held, ""
        if held.lstrip(" ").startswith(COMMAND):
            held = self._obeyed(held)
        return self._stream.feed(held) + self._stream.flush()

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

    def _open_command(self, text: str) -> int:
        """Return the length of an unfinished line at the end that may be a command."""
        start = text.rfind("\n") + 1
        if start == 0 and not self._fresh:
            return 0
        line = text[start:].lstrip(" ")
        size = len(text) - start
        begun = COMMAND.startswith(line) or line.startswith(COMMAND)
        return size if begun and size <= LONGEST_VALUE else 0

    def _obeyed(self, line: str) -> str:
        """Learn the value of a command line; return the line as it may be shown."""
        indent, _command, value = line.partition(COMMAND)
        self._values += 1
        if self._values <= MOST_VALUES:
            self._redactor.add(_ESCAPES.sub(lambda code: _ESCAPED[code[1].upper()], value.strip()))
        return f"{indent}{COMMAND}{MASK}" + ("\n" if line.endswith("\n") else "")


def _commands(text: str, *, fresh: bool) -> Iterator[tuple[int, int]]:
    """Yield where the command lines in `text` stand, their newlines included."""
    at = text.find(COMMAND)
    while at >= 0:
        start = text.rfind("\n", 0, at) + 1
        stop = text.find("\n", at) + 1 or len(text)
        if not text[start:at].strip(" ") and (start > 0 or fresh):
            yield start, stop
        at = text.find(COMMAND, stop)
