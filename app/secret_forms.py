"""In which forms a secret may travel: as it is, encoded, escaped, line by line. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MIN_SECRET = 6  # characters; masking shorter ones would eat ordinary words
_MIN_LINE = 8  # characters of one line of a secret of several
_MIN_BASE64 = 8  # characters of a base64 form, which is cut at both ends
_BANNER = "-----"  # how the first and the last line of a key begin: no secret


def forms_of(secret: str) -> frozenset[str]:
    """Return every form of `secret`; none when it is too short.

    Line ends are those of a job's output: "\\n".
    """
    secret = secret.replace("\r\n", "\n").strip()
    if len(secret) < MIN_SECRET:
        return frozenset()
    wholes = {secret, secret.replace("\n", "\r\n")}
    lines = (line.strip() for line in secret.split("\n")) if "\n" in secret else iter(())
    parts = {line for line in lines if len(line) >= _MIN_LINE and not line.startswith(_BANNER)}
    return frozenset(form for text in wholes | parts for form in _encoded(text))


def _encoded(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogatepass")
    yield text
    yield from _url_forms(data)
    yield from _json_forms(text)
    yield html.escape(text)
    yield html.escape(text, quote=False)
    yield from _base64_forms(data)


def _url_forms(data: bytes) -> Iterator[str]:
    for form in (quote(data, safe=""), quote(data, safe="/"), quote_plus(data)):
        yield form
        yield re.sub("%..", lambda code: code[0].lower(), form)


def _json_forms(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        form = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield form
        yield form.replace("/", "\\/")
        yield re.sub(r"\\u[0-9a-f]{4}", lambda code: "\\u" + code[0][2:].upper(), form)


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield what is the same wherever `data` stands in an encoded text (`user:secret`, say)."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            text = encode(b"\0" * offset + data).decode("ascii")
            touched = (0, 2, 3)[offset]  # characters that hold bits of what stands before
            rest = (offset + len(data)) % 3
            end = len(text) - (0, 3, 2)[rest]  # padding, and the character it shares bits with
            if end - touched >= _MIN_BASE64:
                yield text[touched:end]
