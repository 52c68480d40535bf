"""What all measurements share: a folder, jobs, programs, and the line that shows progress."""

import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.benchmark.children import Children
from tests.benchmark.figures import Row
from tests.benchmark.programs import Floor, OurAgent, running

MIB = 2**20
MB = 10**6


@dataclass(slots=True)
class Progress:
    """One line that moves on a terminal; elsewhere a line per measurement."""

    title: str = ""
    began: float = field(default_factory=time.monotonic)

    def begin(self, title: str) -> None:
        """Start with the next measurement."""
        self.title, self.began = title, time.monotonic()
        self.tell("…")

    def tell(self, news: str) -> None:
        """Show how far it is."""
        if sys.stdout.isatty():
            line = f"{self.title}: {news}"
            print(f"\r\x1b[K{line[:110]}", end="", flush=True)

    def end(self, verdict: str) -> None:
        """Finish the line."""
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        took = time.monotonic() - self.began
        print(f"{start}{self.title}: {verdict}, {took:.0f} s", flush=True)


@dataclass(slots=True)
class Bench:
    """One run of the benchmark."""

    folder: Path
    children: Children
    quick: bool
    progress: Progress = field(default_factory=Progress)
    _homes: Iterator[int] = field(default_factory=count)

    def few(self, full: int, quick: int) -> int:
        """How many times: in a full run, in a quick one."""
        return quick if self.quick else full

    def tell(self, news: str) -> None:
        """Show how far the present measurement is."""
        self.progress.tell(news)

    def new_home(self) -> Path:
        """Return a folder that nobody uses."""
        return self.folder / f"home-{next(self._homes)}"

    def agent(
        self, *, at_once: int = 1, beat: float = 5.0
    ) -> AbstractAsyncContextManager[OurAgent]:
        """Our agent, online; `at_once` jobs, a heartbeat every `beat` seconds."""
        return running(OurAgent(self.new_home(), at_once=at_once, beat=beat))

    def floor(self, *, at_once: int = 1) -> AbstractAsyncContextManager[Floor]:
        """The bare agent, online."""
        return running(Floor(self.new_home(), at_once=at_once))


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that is measured, for some rows of the table."""

    name: str
    run: Callable[[Bench], Awaitable[list[Row]]]
    in_quick: bool = True
