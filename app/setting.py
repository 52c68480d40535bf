"""What a setting is, and how a text becomes its value."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from app.i18n import _
from app.server_url import complete

Value = str | int | float | bool | Path | tuple[str, ...] | None
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_SHOWN = 40  # characters of a wrong value that are repeated


class Kind(Enum):
    """What a setting's value is."""

    TEXT = "text"
    TOKEN = "token"  # noqa: S105 (a kind of value, not a secret)
    ADDRESS = "address"
    LEVEL = "level"
    WHOLE = "whole number"
    NUMBER = "number"  # whole or with a fraction
    PATH = "path"
    SWITCH = "switch"
    CHOICE = "choice"  # one word of a few
    LIST = "list"  # texts; in one text separated by commas or line ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. `about`, `unit` and `default_text` are English; `_()` them when shown.

    The table has them in `marked()`, so that they reach the catalog: it is read before a
    language is chosen.
    """

    key: str  # its name in the file, in `config show` and in Config.origins
    env: str  # environment variable
    kind: Kind
    about: str
    example: str
    default: Value = None
    default_text: str = ""  # what happens when a default of None stays
    flags: tuple[str, ...] = ()  # the first is the name, the others are aliases
    in_file: bool = False
    unit: str = ""
    low: int = 0
    high: int = 0  # range of numbers, both ends included
    choices: tuple[str, ...] = ()  # of a CHOICE

    @property
    def expected(self) -> str:
        """What a right value looks like, for an error message."""
        return _EXPECTED[self.kind](self)

    def read(self, text: str) -> Value:
        """Return the value that `text` means; ValueError with what is wrong, without secrets."""
        return _READERS[self.kind](self, text)


def _quote(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _read_text(_setting: Setting, text: str) -> str:
    if "\0" in text:
        raise ValueError(_("it holds a NUL character"))
    return text


def _read_token(_setting: Setting, text: str) -> str:
    text = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):  # docs/protocol.md 1: URL-safe base64
        raise ValueError(_("it holds characters that no token has (a quote or a space, perhaps)"))
    return text


def _read_address(_setting: Setting, text: str) -> str:
    return complete(text)


def _read_level(_setting: Setting, text: str) -> str:
    if text.upper() not in LEVELS:
        raise ValueError(_("{value} is not a level").format(value=_quote(text)))
    return text.upper()


def _read_whole(setting: Setting, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9][0-9_]{0,20}", text, re.ASCII) or text.endswith("_"):
        raise ValueError(_("{value} is not a whole number").format(value=_quote(text)))
    return int(_in_range(setting, int(text.replace("_", "")), text))


def _read_number(setting: Setting, text: str) -> float:
    try:
        number = float(text) if text.isascii() else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(_("{value} is not a number").format(value=_quote(text)))
    return _in_range(setting, number, text)


def _in_range(setting: Setting, number: float, text: str) -> float:
    if not setting.low <= number <= setting.high:
        raise ValueError(_("{value} is out of range").format(value=_quote(text)))
    return number


def _read_path(setting: Setting, text: str) -> Path:
    try:
        return Path(_read_text(setting, text)).expanduser()
    except RuntimeError as cause:  # "~name" of nobody
        raise ValueError(_("the home folder of this user is not known")) from cause


def _read_switch(_setting: Setting, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise ValueError(_("{value} is neither yes nor no").format(value=_quote(text)))
    return text.lower() in _YES


def _read_choice(setting: Setting, text: str) -> str:
    for choice in setting.choices:
        if text.casefold() == choice.casefold():
            return choice
    raise ValueError(_("{value} is none of these").format(value=_quote(text)))


def _read_list(setting: Setting, text: str) -> tuple[str, ...]:
    texts = (part.strip() for part in re.split(r"[,\n]", _read_text(setting, text)))
    return tuple(part for part in texts if part)


_READERS: dict[Kind, Callable[[Setting, str], Value]] = {
    Kind.TEXT: _read_text,
    Kind.TOKEN: _read_token,
    Kind.ADDRESS: _read_address,
    Kind.LEVEL: _read_level,
    Kind.WHOLE: _read_whole,
    Kind.NUMBER: _read_number,
    Kind.PATH: _read_path,
    Kind.SWITCH: _read_switch,
    Kind.CHOICE: _read_choice,
    Kind.LIST: _read_list,
}


def range_of(setting: Setting) -> str:
    """Return the range of a number with its unit."""
    bounds = _("from {low} to {high}").format(low=setting.low, high=setting.high)
    return f"{bounds} {_(setting.unit)}".rstrip() if setting.unit else bounds


_EXPECTED: dict[Kind, Callable[[Setting], str]] = {
    Kind.TEXT: lambda _setting: _("a text"),
    Kind.TOKEN: lambda _setting: _("letters, digits, - and _ only"),
    Kind.ADDRESS: lambda _setting: _("the platform's address"),
    Kind.LEVEL: lambda _setting: _("one of {levels}").format(levels=", ".join(LEVELS)),
    Kind.WHOLE: lambda setting: _("a whole number {range}").format(range=range_of(setting)),
    Kind.NUMBER: lambda setting: _("a number {range}").format(range=range_of(setting)),
    Kind.PATH: lambda _setting: _("a path"),
    Kind.SWITCH: lambda _setting: _("yes or no"),
    Kind.CHOICE: lambda setting: _("one of {choices}").format(choices=", ".join(setting.choices)),
    Kind.LIST: lambda _setting: _("a list of texts"),
}


def plain(value: Value) -> str | int | float | bool | None:
    """Return `value` as JSON and people want it: 3600 for 3600.0, text for a path."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(value) or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def complaint(where: str, what: str, setting: Setting) -> str:
    """Return the one line that every wrong value gets."""
    return complaint_about(where, what, setting.expected, setting.example)


def complaint_about(where: str, what: str, expected: str, example: str) -> str:
    """The same for what is no value of a setting."""
    return _("{where}: {what}, expected {expected} (e.g. {example}).").format(
        where=where, what=what, expected=expected, example=example
    )
