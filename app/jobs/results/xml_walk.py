"""Walking through XML from anywhere: no DTD, no entities, no network, bounded, never raising.

The file is read as the inside of one more element. So several roots one after the other are
fine, a DTD is a syntax error wherever it stands, and nothing that a DTD could declare exists.
"""

from typing import Protocol

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # has no types
from defusedxml.ElementTree import DefusedXMLParser, ParseError  # type: ignore[import-untyped]

from app.i18n import _
from app.jobs.results.xml_text import pieces

_MAX_ELEMENTS = 2_000_000
_MAX_DEPTH = 200
_ROOT = "ats-agent-file"


class Visitor(Protocol):
    """What is told of each element, in the file's order; names come without a namespace."""

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        """An element begins; a root has the depth 1."""

    def end(self, name: str, depth: int) -> None:
        """It ends."""

    def data(self, text: str) -> None:
        """A piece of text; long texts come in several."""


class StopReading(Exception):  # noqa: N818 (a decision of the visitor, not an error)
    """A visitor has seen enough; its text says why, for a person."""


def walk(data: bytes, visitor: Visitor) -> str:
    """Show all elements of `data` to `visitor`; returns "" or what is wrong with the rest."""
    target = _Target(visitor)
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    try:
        parser.feed(f"<{_ROOT}>")
        for piece in pieces(data):
            parser.feed(piece)
        if target.depth != 1:
            return _("its end is missing")
        parser.feed(f"</{_ROOT}>")
        parser.close()
    except StopReading as why:
        return str(why)
    except (ParseError, DefusedXmlException) as why:
        if b"<!doctype" in data[:4096].lower():
            return _("it has a document type declaration (DTD), which is refused")
        return _("no XML from there on: {why}").format(why=why)
    return ""


class _Target:
    """Counts and bounds what expat sees on its way to the visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._elements = 0
        self.depth = 0  # open elements, ours included

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS or self.depth > _MAX_DEPTH:
            raise StopReading(_("too many or too deeply nested elements"))
        if self.depth:
            plain = {_local(name): value for name, value in attributes.items()}
            self._visitor.start(_local(tag), plain, self.depth)
        self.depth += 1

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.depth:
            self._visitor.end(_local(tag), self.depth)

    def data(self, text: str) -> None:
        self._visitor.data(text)

    def close(self) -> None:
        """Be the end of a target, as ElementTree wants it; there is no tree to give."""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
