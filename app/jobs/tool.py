"""A command line tool inside a job's containment: its lines, its exit code, none left behind."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.host.console import output_encodings
from app.host.containment import MARKER, Containment
from app.jobs.decoder import Decoder
from app.jobs.process import Child, Stream

HELD_PIPES = 1.0  # seconds: reading pipes that others hold after the tool's end
LINE_LIMIT = 65_536  # bytes; a longer line is handed on in pieces

_ENDS = re.compile(rb"[\r\n]+")  # progress displays end their lines with "\r"

OnLine = Callable[[Stream, str], None]


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a tool; `env` is its whole environment, the job's marker in it."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)  # may hold secrets


async def run(call: Call, heard: OnLine, limit: float | None = None) -> int:
    """Run the tool to its end and return the exit code; its input is empty.

    `heard` gets each line that is not empty, without its end. Raises StartError, and
    TimeoutError after `limit` seconds. However it ends, cancellation included, nothing of
    its process tree is left.
    """
    lines = {stream: Lines(partial(heard, stream)) for stream in Stream}
    containment = Containment(call.env[MARKER])
    async with asyncio.timeout(limit):
        child = await Child.start(
            call.argv,
            call.cwd,
            call.env,
            containment,
            lambda stream, data: lines[stream].feed(data),
        )
        try:
            code = await child.wait()
            await child.drain(HELD_PIPES)
        finally:
            await child.close()
    for stream in Stream:
        lines[stream].flush()
    return code


class Lines:
    """Pieces of one stream's bytes → lines of text."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._decoder = Decoder(output_encodings())
        self._open = b""

    def feed(self, data: bytes) -> None:
        """Take a piece of bytes."""
        *whole, self._open = _ENDS.split(self._open + data)
        for line in whole:
            self._say(line)
        while len(self._open) > LINE_LIMIT:
            self._say(self._open[:LINE_LIMIT])
            self._open = self._open[LINE_LIMIT:]

    def flush(self) -> None:
        """The stream has ended."""
        self._say(self._open)
        self._open = b""

    def _say(self, line: bytes) -> None:
        if line:
            self._heard(self._decoder.feed(line + b"\n").rstrip("\n"))
