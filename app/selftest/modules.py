"""Every module of the program, and which of them another system needs."""

import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from app import resources
from app.host.display import has_display
from app.host.system import SYSTEM

_NEED_A_DISPLAY = {"app.tray.xorg"}  # pystray asks for one while it is imported
_OF_SYSTEMS = {
    "windows": {
        *("app.host._bundle_windows", "app.host._desktop_winapi", "app.host._desktop_windows"),
        *("app.host._registry", "app.host._winapi", "app.host._windows", "app.host._windows_sweep"),
        *("app.host._autostart_windows", "app.tray.windows"),
    },
    "macos": {"app.host._desktop_mac", "app.host._autostart_mac", "app.tray.mac"},
    "linux": {
        *("app.host._linux", "app.host._subreaper", "app.host._tag", "app.host._walk"),
        *("app.host._procfs", "app.host._desktop_linux", "app.host._autostart_linux"),
        *("app.host._lock_bus", "app.host._x_screen", "app.host._x_wire"),
        *("app.tray.bus", "app.tray.interfaces", "app.tray.sni", "app.tray.sni_menu"),
        "app.tray.xorg",
    },
    "posix": {"app.host._bundle_posix", "app.host._confined_fd", "app.host._posix"},
}


def all_modules(root: Path = resources.ROOT) -> list[str]:
    """Return the names of all our modules: those that the build has noted, else the files'."""
    with suppress(OSError):
        return list(json.loads(resources.BUILD.read_bytes())["modules"])
    return modules_below(root)


def modules_below(root: Path) -> list[str]:
    """Return the names of the modules in `root`/app, without those of the demo's example."""
    files = (path.relative_to(root) for path in sorted((root / "app").rglob("*.py")))
    ours = (path for path in files if "sample" not in path.parts)
    return [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in ours]


def of_this_system(names: list[str], system: str = SYSTEM) -> list[str]:
    """Leave out what only other systems can import."""
    here = {system} if system == "windows" else {system, "posix"}
    foreign = set[str]().union(*(_OF_SYSTEMS[other] for other in _OF_SYSTEMS.keys() - here))
    foreign -= set[str]().union(*(_OF_SYSTEMS[one] for one in here))
    return [name for name in names if name not in foreign]


def import_all() -> str:
    """Import everything that this system can import; return what was done. Raises what fails."""
    names = of_this_system(all_modules())
    with _no_tray_backend():
        for name in names:
            if name in _NEED_A_DISPLAY and not has_display():
                _read(name)
            else:
                import_module(name)
    return f"{len(names)} modules"


def _read(name: str) -> None:
    """Make sure that the module is there, without running it."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(name)


@contextmanager
def _no_tray_backend() -> Iterator[None]:
    """Let pystray be imported without choosing a backend (app.tray.icon names one each time)."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = "dummy"
    try:
        yield
    finally:
        del os.environ["PYSTRAY_BACKEND"]
        if before is not None:
            os.environ["PYSTRAY_BACKEND"] = before
