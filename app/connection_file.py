"""What `ats-agent login` and the page saved: `<home>/connection.json`, the weakest source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import ConfigError
from app.i18n import _
from app.setting import Value, complaint
from app.settings import BY_KEY
from app.small_file import decode, read_bounded

FILE_NAME = "connection.json"
KEYRING = "keyring"  # what "token_in" says when the token is in the system's credential store
_KEYS = {"server_url": "server.url", "work_dir": "work_dir", "token": "token"}


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """The checked content of the file; `values` by setting key, the token perhaps among them."""

    path: Path
    values: Mapping[str, Value] = field(repr=False)
    in_keyring: bool = False


def read_saved(home: Path) -> SavedConnection | None:
    """Return what is saved in this home folder, None when nothing is.

    Raises ConfigError, with the next step, when the file is unreadable or damaged.
    """
    path = home / FILE_NAME
    try:
        path.stat()
    except (OSError, ValueError):  # what this user may not look at is not there for them
        return None
    body = _body(path)
    values = {key: _value(path, name, body) for name, key in _KEYS.items() if body.get(name)}
    return SavedConnection(path, values, _in_keyring(path, body))


def encoded(server_url: str, work_dir: str, token: str | None) -> bytes:
    """Return the file's content; a `token` of None is in the credential store."""
    body = {"server_url": server_url}
    if work_dir:
        body["work_dir"] = work_dir
    body |= {"token_in": KEYRING} if token is None else {"token": token}
    return (json.dumps(body, indent=2) + "\n").encode()  # ASCII: not every folder's name is UTF-8


def _body(path: Path) -> dict[str, Any]:
    try:
        text = decode(read_bounded(path), path)
        body = json.loads(text)
    except ConfigError as why:
        raise ConfigError(why.cause, _next_step()) from why
    except json.JSONDecodeError as why:
        place = f"{path}:{why.lineno}"
        raise _damaged(place, why.msg) from None  # the error holds the whole text
    except (ValueError, RecursionError):  # a number of too many digits; a thousand brackets
        raise _damaged(str(path), _("not JSON")) from None
    if not isinstance(body, dict):
        raise _damaged(str(path), _("no JSON object"))
    return body


def _value(path: Path, name: str, body: Mapping[str, Any]) -> Value:
    setting = BY_KEY[_KEYS[name]]
    where, given = f"{path}: {name}", body[name]
    if not isinstance(given, str):
        raise ConfigError(complaint(where, _("this is no text"), setting), _next_step())
    try:
        return setting.read(given)
    except ValueError as what:
        raise ConfigError(complaint(where, str(what), setting), _next_step()) from what


def _in_keyring(path: Path, body: Mapping[str, Any]) -> bool:
    place = body.get("token_in")
    if place not in (None, KEYRING):
        raise _damaged(f"{path}: token_in", _("a place that this version does not know"))
    return place == KEYRING


def _damaged(where: str, what: str) -> ConfigError:
    text = _("{where}: {what}, expected what the program wrote itself.")
    return ConfigError(text.format(where=where, what=what), _next_step())


def _next_step() -> str:
    return _("Run `ats-agent login` again: it writes the file anew.")
