"""`needs` in .ats.yml: what a suite needs of the desktop, read from the file's nodes."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from app.host.desktop_state import NO_NEEDS, Needs, Resolution
from app.i18n import _

EXAMPLE = "needs: [unlocked-desktop, resolution: 1920x1080]"
_UNLOCKED = "unlocked-desktop"
_WORDS = (_UNLOCKED, "desktop")
_VALUES = {"resolution": "resolution: 1920x1080", "dpi": "dpi: 96"}
_SIZE = re.compile(r"(>=)? *([1-9][0-9]{0,4}) *[xX×] *([1-9][0-9]{0,4})")
_DPI = re.compile(r"[1-9][0-9]{0,3}")
_SHOWN = 80  # characters of the file that a message repeats


class NeedError(ValueError):
    """One need is wrong: where in the file, and how."""

    def __init__(self, node: Node, what: str) -> None:
        super().__init__(what)
        self.node = node


def read_needs(node: Node) -> Needs:
    """Read a need or a list of them; raises NeedError for the first that is wrong.

    One that nobody knows is an error: a run without it would prove nothing.
    """
    needs, seen = NO_NEEDS, set[str]()
    for name, name_node, value in _parts(node):
        if name in seen:
            raise NeedError(name_node, _("{name} is given twice").format(name=name))
        seen.add(name)
        needs = _with(needs, name, name_node, value)
    return needs


def _parts(node: Node) -> Iterator[tuple[str, Node, Node | None]]:
    """Yield the name, its node and the value's of each need."""
    for each in node.value if isinstance(node, SequenceNode) else [node]:
        if isinstance(each, MappingNode):
            for name_node, value in each.value:
                yield _text(name_node), name_node, value
        else:
            yield _text(each), each, None


def _text(node: Node) -> str:
    if not isinstance(node, ScalarNode) or not node.value.strip():
        raise NeedError(node, _("not a need"))
    return str(node.value).strip()


def _with(needs: Needs, name: str, name_node: Node, value: Node | None) -> Needs:
    if name in _WORDS and value is None:
        return replace(needs, desktop=True, unlocked=needs.unlocked or name == _UNLOCKED)
    if name in _WORDS:
        raise NeedError(name_node, _("{name} takes no value").format(name=name))
    if name not in _VALUES:
        raise NeedError(name_node, _unknown(name))
    if value is None:
        text = _("{name} needs a value: {example}")
        raise NeedError(name_node, text.format(name=name, example=_VALUES[name]))
    return _with_value(needs, name, value)


def _with_value(needs: Needs, name: str, node: Node) -> Needs:
    text = _text(node)
    if name == "dpi":
        if not _DPI.fullmatch(text):
            raise NeedError(node, _("{value} is no DPI such as 96").format(value=_quoted(text)))
        return replace(needs, dpi=int(text))
    found = _SIZE.fullmatch(text)
    if found is None:
        what = _('{value} is no resolution such as 1920x1080 or ">=1280x720"')
        raise NeedError(node, what.format(value=_quoted(text)))
    least, width, height = found.groups()
    return replace(needs, resolution=Resolution(int(width), int(height), at_least=bool(least)))


def _unknown(name: str) -> str:
    text = _("{name} is no need that this agent knows").format(name=_quoted(name))
    near = difflib.get_close_matches(name.lower(), (*_WORDS, *_VALUES), n=1)
    hint = _("did you mean {name}?").format(name=near[0]) if near else ""
    return f"{text}; {hint}" if hint else text


def _quoted(text: str) -> str:
    return repr(text[:_SHOWN])
