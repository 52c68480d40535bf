"""Small text files that users write: the configuration, a token."""

import codecs
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from app.errors import ConfigError
from app.i18n import _

MAX_BYTES = 256 * 1024  # ours are a few lines
PATIENCE = 5.0  # seconds for the next bytes of a pipe, as of `--token-file <(pass ats)`


def read_bounded(path: Path) -> bytes:
    """Return the content of a file; ConfigError when it is unreadable or larger than MAX_BYTES.

    A pipe that nobody writes into counts as unreadable after PATIENCE.
    """
    try:
        with open(path, "rb", opener=_open) as file:
            plain = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_BYTES + 1) if plain else _read_pipe(file)
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


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_pipe(file: BinaryIO) -> bytes:
    import select  # noqa: PLC0415 (only for a pipe)

    data = b""
    while len(data) <= MAX_BYTES:
        if not select.select([file], [], [], PATIENCE)[0]:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if not (piece := os.read(file.fileno(), MAX_BYTES)):
            break
        data += piece
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
