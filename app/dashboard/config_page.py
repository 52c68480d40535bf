"""The settings and the configuration file on the page; what reads or writes it blocks."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, cast

from app import config_file
from app.effective import FILE_NAME, Effective
from app.errors import ConfigError, NotDoneError
from app.i18n import _
from app.setting import Setting, plain
from app.settings import BY_KEY
from app.small_file import MAX_BYTES, decode, read_bounded

_TOKEN = re.compile(r"\btoken[\"']?\s*:\s*[^\s#]")  # in a file that YAML cannot read


def settings(effective: Effective) -> dict[str, Any]:
    """Return every setting with its value, its origin and what it means; no secrets."""
    named = effective.entries["config"].value
    rows = [
        _row(BY_KEY[key], value, origin)
        for key, (value, origin) in effective.shown().items()
        if key in BY_KEY
    ]
    return {"config_path": str(named) if named else None, "rows": rows}


def config_path(effective: Effective) -> Path:
    """Return the file that is read, or would be if it existed."""
    named = effective.entries["config"].value
    return cast("Path", named) if named else effective.home / FILE_NAME


def read(path: Path) -> dict[str, Any]:
    """Return the file's text, "" when there is none.

    ConfigError when it cannot be read, NotDoneError when it is not for a page.
    """
    text = decode(read_bounded(path), path) if path.exists() else ""
    if _holds_token(path, text):
        raise NotDoneError(
            _("{path} holds the token, so it is not shown here.").format(path=path),
            _("Open it in an editor."),
        )
    return {"path": str(path), "text": text}


def check(path: Path, text: str) -> list[str]:
    """Return the warnings about a text for the file; ConfigError names what is wrong."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        what = _("The text is longer than {limit} bytes.")
        raise ConfigError(what.format(limit=MAX_BYTES))
    return list(config_file.parse(text, path).warnings)


def save(path: Path, text: str) -> dict[str, Any]:
    """Check the text and put it in the file's place, whole or not at all.

    ConfigError when it is wrong, NotDoneError when it cannot be written.
    """
    warnings = check(path, text)
    read(path)  # refuses what must not be overwritten from here
    try:
        _replace(path, text)
    except (OSError, UnicodeError) as why:
        cause = _("{path} cannot be written: {why}.")
        raise NotDoneError(
            cause.format(path=path, why=getattr(why, "strerror", None) or why),
            _("See that this user may write it and that the disk is not full."),
        ) from why
    return {"path": str(path), "warnings": warnings}


def _row(setting: Setting, value: object, origin: str) -> dict[str, Any]:
    default = plain(setting.default)
    return {
        "key": setting.key,
        "value": value,
        "origin": origin,
        "about": _about(setting),
        "default": _(setting.default_text) if default is None else default,
        "in_file": setting.in_file,
    }


def _about(setting: Setting) -> str:
    about = _(setting.about)
    return f"{about} ({_(setting.unit)})" if setting.unit else about


def _holds_token(path: Path, text: str) -> bool:
    """Tell whether the token is in it; a file with another mistake is shown: to be mended."""
    try:
        return "token" in config_file.parse(text, path, beside_program=True).values
    except ConfigError:
        return _TOKEN.search(text) is not None


def _replace(path: Path, text: str) -> None:
    """Write beside the file a link may lead to; its mode and its line ends stay."""
    path = Path(os.path.realpath(path))  # Path.resolve knows no way out of a ring of links
    known = path.exists()
    ends = "\r\n" if known and b"\r\n" in path.read_bytes() else "\n"
    lines = re.sub(r"\r\n?", "\n", text).removesuffix("\n")
    data = f"{lines}\n".replace("\n", ends).encode()
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if known:
            shutil.copymode(path, new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
