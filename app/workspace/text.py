"""Bytes and text: the asked encoding, base64, and how long a text gets on the wire.

Everything works in pieces: a call on ten megabytes at once would hold the interpreter,
and with it the agent's loop, for up to 50 ms.
"""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

from app.i18n import _
from app.workspace.refused import RefusedError

_PIECE = 3 * 2**17  # bytes or characters; a multiple of 3, so that base64 pieces join
_ENCODING_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
# Known to Python, but no encodings of files, and so slow that they could be used to harm.
_NO_ENCODINGS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
_ESCAPED_SHORT = b'"\\\n\r\t\b\f'  # two bytes in JSON
_ESCAPED_LONG = bytes(code for code in range(32) if code not in _ESCAPED_SHORT)  # six


def check_encoding(name: str) -> str:
    """Return Python's name of the text encoding `name`; RefusedError when there is none."""
    try:
        known = codecs.lookup(name) if _ENCODING_NAME.fullmatch(name) else None
        " ".encode("utf-8" if known is None else known.name)  # refuses hex, zip …: no text
    except (LookupError, ValueError):
        known = None
    if known is None or known.name in _NO_ENCODINGS:
        raise RefusedError(_("The encoding {name!r} is unknown.").format(name=name[:40]))
    return known.name


def decode(data: bytes, encoding: str) -> str | None:
    """Return the text in `data`; None when it is none in that encoding, or holds a NUL."""
    try:
        text = "".join(codecs.iterdecode(_pieces(data), encoding))
    except UnicodeError:
        return None
    return None if "\0" in text else text


def encode(text: str, encoding: str) -> bytes:
    """Return `text` in `encoding`; RefusedError names the character that it cannot say."""
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    try:
        return b"".join(codecs.iterencode(pieces, encoding))
    except UnicodeEncodeError as why:
        bad = why.object[why.start]
        message = _("The content cannot be written as {encoding}: it holds {char!r}.")
        raise RefusedError(message.format(encoding=encoding, char=bad)) from why


def to_base64(data: bytes) -> str:
    """Return `data` in base64."""
    return "".join(base64.b64encode(piece).decode("ascii") for piece in _pieces(data))


def from_base64(text: str) -> bytes:
    """Return the bytes in `text`, line breaks allowed; RefusedError when it is no base64."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as why:
        raise RefusedError(_("The content is not valid base64.")) from why


def wire_size(text: str) -> int | None:
    """Return the bytes of `text` inside a JSON frame; None when UTF-8 cannot say it."""
    size = 0
    for at in range(0, len(text), _PIECE):
        try:
            data = text[at : at + _PIECE].encode()
        except UnicodeEncodeError:
            return None
        short = len(data) - len(data.translate(None, _ESCAPED_SHORT))
        long = len(data) - len(data.translate(None, _ESCAPED_LONG))
        size += len(data) + short + 5 * long
    return size


def _pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
