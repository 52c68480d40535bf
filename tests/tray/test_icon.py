"""Which backend is chosen (app/tray/icon.py); the seams of macOS and Windows."""

import os
import subprocess
import sys

import pytest

from app.tray import icon

pytestmark = pytest.mark.integration


def python(program: str, **env: str) -> str:
    """What a fresh Python says: pystray decides at import, once for a process."""
    clean = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    clean.pop("DBUS_SESSION_BUS_ADDRESS", None)
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(
        command, env={**clean, **env}, capture_output=True, text=True, timeout=15, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


OPEN = """
from app.tray.icon import NoTrayError, open_icon
try:
    open_icon(print)
except NoTrayError as why:
    print(why)
"""


def test_without_a_desktop_nothing_is_tried() -> None:
    """Nor is any of the vendors loaded."""
    program = OPEN + "import sys; print({'pystray', 'PIL', 'jeepney', 'gi'} & set(sys.modules))"
    assert python(program, XDG_RUNTIME_DIR="/nowhere") == "no tray icon: no desktop\nset()"


def test_a_display_that_does_not_answer_is_no_crash() -> None:
    """pystray fails at its import there, with an error of X."""
    said = python(OPEN, DISPLAY=":987", DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere/bus")
    assert "sni: " in said
    assert "xorg: " in said


def test_the_agent_loads_no_vendor_before_a_tray_is_used() -> None:
    """Without a tray they cost nothing."""
    program = "import app.wiring, sys; print({'pystray', 'PIL', 'jeepney'} & set(sys.modules))"
    assert python(program) == "set()"


def test_pystray_is_told_its_backend_and_jobs_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is there for the import only; the user's own stays."""
    monkeypatch.setenv("PYSTRAY_BACKEND", "gtk")
    with icon._pystray_backend("dummy"):
        assert os.environ["PYSTRAY_BACKEND"] == "dummy"
    assert os.environ["PYSTRAY_BACKEND"] == "gtk"
    monkeypatch.delenv("PYSTRAY_BACKEND")
    with icon._pystray_backend("dummy"):
        pass
    assert "PYSTRAY_BACKEND" not in os.environ


MAC = """
import sys, types
calls = []
later = []

class Anything:
    def __init__(self, name="x"): self._name = name
    def __getattr__(self, name): return Anything(f"{self._name}.{name}")
    def __call__(self, *values):
        calls.append((self._name, values))
        return Anything(self._name)

class Base:
    def __init__(self, *a, **k):
        self._app = Anything("app"); self._status_bar = Anything("bar")
        self._status_item = Anything("item"); self.icon = "image.png"; self.log = []
    def run(self, setup): self._start_setup(setup); self._run()
    def update_menu(self): calls.append(("menu", ()))
    def _stop(self): calls.append(("stopped", ()))

import os
os.environ["PYSTRAY_BACKEND"] = "dummy"
import pystray
darwin = types.ModuleType("pystray._darwin"); darwin.Icon = Base
sys.modules["pystray._darwin"] = pystray._darwin = darwin
appkit = types.ModuleType("AppKit"); appkit.NSImage = Anything("NSImage")
tools = types.ModuleType("PyObjCTools")
tools.AppHelper = types.SimpleNamespace(callAfter=later.append)
sys.modules.update(AppKit=appkit, PyObjCTools=tools)

from app.tray.mac import Icon
icon = Icon("ats-agent")
icon.hop(lambda: calls.append(("hopped", ())))
icon.stop()
before = [name for name, _ in calls]
icon.run(lambda shown: shown._update_icon())
for work in later: work()
print("|".join(before), [name for name, _ in calls].count("hopped"), calls[-1][0])
template = "NSImage.alloc.initWithContentsOfFile_.setTemplate_"
print(("app.run", ()) in calls, (template, (True,)) in calls)
"""


def test_on_macos_everything_hops_to_the_main_thread() -> None:
    """`hop` and `stop` only hand over to AppHelper; the icon is a template at half its pixels."""
    assert python(MAC) == "app.setActivationPolicy_ 1 stopped\nTrue True"


WINDOWS = """
import sys, types
log = []

class Base:
    def __init__(self, *a, **k):
        self._message_handlers = {}; self._hwnd = None; self.menu = (); self._running = True
    def run(self, setup): self._start_setup(setup); self._hwnd = 5; self._mark_ready()
    def update_menu(self): self._update_menu()
    def _update_menu(self): log.append("menu")
    def _stop(self): log.append("stop")
    def _message(self, code, flags, **fields):
        log.append({name: len(text.encode("utf-16-le")) // 2 for name, text in fields.items()})
    def _on_notify(self, wparam, lparam):
        log.append(f"notify {lparam:#x}")
        self._update_menu()
        log.append("closed")

import os
os.environ["PYSTRAY_BACKEND"] = "dummy"
import pystray
native = types.ModuleType("pystray._win32"); native.Icon = Base
util = types.ModuleType("pystray._util")
util.win32 = types.SimpleNamespace(PostMessage=lambda *values: log.append(f"post {values[1]:#x}"))
sys.modules.update({"pystray._win32": native, "pystray._util": util})
pystray._win32, pystray._util = native, util

from app.tray.windows import WM_HOP, Icon
icon = Icon("ats-agent")
icon.hop(lambda: log.append("early"))
icon.run(lambda shown: None)
icon.stop()
icon._message_handlers[WM_HOP](0, 0)
icon._on_notify(0, 0x0202)
icon.menu = [types.SimpleNamespace(default=True)]
icon._on_notify(0, 0x0202)
print(log)
log.clear()
icon._message(1, 2, szTip="x" * 200, szInfo="\\U0001f600" * 200, szInfoTitle="short")
print(sorted(log[0].items()))
"""


def test_on_windows_an_open_menu_is_not_changed() -> None:
    """Without a default a left click opens it too; what changes meanwhile is shown afterwards.

    Texts are cut to what the system takes, a pair of UTF-16 units never in the middle.
    """
    clicks = ["notify 0x205", "closed", "menu", "notify 0x202", "menu", "closed"]
    log = ["menu", "post 0x8001", "early", "stop", *clicks]
    sizes = [("szInfo", 254), ("szInfoTitle", 5), ("szTip", 127)]
    assert python(WINDOWS) == f"{log}\n{sizes}"
