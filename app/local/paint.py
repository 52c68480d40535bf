"""What the terminal can show, and colours where it can."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from app.terminal import knows_ansi

_ELSEWHERE = 200  # columns of what is no terminal


@dataclass(frozen=True, slots=True)
class Paint:
    """How texts look on stdout."""

    terminal: bool = False  # it knows ANSI sequences
    colour: bool = False
    columns: int = _ELSEWHERE

    @classmethod
    def of_stdout(cls, env: Mapping[str, str]) -> "Paint":
        """Return what stdout can show."""
        try:
            terminal = sys.stdout is not None and sys.stdout.isatty()
        except ValueError:  # it is closed
            terminal = False
        if not terminal:
            return cls()
        capable = knows_ansi(env)
        columns = shutil.get_terminal_size().columns
        return cls(terminal=capable, colour=capable and not env.get("NO_COLOR"), columns=columns)

    def apart(self, text: str, colour: str) -> str:
        """Return `text` in an ANSI colour that nothing before it changes; plain without."""
        return f"\x1b[0m\x1b[{colour}m{text}\x1b[0m" if self.colour else text
