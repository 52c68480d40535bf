"""A menu as com.canonical.dbusmenu: numbered items with properties, and what changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pystray import Menu, MenuItem

from app.tray.bus import NOTHING, Call, Reply

Properties: TypeAlias = dict[str, tuple[str, Any]]
ROOT = 0
_SUBMENU = ("s", "submenu")


@dataclass(slots=True)
class Tree:
    """One state of the menu."""

    properties: dict[int, Properties] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)
    items: dict[int, MenuItem] = field(default_factory=dict)


class DbusMenu:
    """Answers the panel's questions about the menu.

    An item keeps its number as long as it means the same, and no number is used twice: a
    click that comes late does nothing rather than something else.
    """

    def __init__(self, choose: Callable[[MenuItem], None]) -> None:
        self._choose = choose
        self._tree = Tree({ROOT: {"children-display": _SUBMENU}}, {ROOT: []})
        self._numbers: dict[tuple[int, str], int] = {}
        self._last = ROOT
        self.revision = 1

    # ------------------------------------------------------------ changes

    def show(self, menu: Iterable[MenuItem]) -> tuple[str, Reply] | None:
        """Take a new menu; return the signal that panels need to hear, if any."""
        old, self._tree = self._tree, Tree({ROOT: {"children-display": _SUBMENU}}, {ROOT: []})
        self._build(menu, ROOT)
        kept = self._tree.children.keys()
        self._numbers = {key: number for key, number in self._numbers.items() if number in kept}
        if old.children != self._tree.children:
            self.revision += 1
            return "LayoutUpdated", ("ui", (self.revision, ROOT))
        changes = self._changes(old)
        return ("ItemsPropertiesUpdated", ("a(ia{sv})a(ias)", changes)) if any(changes) else None

    def _build(self, menu: Iterable[MenuItem], parent: int) -> None:
        for place, item in enumerate(menu):
            number = self._number(parent, getattr(item, "key", f"at {place}"))
            self._tree.children[parent].append(number)
            self._tree.children[number] = []
            self._tree.properties[number] = _properties(item)
            if item.submenu:
                self._build(item.submenu, number)
            elif item is not Menu.SEPARATOR:
                self._tree.items[number] = item

    def _number(self, parent: int, key: str) -> int:
        if (parent, key) not in self._numbers:
            self._last += 1
            self._numbers[parent, key] = self._last
        return self._numbers[parent, key]

    def _changes(self, old: Tree) -> tuple[list[Any], list[Any]]:
        """Return the properties that are new, and the names of those that are gone."""
        changed, removed = [], []
        for number, now in self._tree.properties.items():
            before = old.properties[number]
            new = {name: value for name, value in now.items() if before.get(name) != value}
            gone = [name for name in before if name not in now]
            if new:
                changed.append((number, new))
            if gone:
                removed.append((number, gone))
        return changed, removed

    # ------------------------------------------------------------ the panel's questions

    def answer(self, call: Call) -> Reply | None:
        """Answer a call to com.canonical.dbusmenu; None for a method that it has not."""
        match call.member, call.body:
            case "GetLayout", (number, depth, names):
                return "u(ia{sv}av)", (self.revision, self._layout(number, depth, names))
            case "GetGroupProperties", (numbers, names):
                return "a(ia{sv})", (self._group(numbers, names),)
            case "GetProperty", (number, name):
                return "v", (self._tree.properties[number][name],)
            case "AboutToShow", _:
                return "b", (False,)
            case "AboutToShowGroup", _:
                return "aiai", ([], [])
            case _:
                return self._event(call)

    def _event(self, call: Call) -> Reply | None:
        match call.member, call.body:
            case "Event", (number, event, _data, _timestamp):
                self._happened(number, event)
                return NOTHING
            case "EventGroup", (events,):
                for number, event, _data, _timestamp in events:
                    self._happened(number, event)
                return "ai", ([number for number, *_ in events if not self._knows(number)],)
            case _:
                return None

    def _happened(self, number: int, event: str) -> None:
        item = self._tree.items.get(number)
        if event == "clicked" and item is not None and item.enabled:
            self._choose(item)

    def _knows(self, number: int) -> bool:
        return number in self._tree.properties

    def _layout(
        self, number: int, depth: int, names: list[str]
    ) -> tuple[int, Properties, list[Any]]:
        """Return an item and what is below it; a negative depth means all of it."""
        below = [
            ("(ia{sv}av)", self._layout(child, depth - 1, names))
            for child in (self._tree.children[number] if depth else [])
        ]
        return number, self._picked(number, names), below

    def _group(self, numbers: list[int], names: list[str]) -> list[tuple[int, Properties]]:
        wanted = numbers or list(self._tree.properties)
        return [(number, self._picked(number, names)) for number in wanted if self._knows(number)]

    def _picked(self, number: int, names: list[str]) -> Properties:
        every = self._tree.properties[number]
        return {name: value for name, value in every.items() if not names or name in names}


def _properties(item: MenuItem) -> Properties:
    if item is Menu.SEPARATOR:
        return {"type": ("s", "separator")}
    found: Properties = {"label": ("s", item.text.replace("_", "__"))}  # "_" marks a shortcut
    if not item.enabled:
        found["enabled"] = ("b", False)
    if item.checked is not None:
        found["toggle-type"] = ("s", "radio" if item.radio else "checkmark")
        found["toggle-state"] = ("i", int(bool(item.checked)))
    if item.submenu:
        found["children-display"] = _SUBMENU
    return found
