"""The fields of one decoded frame, each read with the type that the protocol gives it."""

import math
from collections.abc import Mapping
from typing import Any

from app.i18n import _

ID_CHARS = 255  # longest id that is read; the platform's own are UUIDs


class BadFieldError(Exception):
    """A frame or a field cannot be read; the text says which one and why."""


class Fields:
    """Reads fields by name; every method raises BadFieldError for what it cannot read.

    Missing and null are the same. A text with half a character (a lone surrogate) is
    refused, because it can be neither stored, run nor sent back.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.optional_text(name)
        if value is None:
            raise BadFieldError(_("{name} is missing").format(name=name))
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None when it is absent."""
        value = self._raw.get(name)
        return None if value is None else _text(value, name)

    def system_text(self, name: str) -> str | None:
        """Return a text that is handed to the operating system (no NUL), or None when absent."""
        value = self.optional_text(name)
        return None if value is None else _without_nul(value, name)

    def label(self, name: str) -> str:
        """Return a text for people; "" when it is absent or unreadable."""
        value = self._raw.get(name)
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""

    def identifier(self, name: str) -> str:
        """Return an id: neither empty nor longer than ID_CHARS."""
        value = self.text(name)
        if not value.strip():
            raise BadFieldError(_("{name} is empty").format(name=name))
        if len(value) > ID_CHARS:
            raise BadFieldError(_("{name} is longer than any id").format(name=name))
        return value

    def command(self, name: str) -> str | tuple[str, ...]:
        """Return shell text, or the words of a command that runs without a shell."""
        if not isinstance(self._raw.get(name), list):
            return self.shell_text(name)
        words = tuple(_without_nul(word, name) for word in self.texts(name) or ())
        if not words or not words[0]:
            raise BadFieldError(_("{name} names no program").format(name=name))
        return words

    def shell_text(self, name: str) -> str:
        """Return shell text that is not blank."""
        value = _without_nul(self.text(name), name)
        if not value.strip():
            raise BadFieldError(_("{name} is empty").format(name=name))
        return value

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, or None when it is absent."""
        value = self._raw.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise BadFieldError(_("{name} is not a list").format(name=name))
        return tuple(_text(item, name) for item in value)

    def environment(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return names and values; numbers and true/false become text, null becomes ""."""
        value = self._raw.get(name)
        if value is None:
            return ()
        if not isinstance(value, dict):
            raise BadFieldError(_("{name} is not an object").format(name=name))
        return tuple(
            (_without_nul(_text(key, name), name), _variable(item, f"{name}.{key}"))
            for key, item in value.items()
        )

    def duration(self, name: str) -> float | None:
        """Return seconds, finite and over 0 (also from a text of digits); None when absent."""
        if self._raw.get(name) is None:
            return None
        value = self.number(name)
        if value is None:
            raise BadFieldError(_("{name} is not a number of seconds over 0").format(name=name))
        return value

    def number(self, name: str) -> float | None:
        """Return a finite number over 0, also from a text; None for anything else."""
        value = self._raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):  # Overflow: a whole number beyond any float
            return None
        return number if math.isfinite(number) and number > 0 else None

    def flag(self, name: str) -> bool:
        """Return true or false; false when absent."""
        value = self._raw.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadFieldError(_("{name} is neither true nor false").format(name=name))
        return bool(value)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadFieldError(_("{name} is not a text").format(name=name))
    if not value.isascii():
        _check_characters(value, name)
    return value


def _check_characters(value: str, name: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as why:
        raise BadFieldError(_("{name} holds half a character").format(name=name)) from why


def _without_nul(value: str, name: str) -> str:
    if "\0" in value:
        raise BadFieldError(_("{name} holds a NUL character").format(name=name))
    return value


def _variable(value: object, name: str) -> str:
    """Return the text of one environment variable, written as JSON writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    return _without_nul(_text(value, name), name)
