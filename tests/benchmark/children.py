"""The commands that the benchmark gives to the programs under test."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent
NS = 1e9
LINE = 80  # bytes, newline included


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a job did its first and its last piece of work; monotonic seconds."""

    first: float
    last: float

    @property
    def duration(self) -> float:
        """Seconds between both."""
        return self.last - self.first


def read_stamps(path: Path) -> Stamps:
    """Read what a job wrote; raises ValueError as long as it has not."""
    first, last = path.read_text(encoding="ascii").split()
    return Stamps(int(first) / NS, int(last) / NS)


class Children:
    """Commands for jobs; each has a file of its own for its stamps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._python = [sys.executable, "-I", "-S", str(HERE / "child.py")]
        self._stamp = [*self._python, "stamp"]
        self.compiled = False

    def compile(self) -> None:
        """Use the C program for the quick jobs; without a compiler Python has to do."""
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler:
            program = self._folder / "child"
            command = [compiler, "-O1", "-o", str(program), str(HERE / "child.c")]
            subprocess.run(command, check=True)
            self._stamp = [str(program)]
            self.compiled = True

    def new_file(self) -> Path:
        """Return a path that nobody uses."""
        return self._folder / f"stamps-{next(self._numbers)}"

    def stamp(self, stamps: Path) -> list[str]:
        """The cheapest job that tells its first and last instruction."""
        return [*self._stamp, str(stamps)]

    def pour(self, stamps: Path, size: int, line: int = LINE) -> list[str]:
        """Print `size` bytes as fast as they are taken, in lines of `line` bytes (0: in none)."""
        return [*self._python, "pour", str(stamps), str(size), str(line)]

    def tick(self, stamps: Path, times: int, period: float) -> list[str]:
        """Print the monotonic time in ns every `period` seconds."""
        return [*self._python, "tick", str(stamps), str(times), str(period)]

    def tree(self, port: int, kind: str) -> list[str]:
        """Be a tree of processes, see child.py."""
        return [*self._python, "tree", str(port), kind]
