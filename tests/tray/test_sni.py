"""The icon on D-Bus (app/tray/sni.py, sni_menu.py, bus.py) against a private bus and a panel."""

import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.state import OpenPage, StartAtLogin
from app.tray import icon as chooser
from app.tray.menu import SEPARATOR, Action, Item, Open
from app.tray.picture import IconState, Picture
from icons.make import GREEN, RED
from tests.fakes.panel import (
    MENU,
    PROPERTIES,
    Panel,
    SessionBus,
    ShownItem,
    panel_on,
    session_bus,
    until,
)

pytestmark = pytest.mark.integration

GREEN_ONE = Picture(IconState.ONLINE, "", "ATS agent\nOnline <fine>")
RED_ONE = Picture(IconState.PROBLEM, "", "ATS agent\nToken refused")
ITEMS = (
    Item("Online"),
    SEPARATOR,
    Item("Open_the log", Open.LOG),
    Item("More", items=(Item("Open work folder", Open.WORK_FOLDER), Item("only text"))),
)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    """A bus that stands, and a desktop that has no other tray."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    with session_bus(tmp_path) as made:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", made.address)
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-9")
        monkeypatch.delenv("DISPLAY", raising=False)
        yield made


class Shown:
    """An icon in its own thread."""

    def __init__(self) -> None:
        self.chosen: queue.Queue[Action] = queue.Queue()
        self.failure: queue.Queue[BaseException | None] = queue.Queue()
        self.icon = chooser.open_icon(self.chosen.put)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.icon.run(lambda: self._draw(GREEN_ONE, ITEMS))
        except Exception as why:  # noqa: BLE001 (the test looks at it)
            self.failure.put(why)
        else:
            self.failure.put(None)

    def _draw(self, picture: Picture, items: tuple[Item, ...]) -> None:
        self.icon.offer(items)
        self.icon.draw(picture)

    def shows(self, picture: Picture, items: tuple[Item, ...]) -> None:
        """Show something else, and wait until it is drawn."""
        done = threading.Event()
        self.icon.hop(lambda: self._draw(picture, items))
        self.icon.hop(done.set)
        assert done.wait(5)


@contextmanager
def shown() -> Iterator[Shown]:
    made = Shown()
    try:
        yield made
    finally:
        made.icon.stop()
        made.failure.get(timeout=5)


@contextmanager
def on_a_panel(bus: SessionBus) -> Iterator[tuple[Shown, Panel, ShownItem]]:
    with panel_on(bus) as panel, shown() as icon:
        yield icon, panel, panel.item()


def test_the_panel_gets_icon_and_texts(bus: SessionBus) -> None:
    """All sizes as ARGB32, title, tooltip with heading and escaped text, an active item."""
    with on_a_panel(bus) as (_icon, _panel, item):
        assert item.colour() == GREEN
        assert [width for width, _, _ in item.get("IconPixmap")] == [16, 22, 24, 32, 48, 64]
        assert item.get("Title") == "ATS agent"
        assert item.get("ToolTip") == ("", [], "ATS agent", "Online &lt;fine&gt;")
        until(lambda: item.get("Status") == "Active", "the item is active")
        assert item.get("AttentionIconPixmap") == []  # LXQt asks
        assert item.get("ItemIsMenu") is True  # a left click opens the menu too
        everything = item.call("/StatusNotifierItem", PROPERTIES, "GetAll", "s", "x")[0]
        assert everything["Id"] == ("s", "ats-agent")


def test_the_menu_and_its_clicks(bus: SessionBus) -> None:
    """Labels keep their underscores; clicks arrive one by one and in groups, from submenus too."""
    with on_a_panel(bus) as (icon, _panel, item):
        assert item.labels() == [
            "Online",
            "",
            "Open__the log",
            "More",
            "Open work folder",
            "only text",
        ]
        entries = [properties for _number, _depth, properties in item.entries()]
        assert entries[0]["enabled"] is False
        assert entries[1]["type"] == "separator"
        assert entries[3]["children-display"] == "submenu"
        item.click("Open__the*")
        assert icon.chosen.get(timeout=5) is Open.LOG
        item.click_as_a_group("Open work*")
        assert icon.chosen.get(timeout=5) is Open.WORK_FOLDER
        item.click("Online")  # only text: nothing happens
        item.click_number(99)
        item.click("Open__the*")
        assert icon.chosen.get(timeout=5) is Open.LOG


def test_a_change_is_told(bus: SessionBus) -> None:
    """Icon and title; new texts patch an open menu, another structure is a new layout."""
    with on_a_panel(bus) as (icon, panel, item):
        before = item.number("Online")
        icon.shows(RED_ONE, (Item("Token refused"), *ITEMS[1:]))
        panel.hears("ItemsPropertiesUpdated")
        panel.hears("NewIcon")
        assert item.colour() == RED
        assert item.number("Token refused") == before
        icon.shows(RED_ONE, ITEMS[:3])
        panel.hears("LayoutUpdated")
        assert len(item.labels()) == 3


def test_a_late_click_never_means_something_else(bus: SessionBus) -> None:
    """The number of an entry that is gone is not given to another one."""
    with on_a_panel(bus) as (icon, _panel, item):
        log, folder = Item("log", Open.LOG), Item("folder", Open.WORK_FOLDER)
        icon.shows(GREEN_ONE, (log, folder))
        old = item.number("log")
        icon.shows(GREEN_ONE, (folder,))
        item.click_number(old)
        item.click("folder")
        assert icon.chosen.get(timeout=5) is Open.WORK_FOLDER
        assert icon.chosen.empty()


def test_a_panel_that_comes_later_or_again_gets_the_icon(bus: SessionBus) -> None:
    """At login the agent may be first; a panel may crash and be started again."""
    with shown():
        for _start in range(2):
            with panel_on(bus) as panel:
                assert panel.item().colour() == GREEN


def test_a_click_on_the_icon_and_check_marks(bus: SessionBus) -> None:
    """With a default a left click does it instead of opening the menu; marks come and change."""
    with on_a_panel(bus) as (icon, panel, item):
        items = (
            Item("Open dashboard", OpenPage(), default=True),
            Item("Start at login", StartAtLogin(wanted=False), checked=True),
        )
        icon.shows(GREEN_ONE, items)
        assert item.get("ItemIsMenu") is False
        item.call("/StatusNotifierItem", "org.kde.StatusNotifierItem", "Activate", "ii", 1, 1)
        assert icon.chosen.get(timeout=5) == OpenPage()
        assert _mark(item) == ("checkmark", 1)
        old = item.number("Start at login")
        again = Item("Start at login", StartAtLogin(wanted=True), checked=False)
        icon.shows(GREEN_ONE, (items[0], again))
        panel.hears("LayoutUpdated")  # another wish is another entry: a late click does nothing
        assert _mark(item) == ("checkmark", 0)
        item.click_number(old)
        item.click("Start at login")
        assert icon.chosen.get(timeout=5) == StartAtLogin(wanted=True)


def _mark(item: ShownItem) -> tuple[str, int]:
    found = next(entry for _, _, entry in item.entries() if entry["label"] == "Start at login")
    return found["toggle-type"], found["toggle-state"]


def test_a_notification(bus: SessionBus) -> None:
    """With the icon and escaped text; the next of its title takes its place, no other does."""
    with on_a_panel(bus) as (icon, panel, _item):
        icon.icon.hop(lambda: icon.icon.notify("Cannot open", "a < b"))
        name, replaced, _icon, title, text, _actions, hints, _timeout = panel.notes.get(timeout=5)
        assert (name, replaced, title, text) == ("ats-agent", 0, "Cannot open", "a &lt; b")
        assert hints["image-data"][1][:2] == (64, 64)
        until(lambda: _replaces(icon, panel, "Cannot open") == 7, "it takes the other's place")
        assert _replaces(icon, panel, "A job has failed") == 0
        backend = icon.icon._backend
        for number in range(20):
            _replaces(icon, panel, f"title {number}")
        until(lambda: len(backend._notes) == 8, "a few titles are remembered")  # type: ignore[attr-defined]


def _replaces(icon: Shown, panel: Panel, title: str) -> int:
    icon.icon.hop(lambda: icon.icon.notify(title, ""))
    number: int = panel.notes.get(timeout=5)[1]
    return number


def test_without_a_notification_server_nothing_happens(bus: SessionBus) -> None:
    """The error that comes back is no reason to give the icon up."""
    with shown() as icon:
        icon.icon.hop(lambda: icon.icon.notify("Cannot open", ""))
        with panel_on(bus) as panel:
            assert panel.item().colour() == GREEN


def test_what_panels_ask_besides(bus: SessionBus) -> None:
    """Introspection, ping, single properties of the menu; nonsense gets an error, no crash."""
    with on_a_panel(bus) as (_icon, _panel, item):
        xml = item.call("/MenuBar", "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        assert "AboutToShowGroup" in xml
        assert item.call("/", "org.freedesktop.DBus.Peer", "Ping") == ()
        assert item.call("/MenuBar", PROPERTIES, "Get", "ss", MENU, "Version")[0] == ("u", 3)
        assert item.call("/MenuBar", MENU, "AboutToShow", "i", 0) == (False,)
        assert item.call("/MenuBar", MENU, "AboutToShowGroup", "ai", [0]) == ([], [])
        number = item.number("Online")
        assert item.call("/MenuBar", MENU, "GetProperty", "is", number, "label")[0][1] == "Online"
        asked = item.call("/MenuBar", MENU, "GetGroupProperties", "aias", [number, 99], ["label"])
        assert asked[0] == [(number, {"label": ("s", "Online")})]
        item.call("/StatusNotifierItem", "org.kde.StatusNotifierItem", "Activate", "ii", 1, 1)
        for path, interface, member, *arguments in _nonsense():
            with pytest.raises(RuntimeError):
                item.call(path, interface, member, *arguments)
        assert item.get("Title") == "ATS agent"


def _nonsense() -> list[tuple[Any, ...]]:
    return [
        ("/MenuBar", MENU, "Dance"),
        ("/MenuBar", MENU, "GetLayout", "s", "x"),
        ("/MenuBar", MENU, "GetLayout", "iias", 999, -1, []),
        ("/MenuBar", MENU, "Event", "i", 1),
        ("/StatusNotifierItem", PROPERTIES, "Get", "ss", "x", "NoSuch"),
        ("/StatusNotifierItem", PROPERTIES, "Get"),
        ("/StatusNotifierItem", "org.kde.StatusNotifierItem", "Dance"),
        ("/elsewhere", "x.y", "Dance"),
    ]


def test_the_bus_goes_away(bus: SessionBus) -> None:
    """`run` ends with an OSError, so that the face can try again; nothing else is harmed."""
    made = Shown()
    until(lambda: made.icon._backend.visible, "the icon is drawn")
    bus.stop()
    assert isinstance(made.failure.get(timeout=5), OSError)
    made.icon.hop(lambda: None)  # does nothing any more, and raises nothing
    made.icon.stop()


def test_without_a_bus_there_is_no_icon(bus: SessionBus) -> None:
    """The reason is named for the log."""
    bus.stop()
    with pytest.raises(chooser.NoTrayError, match="sni: "):
        chooser.open_icon(lambda _action: None)
