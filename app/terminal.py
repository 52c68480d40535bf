"""Words for the person in the terminal, whatever state the terminal is in."""

import io
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

# A program's output must not drive the reader's terminal.
_HARMLESS = {code: f"\\x{code:02x}" for code in (*range(9), *range(10, 32), *range(127, 160))}


def say(text: str, *, error: bool = False) -> None:
    """Write `text` and a newline to stdout, or to stderr for an `error`; never fails.

    A windowed program has no stdout at all, a pipe may be closed, and a GBK console
    cannot show every character (it gets `\\uXXXX` then).
    """
    put(text + "\n", error=error)


def put(text: str, *, error: bool = False) -> bool:
    """Write `text` as it is; as `say`. False when nobody can read it any more."""
    stream = tolerant(sys.stderr if error else sys.stdout)
    if stream is None:
        return False
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        _silence(stream)
        return False
    return True


def tolerant(stream: TextIO | None) -> TextIO | None:
    """Return `stream`, told to escape the characters that it cannot encode."""
    if isinstance(stream, io.TextIOWrapper):
        with suppress(OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")
    return stream


def knows_ansi(env: Mapping[str, str]) -> bool:
    """Tell whether a terminal with this environment knows ANSI sequences."""
    return env.get("TERM", "dumb") != "dumb" or "WT_SESSION" in env


def harmless(text: str) -> str:
    """Return `text` with control characters and lone surrogates (no UTF-8 has them) visible."""
    visible = text.rstrip("\r").translate(_HARMLESS)
    return visible.encode("utf-8", "backslashreplace").decode("utf-8")


def width(text: str) -> int:
    """Return the columns that `text` takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def clipped(text: str, columns: int) -> str:
    """Return as much of `text` as fits."""
    room = columns
    for at, char in enumerate(text):
        room -= width(char)
        if room < 0:
            return text[:at]
    return text


def padded(text: str, columns: int) -> str:
    """Return `text` with spaces behind it, so that it takes at least `columns`."""
    return text + " " * (columns - width(text))


def shortened(text: str, columns: int) -> str:
    """Return `text`, or as much of its beginning as fits together with "…"."""
    return text if width(text) <= columns else clipped(text, columns - 1).rstrip() + "…"


def wrapped(text: str, columns: int) -> list[str]:
    """Return the lines of `text`: broken at spaces and between Chinese characters."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if width(lines[-1] + piece.rstrip()) > columns and lines[-1]:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
        while width(lines[-1].rstrip()) > columns:  # one long word
            head = clipped(lines[-1], columns)
            lines[-1:] = [head, lines[-1][len(head) :]]
    return [line.rstrip() for line in lines if line.strip()]


_WIDE = "\u2e80-\u3000\u3003-\u9fff\uac00-\ud7a3\uf900-\ufaff"  # without 、 and 。
_AFTER = "、。，；：！？）》”’"  # never begins a line
# A word or one wide character, with what stays behind it.
_PIECE = re.compile(rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}{_AFTER}]+)[{_AFTER}]*\s*|\S+\s*")


def _silence(stream: TextIO) -> None:
    """Send what is left to nowhere: the flush at exit would fail again and change the exit code."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
