"""Bytes of a child in any encoding, cut anywhere → text, line by line."""

import codecs
from collections.abc import Iterable

SEGMENT = 65_536  # bytes: a line longer than this is decoded and handed on in pieces

_UTF8 = "utf-8"
_REPLACEMENT = "\ufffd"


class Decoder:
    """One stream's bytes → text: UTF-8 where a line is UTF-8, else the next encoding that fits.

    How the bytes are cut into `feed` calls never changes the text. Nothing raises for any
    bytes: what no encoding can read becomes U+FFFD. A line ends with "\\n" or "\\r\\n", both
    come out as "\\n"; a lone "\\r" stays. `encodings` are the ones to try after UTF-8, in order;
    each must keep ASCII bytes as they are, as every code page of a console does.
    """

    def __init__(self, encodings: Iterable[str] = ()) -> None:
        names = (codecs.lookup(name).name for name in encodings)
        self._in_order = tuple(dict.fromkeys((_UTF8, *names)))
        self._held = b""  # the open line as far as it is not handed on; never holds b"\n"
        self._chosen = _UTF8  # what the open line's last piece was read as

    @property
    def held(self) -> int:
        """Bytes of the open line that wait for the rest."""
        return len(self._held)

    def feed(self, data: bytes) -> str:
        """Return the lines that `data` completes, and of a very long line its full segments."""
        data = self._held + data if self._held else data
        end = data.rfind(b"\n") + 1
        text = self._lines(data[:end]) if end else ""
        self._held = data[end:]
        if len(self._held) < SEGMENT:
            return text
        return text + self._segments()

    def partial(self) -> str:
        """Return what can be read now of the open line; a character's first bytes stay held."""
        cut = len(self._held) - self._held.endswith(b"\r")
        text, used = self._piece(self._held[:cut], final=False)
        self._held = self._held[used:]
        return text

    def flush(self) -> str:
        """Return all that is still held: the stream has ended."""
        text, _used = self._piece(self._held, final=True)
        self._held, self._chosen = b"", _UTF8
        return text

    def _lines(self, data: bytes) -> str:
        """Decode whole lines; the usual case, all of them UTF-8, is one call into C."""
        if self._chosen == _UTF8:
            try:
                return data.decode(_UTF8).replace("\r\n", "\n")
            except UnicodeDecodeError:
                pass
        return "".join([self._line(line) for line in data.split(b"\n")[:-1]])

    def _line(self, line: bytes) -> str:
        """Decode one whole line, the beginning of which may have been handed on already."""
        if self._chosen == _UTF8 and len(line) < SEGMENT:
            for encoding in self._in_order:
                try:
                    return line.removesuffix(b"\r").decode(encoding) + "\n"
                except UnicodeDecodeError:
                    continue
        self._held = line
        text = self._segments() + self._piece(self._held.removesuffix(b"\r"), final=True)[0]
        self._chosen = _UTF8
        return text + "\n"

    def _segments(self) -> str:
        """Decode the held line's full segments; they begin where they do whatever the cuts were."""
        texts, start = [], 0
        while len(self._held) - start >= SEGMENT:
            cut = start + SEGMENT
            cut -= self._held.endswith(b"\r", start, cut)  # its "\n" may be the next byte
            text, used = self._piece(self._held[start:cut], final=False)
            texts.append(text)
            start += used
        self._held = self._held[start:]
        return "".join(texts)

    def _piece(self, data: bytes, *, final: bool) -> tuple[str, int]:
        """Decode a piece of one line; return the text and how many bytes it took.

        The encoding of the line so far comes first: a piece in the middle of it
        may look like UTF-8 by chance.
        """
        for encoding in dict.fromkeys((self._chosen, *self._in_order)):
            try:
                text, used = _decode(data, encoding, "strict", final=final)
            except UnicodeDecodeError:
                continue
            if encoding != _UTF8:
                self._chosen = encoding
            return text, used
        return self._least_damaged(data, final=final)

    def _least_damaged(self, data: bytes, *, final: bool) -> tuple[str, int]:
        readings = [_decode(data, encoding, "replace", final=final) for encoding in self._in_order]
        return min(readings, key=lambda reading: reading[0].count(_REPLACEMENT))


def _decode(data: bytes, encoding: str, errors: str, *, final: bool) -> tuple[str, int]:
    if encoding == _UTF8:
        return codecs.utf_8_decode(data, errors, final)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    text = decoder.decode(data, final)
    waiting, _state = decoder.getstate()
    return text, len(data) - len(waiting)
