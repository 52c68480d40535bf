"""A suite's log as the platform is to read it: stamps in its zone, its magic words broken. Pure.

The platform searches the whole text of an execution for phrases and stamps
(docs/protocol.md, 6): there only the agent's own may be whole.
"""

import re
from datetime import datetime, tzinfo
from functools import lru_cache

from app.journal.lines import CONTINUATIONS, PREFIX_BYTES, STAMP_BYTES, read_stamp
from app.protocol.bodies import whole

SEPARATOR = "\u200b"  # of no width; 3 bytes in UTF-8
_WORDS = re.compile(r"取(?=消)|执行(?=完成)|\[(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\])")


def neutral(text: str) -> str:
    """Return `text` with a separator inside everything that the platform searches for."""
    return _WORDS.sub(rf"\g<0>{SEPARATOR}", text)


def stamp_in(at: float, zone: tzinfo) -> str:
    """Return the stamp of `at` (epoch seconds) in the platform's zone."""
    moment = datetime.fromtimestamp(at, zone)
    return f"[{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}]"


def render(raw: bytes, zone: tzinfo, *, inside: bool) -> str:
    """Return lines of a job's log as the platform gets them.

    `inside`: `raw` begins within a line, whose rest gets no stamp. A newline at its very
    beginning then only ends that line.
    """
    if inside and raw.startswith(b"\n"):
        raw, inside = raw[1:], False
    lines = raw.removesuffix(b"\n").split(b"\n")
    stamps = ["" if line is None else _moved(line, zone) for line in _stamps(lines, inside)]
    bodies = [line[PREFIX_BYTES:] for line in lines]
    if inside:
        bodies[0] = lines[0]
    texts = neutral(b"\n".join(bodies).decode("utf-8", "replace")).split("\n")
    return "\n".join(map(str.__add__, stamps, texts))


def _worth_its_end(data: bytes, cut: int, newline: int) -> bool:
    """Tell whether the line that a cut falls into is so long that leaving it out wastes room."""
    begin = data.rfind(b"\n", 0, cut) + 1
    return cut - begin >= PREFIX_BYTES and (newline - cut) * 4 > len(data) - cut


def ending(data: bytes, inside: bool, zone: tzinfo, space: int) -> tuple[int, float | None, str]:
    """Return the last lines that take at most `space`: their raw size, first time and text.

    Of a line that takes much of it, the end. `inside`: `data` is the end of such a line.
    """
    while data:
        text = render(data, zone, inside=inside)
        size = text_bytes(text)
        if size <= space:
            return len(data), None if inside else read_stamp(data), text
        excess = len(data) - len(data) * space // size
        newline = data.find(b"\n", excess - 1, len(data) - 1)
        inside = newline < 0 or _worth_its_end(data, excess, newline)
        data = data[excess:].lstrip(CONTINUATIONS) if inside else data[newline + 1 :]
    return 0, None, ""


def text_bytes(text: str) -> int:
    """Return what `text` takes in the platform's column, without the newline that joins it."""
    return len(text) if text.isascii() else len(whole(text).encode())


def _stamps(lines: list[bytes], inside: bool) -> list[bytes | None]:
    stamps: list[bytes | None] = [line[:STAMP_BYTES] for line in lines]
    if inside:
        stamps[0] = None
    return stamps


@lru_cache(maxsize=1024)  # the lines of a batch share their stamps
def _moved(stamp: bytes, zone: tzinfo) -> str:
    """Return a stamp of the log file in `zone` with a space; "" when it is none."""
    at = read_stamp(stamp)
    return "" if at is None else f"{stamp_in(at, zone)} "
