"""Words for the person in the terminal, whatever state the terminal is in."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def say(text: str, *, error: bool = False) -> None:
    """Write `text` and a newline to stdout, or to stderr for an `error`; never fails.

    A windowed program has no stdout at all, a pipe may be closed, and a GBK console
    cannot show every character (it gets `\\uXXXX` then).
    """
    stream = tolerant(sys.stderr if error else sys.stdout)
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except (OSError, ValueError):
        _silence(stream)


def tolerant(stream: TextIO | None) -> TextIO | None:
    """Return `stream`, told to escape the characters that it cannot encode."""
    if isinstance(stream, io.TextIOWrapper):
        with suppress(OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")
    return stream


def _silence(stream: TextIO) -> None:
    """Send what is left to nowhere: the flush at exit would fail again and change the exit code."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
