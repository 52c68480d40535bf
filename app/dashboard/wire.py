"""What travels between the page and the agent: JSON texts, decoded once (pure).

Page → agent: `{"id": N, "ask": NAME, …}`. Agent → page: frames with a "type"; each ask gets
one `{"type": "reply", "id": N, "value": …}` or `{…, "error": {"cause", "next_step"}}`.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from app.dashboard.asks import (
    Ask,
    AskCases,
    AskCheck,
    AskConfigCheck,
    AskConfigRead,
    AskConfigSave,
    AskDisk,
    AskFollow,
    AskHistory,
    AskOpen,
    AskParse,
    AskRead,
    AskSearch,
    AskSettings,
    AskUnfollow,
    StreamName,
)
from app.errors import AgentError
from app.i18n import _
from app.state import CancelJob, Command, JobState, StartAtLogin

PIECE = 64 * 1024  # bytes of a log that travel in one frame
MAX_FRAME = 1024 * 1024  # bytes from the browser: a configuration file, escaped
MAX_TEXT = 512 * 1024  # characters of one text
MAX_WORDS = 1_000  # characters that are searched for
MAX_PAGE = 100  # jobs
MAX_NUMBER = 2**53  # what a browser can count to

Plain = dict[str, Any]


class WrongError(Exception):
    """An ask that our page would not send; the text says what is wrong with it."""


class _Fields:
    """The fields of one ask; WrongError for what does not fit."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def text(self, name: str, most: int = MAX_TEXT) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or len(value) > most:
            what = _("{name}: a text of at most {most} characters")
            raise WrongError(what.format(name=name, most=most))
        return value

    def word(self, name: str, words: frozenset[str]) -> str:
        value = self.text(name)
        if value not in words:
            what = _("{name}: none of {words}")
            raise WrongError(what.format(name=name, words=", ".join(sorted(words))))
        return value

    def number(self, name: str, least: int = 0, most: int = MAX_NUMBER) -> int:
        value = _whole(self._body.get(name))
        if value is None or not least <= value <= most:
            what = _("{name}: a whole number, {least} to {most}")
            raise WrongError(what.format(name=name, least=least, most=most))
        return value

    def maybe_number(self, name: str) -> int | None:
        return None if self._body.get(name) is None else self.number(name)

    def switch(self, name: str) -> bool:
        value = self._body.get(name)
        if not isinstance(value, bool):
            raise WrongError(_("{name}: true or false").format(name=name))
        return value

    def name(self, name: str) -> StreamName:
        value = self._body.get(name)
        if isinstance(value, str) and len(value) <= MAX_WORDS:
            return value
        return self.number(name)


_COMMANDS = {command.value: command for command in Command}
_OPEN = frozenset({"log", "work_folder", "config"})
_KINDS = frozenset({"", "task", "suite"})
_STATES = frozenset({"", *(state.value for state in JobState)})


def _connection(one: _Fields, *, save: bool) -> AskCheck:
    return AskCheck(one.text("server_url"), one.text("token"), one.text("work_dir"), save)


def _history(one: _Fields) -> AskHistory:
    return AskHistory(
        kind=one.word("kind", _KINDS),
        state=one.word("state", _STATES),
        text=one.text("text", MAX_WORDS),
        before=one.maybe_number("before"),
        limit=one.number("limit", 1, MAX_PAGE),
    )


_ASKS: dict[str, Callable[[_Fields], Ask]] = {
    "command": lambda one: _COMMANDS[one.word("command", frozenset(_COMMANDS))],
    "cancel": lambda one: CancelJob(one.text("job_id")),
    "autostart": lambda one: StartAtLogin(one.switch("wanted")),
    "open": lambda one: AskOpen(one.word("what", _OPEN)),
    "follow": lambda one: AskFollow(
        one.name("stream"), one.maybe_number("key"), one.number("from", -MAX_NUMBER)
    ),
    "unfollow": lambda one: AskUnfollow(one.name("stream")),
    "read": lambda one: AskRead(
        one.maybe_number("key"), one.number("at"), one.number("length", 0, PIECE)
    ),
    "search": lambda one: AskSearch(
        one.maybe_number("key"), one.text("text", MAX_WORDS), one.number("at")
    ),
    "history": _history,
    "cases": lambda one: AskCases(one.number("key")),
    "disk": lambda _one: AskDisk(),
    "settings": lambda _one: AskSettings(),
    "config.read": lambda _one: AskConfigRead(),
    "config.check": lambda one: AskConfigCheck(one.text("text")),
    "config.save": lambda one: AskConfigSave(one.text("text")),
    "check": lambda one: _connection(one, save=False),
    "save": lambda one: _connection(one, save=True),
    "parse_command": lambda one: AskParse(one.text("text")),
}


def decode(data: str | bytes) -> tuple[int, Ask | WrongError] | None:
    """Return the ask's id and the ask, or what is wrong with it; None for what has no id."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return None
    number = _whole(body.get("id")) if isinstance(body, dict) else None
    if number is None or abs(number) > MAX_NUMBER:
        return None
    try:
        return number, _ask(body)
    except WrongError as wrong:
        return number, wrong


def _ask(body: Plain) -> Ask:
    name = body.get("ask")
    decoder = _ASKS.get(name) if isinstance(name, str) else None
    if decoder is None:
        raise WrongError(_("{name}: not known").format(name="ask"))
    return decoder(_Fields(body))


def _whole(value: object) -> int | None:
    """Return a whole number; a browser may write one as 1.0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if math.isfinite(value) and value == int(value) else None


def encode(frame: Plain) -> str:
    """Return the text of a frame; ASCII: a lone surrogate of a foreign text passes too."""
    return json.dumps(frame, separators=(",", ":"), allow_nan=False)


def reply(number: int, value: object) -> Plain:
    """Return the answer to an ask."""
    return {"type": "reply", "id": number, "value": value}


def refusal(number: int, error: AgentError | WrongError) -> Plain:
    """Return the answer that an ask could not be fulfilled."""
    if isinstance(error, AgentError):
        said = {"cause": error.cause, "next_step": error.next_step}
    else:
        text = _("The agent does not understand the page: {what}.").format(what=error)
        said = {"cause": text, "next_step": _("Reload the page.")}
    return {"type": "reply", "id": number, "error": said}
