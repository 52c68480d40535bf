"""The bytes of an XML file → pieces of text that expat can take, whoever wrote them.

Any encoding that Python knows, declared or marked; characters and references that XML forbids
(an escape sequence of a coloured log) are replaced instead of ending the reading.
"""

import codecs
import re
from collections.abc import Iterator

_CHUNK = 2**20  # bytes; expat looks at an unended tag again with each piece
_HOLD = 16  # characters: a piece never ends within a reference or the word "<?xml"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_CONTAINS = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "iso-8859-1": "cp1252"}
_NO_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,10})|([0-9]{1,10}));")
_LAST_CHARACTER = 0x10FFFF
_DECLARATION = re.compile(r"<\?xml(?=\s)")


def pieces(data: bytes) -> Iterator[str]:
    """Yield the text of `data` in pieces; stops early where its encoding cannot go on."""
    decoder = codecs.getincrementaldecoder(_encoding(data))("replace")
    held = ""
    for start in range(0, len(data), _CHUNK):
        end = start + _CHUNK
        try:
            held += decoder.decode(data[start:end], final=end >= len(data))
        except ValueError:  # a codec that knows no replacing
            break
        cut = len(held) if end >= len(data) else _safe_cut(held)
        yield _allowed(held[:cut])
        held = held[cut:]


def _encoding(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    match = _DECLARED.match(data[:400])
    name = match[1].decode("ascii").lower() if match else "utf-8"
    if name.startswith(("utf-16", "utf-32", "ucs-2", "utf16")):
        return "utf-8"  # the declaration itself is in one-byte characters, so it is wrong
    name = _CONTAINS.get(name, name)
    try:
        b" ".decode(name)  # refuses what is no encoding of text, such as "hex"
        plain = codecs.lookup(name).name
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if plain in _NO_FILES else name


def _safe_cut(text: str) -> int:
    for mark in ("&", "<"):
        at = text.rfind(mark, max(0, len(text) - _HOLD))
        if at >= 0:
            return at
    return len(text)


def _allowed(text: str) -> str:
    """Replace what XML forbids; a second declaration (files joined) becomes a plain remark."""
    text = _FORBIDDEN.sub("\ufffd", text)
    text = _REFERENCE.sub(_allowed_reference, text)
    return _DECLARATION.sub("<?xml-declaration", text)


def _allowed_reference(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    if number > _LAST_CHARACTER or _FORBIDDEN.match(chr(number)):
        return "\ufffd"
    return match[0]
