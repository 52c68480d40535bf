"""Small text files that users write: the configuration, a token."""

import codecs
from pathlib import Path

from app.errors import ConfigError
from app.i18n import _

MAX_BYTES = 256 * 1024  # ours are a few lines


def read_bounded(path: Path) -> bytes:
    """Return the content of a file; ConfigError when it is unreadable or larger than MAX_BYTES."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as cause:
        why = getattr(cause, "strerror", None) or str(cause)
        raise ConfigError(_("{path}: cannot be read: {why}.").format(path=path, why=why)) from cause
    if len(data) > MAX_BYTES:
        raise ConfigError(
            _("{path}: larger than {limit} bytes, so it is another kind of file.").format(
                path=path, limit=MAX_BYTES
            )
        )
    return data


def decode(data: bytes, path: Path) -> str:
    """Return the text of a file saved as UTF-8 or, with a byte order mark, UTF-16 (Windows)."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, cause.start) + 1
        raise ConfigError(
            _("{path}:{line}: not UTF-8 text, expected a file saved as UTF-8 (not GBK or ANSI).")
            .format(path=path, line=line)
        ) from cause  # fmt: skip
