"""How the demo looks: sizes, colours, columns and lines; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.i18n import _, ngettext
from app.terminal import harmless, knows_ansi, width

KIB = 1024.0
LEVELS = {"info": "info", "warning": "warn", "error": "error"}
LEVEL_COLOURS = {"warning": "33", "error": "31"}
FANCY_SIGNS = "●▶✓✗│·"
PLAIN_SIGNS = "*>+x|-"


@dataclass(frozen=True, slots=True)
class Look:
    """What the terminal can show."""

    colour: bool = False
    live: bool = False  # a last line that is written over
    signs: str = PLAIN_SIGNS  # event, sent, good, bad, bar, dot

    @classmethod
    def of(cls, encoding: str, env: Mapping[str, str], *, terminal: bool) -> "Look":
        """Return the richest look that a stream with this encoding can show."""
        capable = terminal and knows_ansi(env)
        try:
            FANCY_SIGNS.encode(encoding)
            signs = FANCY_SIGNS
        except (UnicodeEncodeError, LookupError):
            signs = PLAIN_SIGNS
        return cls(colour=capable and not env.get("NO_COLOR"), live=capable, signs=signs)

    def paint(self, text: str, colour: str) -> str:
        """Return `text` in an ANSI colour, where there are colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and colour else text

    def event(self, time: str, text: str) -> str:
        """Return a line that tells what has just happened."""
        return f"{self.paint(self.signs[0], '36')} {self.paint(time, '2')}  {text}"

    def sent(self, time: str, text: str) -> str:
        """Return a line that tells what the platform has sent."""
        return f"{self.paint(self.signs[1], '36')} {self.paint(time, '2')}  {text}"

    def verdict(self, time: str, text: str, *, good: bool) -> str:
        """Return the line that everything was done for."""
        sign, colour = (self.signs[2], "32;1") if good else (self.signs[3], "31;1")
        return f"{self.paint(sign, colour)} {self.paint(time, '2')}  {self.paint(text, colour)}"

    def rows(self, rows: Iterable[tuple[str, str]]) -> list[str]:
        """Return indented lines with aligned columns."""
        table = list(rows)
        first = max((width(name) for name, _value in table), default=0)
        return [
            f"    {self.paint(name + ' ' * (first - width(name)), '2')}  {value}"
            for name, value in table
        ]

    def log(self, body: Mapping[str, Any]) -> list[str]:
        """Return the lines of one `task_log`: time, level, text."""
        level = str(body.get("level", "info"))
        head = (
            f"  {clock_of(body.get('timestamp')):12}  {LEVELS.get(level, level):5} {self.signs[4]} "
        )
        colour = LEVEL_COLOURS.get(level, "")
        return [
            self.paint(head, colour or "2") + self.paint(harmless(line), colour)
            for line in str(body.get("message", "")).split("\n")
        ]

    def facts(self, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what a heartbeat says about the computer."""
        cpu = _mapping(facts.get("cpu_info"))
        system = " ".join(str(facts.get(name) or "") for name in ("os_type", "os_version"))
        cores = cpu.get("cores")
        used = percent(cpu)
        if isinstance(cores, int):
            used += " " + ngettext("of {count} core", "of {count} cores", cores).format(count=cores)
        return [
            (_("system"), f"{system.strip()} {self.signs[5]} {facts.get('node_ip')}"),
            (_("CPU"), used),
            (_("memory"), _share(facts.get("memory_info"))),
            (_("disk"), _share(facts.get("disk_info"))),
        ]

    def load(self, facts: Mapping[str, Any]) -> str:
        """Return the facts in one short line."""
        named = ((_("CPU"), "cpu_info"), (_("memory"), "memory_info"), (_("disk"), "disk_info"))
        return f" {self.signs[5]} ".join(
            f"{name} {percent(_mapping(facts.get(key)))}" for name, key in named
        )


def amount(size: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= KIB
    return f"{size:.1f} TiB"


def span(seconds: float) -> str:
    """Return a duration for people."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)} min {rest:.0f} s" if minutes else f"{rest:.2f} s"


def percent(info: Mapping[str, Any]) -> str:
    """Return the usage of a cpu, memory or disk record."""
    usage = info.get("usage_percent")
    return f"{usage:.0f} %" if isinstance(usage, int | float) else _("unknown")


def clock_of(timestamp: object) -> str:
    """Return hours to milliseconds of an ISO timestamp, in its own zone."""
    return timestamp[11:23] if isinstance(timestamp, str) else ""


def _share(info: object) -> str:
    record = _mapping(info)
    total, used = record.get("total"), record.get("used")
    if not isinstance(total, int | float) or not isinstance(used, int | float):
        return _("unknown")
    return _("{used} of {total} ({percent})").format(
        used=amount(used * KIB * KIB), total=amount(total * KIB * KIB), percent=percent(record)
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
