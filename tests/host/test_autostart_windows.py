"""Starting at login on Windows: the entry in the registry (app/host/_autostart_windows.py)."""

import secrets
import sys
from collections.abc import Iterator

import pytest

from app.host import _autostart_windows
from app.host._autostart import TITLE, AutostartError
from app.host._autostart_windows import APPROVED, LONGEST, RUN, Registry, WindowsAutostart

EXE = r"C:\Program Files\测试 100%\ats-agent.exe"


class MemoryRegistry:
    """A registry of a user, in memory."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value, None when there is none."""
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        """Set a value."""
        self.values[key, name] = value

    def delete(self, key: str, name: str) -> None:
        """Remove a value, if it is there."""
        self.values.pop((key, name), None)


class LockedRegistry(MemoryRegistry):
    """One that a policy has locked."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Be denied."""
        raise PermissionError(13, "Access is denied")

    def write(self, key: str, name: str, value: str) -> None:
        """Be denied."""
        raise PermissionError(13, "Access is denied")

    def delete(self, key: str, name: str) -> None:
        """Be denied."""
        raise PermissionError(13, "Access is denied")


@pytest.fixture(params=["memory", "real"])
def registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Both kinds; in the real one under a name that no program has."""
    if request.param == "memory":
        yield MemoryRegistry()
    elif sys.platform == "win32":
        from app.host._registry import UserRegistry  # noqa: PLC0415 (only there)

        real = UserRegistry()
        name = f"ATS agent test {secrets.token_hex(4)}"
        monkeypatch.setattr(_autostart_windows, "TITLE", name)
        yield real
        real.delete(RUN, name)
        real.delete(APPROVED, name)
    else:
        pytest.skip("other system: no registry")


def test_on_and_off(registry: Registry) -> None:
    """The command stands in the Run key of this user, quoted as Windows reads it."""
    autostart = WindowsAutostart([EXE, "--home", r"D:\agent 2"], registry)
    assert not autostart.state().installed
    autostart.install()
    autostart.install()
    state = autostart.state()
    assert state.on
    assert not state.restarts
    assert state.command == rf'"{EXE}" --home "D:\agent 2"'
    autostart.remove()
    autostart.remove()
    assert not autostart.state().installed


def test_another_home_is_told_and_repaired(registry: Registry) -> None:
    """An entry of another home is not ours; installing puts ours in its place."""
    WindowsAutostart([EXE, "--home", r"D:\old"], registry).install()
    ours = WindowsAutostart([EXE], registry)
    assert (ours.state().installed, ours.state().on) == (True, False)
    assert r"D:\old" in ours.state().problem
    ours.install()
    assert ours.state().on


def test_other_flags_make_no_other_agent(registry: Registry) -> None:
    """It is the same program with the same home."""
    WindowsAutostart([EXE, "--config", r"D:\c d.yaml", "--headless"], registry).install()
    assert WindowsAutostart([EXE], registry).state().on
    assert not WindowsAutostart([EXE[:-4] + "2.exe"], registry).state().on


@pytest.mark.parametrize(("first", "on"), [(2, True), (3, False), (6, True), (7, False)])
def test_switched_off_in_the_task_manager(first: int, on: bool) -> None:
    """Windows keeps that beside the entry; installing takes it back."""
    registry = MemoryRegistry()
    autostart = WindowsAutostart([EXE], registry)
    autostart.install()
    registry.values[APPROVED, TITLE] = bytes([first]) + bytes(11)
    assert autostart.state().on is on
    autostart.install()
    assert autostart.state().on


def test_a_command_that_windows_would_cut() -> None:
    """More than 260 characters are not started at login: refused with a way out."""
    registry = MemoryRegistry()
    room = LONGEST - len("C:\\")
    WindowsAutostart(["C:\\" + "x" * room], registry).install()
    with pytest.raises(AutostartError, match="260 characters"):
        WindowsAutostart(["C:\\" + "x" * (room + 1)], registry).install()


def test_a_locked_registry() -> None:
    """A policy that denies it is told with the key."""
    autostart = WindowsAutostart([EXE], LockedRegistry())
    for action in (autostart.install, autostart.remove, autostart.state):
        with pytest.raises(AutostartError, match=r"HKEY_CURRENT_USER.*Access is denied"):
            action()
