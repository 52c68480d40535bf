"""Menu items as pystray's own, with a key that stays when their texts change."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pystray import Menu, MenuItem

from app.tray.menu import SEPARATOR, Action, Item


class Entry(MenuItem):  # type: ignore[misc] # pystray has no types
    """A menu item that a backend can recognise in the next menu."""

    def __init__(self, item: Item, key: str, choose: Callable[[Action], None]) -> None:
        self.key = key
        target: Any = None
        if item.items:
            target = pystray_menu(item.items, choose)
        elif item.action is not None:
            action = item.action
            target = lambda: choose(action)  # noqa: E731 (pystray looks at its signature)
        mark = item.checked
        checked = None if mark is None else (lambda _entry: mark)
        super().__init__(
            item.text, target, checked=checked, default=item.default, enabled=item.enabled
        )


def pystray_menu(items: Sequence[Item], choose: Callable[[Action], None]) -> Menu:
    """Return the menu for pystray; `choose` is called with what the user wants."""
    seen: Counter[str] = Counter()
    entries = []
    for item in items:
        kind = _kind(item)
        seen[kind] += 1
        entry = Entry(item, f"{kind}#{seen[kind]}", choose)
        entries.append(Menu.SEPARATOR if item == SEPARATOR else entry)
    return Menu(*entries)


def _kind(item: Item) -> str:
    """Return what an item is, whatever it says: an entry's key must never mean another action."""
    if item.action is not None:
        return repr(item.action)
    actions = [_kind(child) for child in item.items if child.enabled]
    return f"[{';'.join(actions)}]" if item.items else "-"


def one_click(choose: Callable[[], None]) -> Menu:
    """Return the menu of an icon that can only be clicked."""
    return Menu(MenuItem("", choose, default=True))
