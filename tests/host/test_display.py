"""Where a face can be shown (app/host/display.py)."""

import sys
from pathlib import Path

import pytest

from app.host.display import has_display, session_bus, tray_kinds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other system: always a desktop")


def test_a_display_is_x_or_wayland() -> None:
    """An empty variable is none; a bus alone (login over SSH) is no desktop."""
    assert has_display({"DISPLAY": ":0"})
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"})
    assert not has_display({"DISPLAY": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"})


def test_the_bus_is_where_the_variable_or_systemd_says(tmp_path: Path) -> None:
    """Without the variable the socket must be there."""
    assert session_bus({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}) == "unix:path=/x"
    assert session_bus({"XDG_RUNTIME_DIR": str(tmp_path)}) == ""
    (tmp_path / "bus").touch()
    assert session_bus({"XDG_RUNTIME_DIR": str(tmp_path)}) == f"unix:path={tmp_path / 'bus'}"


def test_the_kinds_of_tray() -> None:
    """D-Bus first, X second, nothing without a desktop."""
    bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
    assert tray_kinds({**bus, "DISPLAY": ":0"}) == ["sni", "xorg"]
    assert tray_kinds({**bus, "WAYLAND_DISPLAY": "w"}) == ["sni"]
    assert tray_kinds({"DISPLAY": ":0"}) == ["xorg"]
    assert tray_kinds(bus) == []
