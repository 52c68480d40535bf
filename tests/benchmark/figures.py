"""The figures of one run: values with units, targets, verdicts; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum


class Unit(Enum):
    """What a value is counted in."""

    MS = "ms"
    S = "s"
    MB_S = "MB/s"
    PER_S = "/s"
    MIB = "MiB"
    MB = "MB"
    PERCENT = "%"
    COUNT = ""

    def show(self, value: float) -> str:
        """Return the value with three significant digits and its unit."""
        return f"{rounded(value)} {self.value}".rstrip()


def rounded(value: float) -> str:
    """Return three significant digits, without an exponent; thousands get a comma."""
    if not math.isfinite(value):
        return str(value)
    digits = 0 if not value or abs(value) >= 100 else 2 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Target:
    """A limit for our value, or for its ratio to the floor."""

    limit: float
    at_least: bool = False
    ratio: bool = False

    def met(self, value: float) -> bool:
        """Tell whether the value keeps the limit."""
        return value >= self.limit if self.at_least else value <= self.limit

    def show(self, unit: Unit) -> str:
        """Return the limit as people write it."""
        limit = f"{rounded(self.limit)}x floor" if self.ratio else unit.show(self.limit)
        return f"{'≥' if self.at_least else '≤'} {limit}"


def at_most(limit: float) -> Target:
    """A value of ours that must not be larger."""
    return Target(limit)


def at_least(limit: float) -> Target:
    """A value of ours that must not be smaller."""
    return Target(limit, at_least=True)


def times_floor(limit: float) -> Target:
    """A ratio to the floor that must not be larger."""
    return Target(limit, ratio=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    unit: Unit
    ours: float | None = None  # None: a building block that has only a floor
    floor: float | None = None  # None: there is nothing to compare with
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours divided by the floor: for times small is good, for rates large."""
        if self.ours is None or not self.floor:
            return None
        return self.ours / self.floor

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None when there is none, or nothing to judge by."""
        if self.target is None:
            return None
        judged = self.ratio if self.target.ratio else self.ours
        return None if judged is None else self.target.met(judged)

    def cells(self) -> tuple[str, ...]:
        """Return the texts of HEADS' columns."""
        verdict = {None: "", True: "yes", False: "NO"}[self.met]
        return (
            self.what,
            "–" if self.floor is None else self.unit.show(self.floor),
            "–" if self.ours is None else self.unit.show(self.ours),
            "–" if self.ratio is None else f"{rounded(self.ratio)}x",
            "–" if self.target is None else self.target.show(self.unit),
            f"{verdict} ({self.note})".lstrip() if self.note else verdict,
        )


@dataclass(slots=True)
class Both:
    """The same thing measured at the floor and with ours, in turn."""

    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    def row(self, what: str, unit: Unit, target: Target | None = None, percent: float = 50) -> Row:
        """Return the row for this percentile of both; one that has no values is left out."""
        floor = percentile(self.floor, percent) if self.floor else None
        ours = percentile(self.ours, percent) if self.ours else None
        return Row(what=what, unit=unit, floor=floor, ours=ours, target=target)


HEADS = ("what", "floor", "ours", "ratio", "target", "met?")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of all values do not exceed."""
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def median(values: Sequence[float]) -> float:
    """Return the value in the middle."""
    return percentile(values, 50)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table for the terminal."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = [HEADS, ("---",) * len(HEADS), *(row.cells() for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
