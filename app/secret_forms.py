"""In which forms a secret may travel: as it is, encoded, escaped, line by line. Pure."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

MIN_SECRET = 6  # characters besides line ends; masking shorter ones would eat ordinary words
LONGEST = 64  # characters of a form: a longer one is cut into overlapping tiles
LEAD = 4  # characters that stand before a form's first break, and between two
_STRIDE = LONGEST // 2  # a tile is found although its neighbour is broken in its lead
_MIN_LINE = 8  # characters of one line of a secret of several
_MIN_TAIL = 12  # characters of a form that are a secret without its lead
_MIN_DIFFERENT = 4  # characters; a line of fewer different ones is an ornament
_LONG = 512  # characters of a secret whose less usual forms would be very many
_SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9_.-]*")  # what no encoder escapes
_BANNER = "-----"  # how the first and the last line of a key begin: no secret
_UNQUOTED = (  # what the encoders of this world leave as it is, besides letters, digits and _.-~
    "",  # RFC 3986
    "/",  # Python's default
    "!'()*",  # JavaScript's encodeURIComponent
    "!'()*;,/?:@&=+$#",  # its encodeURI
    "!()*",  # .NET's UrlEncode
)
_IN_HTML_OF_JSON = "<>&"  # Go and .NET write these in JSON as \u003c …
_IN_DOTNET_JSON = "\"'<>&+`"  # and .NET these too

_HTML_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HTML = _HTML_TEXT | str.maketrans({'"': "&quot;", "'": "&#x27;"})  # as html.escape, 1 MiB less


class Form(NamedTuple):
    """What to search for."""

    text: str
    wraps: bool = False  # a line end may stand anywhere in it, LEAD characters from the last

    @property
    def flat(self) -> str:
        """The text without line ends."""
        return flat(self.text)


def flat(text: str) -> str:
    """Return `text` without line ends."""
    text = text.replace("\n", "")
    return text.replace("\r", "") if "\r" in text else text


def forms_of(secret: str) -> frozenset[Form]:
    """Return every form of `secret`; none when it is too short."""
    secret = secret.replace("\r\n", "\n").strip()
    if len(flat(secret)) < MIN_SECRET:
        return frozenset()
    wholes = {secret, secret.replace("\n", "\r\n")}
    plain = {form for text in wholes | _lines(secret) for form in _escaped(text)}
    coded = {form for text in wholes for data in _encoded(text) for form in _base64_forms(data)}
    quoted = {form for text in coded for form in _escaped_base64(text)} - coded
    tiles = {Form(tile) for form in plain | quoted for tile in _tiles(form)}
    return frozenset(tiles | {Form(tile, wraps=True) for form in coded for tile in _tails(form)})


def _lines(secret: str) -> set[str]:
    """Return the lines of a secret of several that are secrets of their own."""
    if "\n" not in secret:
        return set()
    lines = {line.strip() for line in secret.split("\n")}
    return {line for line in lines if len(line) >= _MIN_LINE and not _is_ornament(line)}


def _is_ornament(line: str) -> bool:
    return line.startswith(_BANNER) or len(set(line)) < _MIN_DIFFERENT


def _escaped(text: str) -> Iterator[str]:
    """Yield the text as it is and as URLs, JSON and HTML have it."""
    yield text
    if _SAME_EVERYWHERE.fullmatch(text):
        return
    yield from _url_forms(text)
    yield from _json_forms(text)
    for form in (text.translate(_HTML), text.translate(_HTML_TEXT)):
        yield form
        yield form.replace("&#x27;", "&#39;")
        yield form.replace("&#x27;", "&apos;")


def _url_forms(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogatepass")
    for safe in _UNQUOTED:
        form = quote(data, safe=safe)
        for spaced in (form, form.replace("%20", "+"), form.replace("~", "%7E")):
            yield spaced
            yield re.sub("%..", lambda code: code[0].lower(), spaced)


def _json_forms(text: str) -> Iterator[str]:
    for ascii_only in (True, False):
        form = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        dotnet = form.replace('\\"', '"')  # as one escape, below
        variants = (form, form.replace("/", "\\/"), _by_code(form, _IN_HTML_OF_JSON))
        for variant in (*variants, _by_code(dotnet, _IN_DOTNET_JSON)):
            yield variant
            yield re.sub(r"\\u[0-9a-f]{4}", lambda code: "\\u" + code[0][2:].upper(), variant)


def _by_code(text: str, characters: str) -> str:
    return text.translate({ord(each): f"\\u{ord(each):04x}" for each in characters})


def _encoded(text: str) -> Iterator[bytes]:
    """Yield the bytes of `text`; PowerShell's -EncodedCommand has them in UTF-16."""
    yield text.encode("utf-8", "surrogatepass")
    if len(text) <= _LONG:
        yield text.encode("utf-16-le", "surrogatepass")


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield what is the same wherever `data` stands in an encoded text (`user:secret`, say)."""
    for offset in range(3):
        code = base64.b64encode(b"\0" * offset + data).decode("ascii")
        touched = (0, 2, 3)[offset]  # characters that hold bits of what stands before
        rest = (offset + len(data)) % 3
        end = len(code) - (0, 3, 2)[rest]  # padding, and the character it shares bits with
        yield code[touched:end]
        yield code[touched:end].replace("+", "-").replace("/", "_")


def _escaped_base64(code: str) -> Iterator[str]:
    if len(code) <= 2 * _LONG:
        yield code.replace("+", "%2B").replace("/", "%2F")
        yield code.replace("+", "%2b").replace("/", "%2f")
        yield code.replace("/", "\\/")


def _tails(form: str) -> Iterable[str]:
    """Yield the tiles of a form that wraps; where a break is in its lead, the rest counts."""
    yield from _tiles(form)
    if len(form) >= LEAD + _MIN_TAIL:
        yield form[LEAD : LEAD + LONGEST]
    if len(form) > LONGEST:
        yield form[-LONGEST - LEAD : -LEAD]


def _tiles(form: str) -> Iterable[str]:
    """Yield pieces that cover the form, each half of it twice."""
    yield form[:LONGEST]
    if len(form) > LONGEST:
        yield from (form[at : at + LONGEST] for at in range(_STRIDE, len(form) - LONGEST, _STRIDE))
        yield form[-LONGEST:]
