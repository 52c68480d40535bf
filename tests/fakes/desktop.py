"""A whole small desktop: Xvfb, session bus, xfce4-panel; looked at and clicked with xdotool."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageGrab

from tests.fakes.panel import answers, until

NEEDED = ("Xvfb", "xdotool", "dbus-daemon", "xfce4-panel")
WIDTH, HEIGHT, PANEL = 800, 600, 32  # pixels
XFCONFD = "/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd"
_SETTINGS = f"""<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
<property name="configver" type="int" value="2"/>
<property name="panels" type="array"><value type="int" value="1"/>
<property name="panel-1" type="empty">
<property name="position" type="string" value="p=10;x=0;y=0"/>
<property name="position-locked" type="bool" value="true"/>
<property name="length" type="uint" value="100"/>
<property name="size" type="uint" value="{PANEL}"/>
<property name="plugin-ids" type="array"><value type="int" value="1"/></property>
</property></property>
<property name="plugins" type="empty">
<property name="plugin-1" type="string" value="systray"/>
</property></channel>"""
Colour = tuple[int, int, int]
Place = tuple[int, int]
Box = tuple[int, int, int, int]


class Desktop:
    """One display with a panel at its lower edge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.env = self._environment()

    def start(self) -> None:
        """Start display, bus and panel."""
        self.start_display()
        bus = self._folder / "run" / "bus"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = address = f"unix:path={bus}"
        self._start(["dbus-daemon", "--session", "--nofork", f"--address={address}"])
        until(lambda: answers(address), "the bus stands")
        self._start([XFCONFD])
        self.start_panel()

    def start_display(self) -> None:
        """Start the X server; `env` then names it."""
        ears, mouth = os.pipe()
        screen = f"{WIDTH}x{HEIGHT}x24"
        # Without -noreset the end of the only client, such as a first look, ends all others.
        options = ["-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
        self._start(["Xvfb", "-displayfd", str(mouth), *options], (mouth,))
        os.close(mouth)
        with open(ears, encoding="ascii") as answer:  # noqa: PTH123 (a descriptor)
            self.env["DISPLAY"] = ":" + answer.readline().strip()  # a free number

    def start_panel(self) -> None:
        """Start the panel, which shows the icons."""
        self._start(["xfce4-panel", "--disable-wm-check"])

    def kill_panel(self) -> None:
        """Crash the panel with all its helpers."""
        panel = self._running.pop("xfce4-panel")
        if sys.platform != "win32":
            os.killpg(panel.pid, signal.SIGKILL)
        panel.wait()

    def stop(self) -> None:
        """End everything, the display last."""
        for process in reversed(list(self._running.values())):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def grab(self) -> Image.Image:
        """Return what is on the screen."""
        return ImageGrab.grab(xdisplay=self.env["DISPLAY"]).convert("RGB")

    def find(self, colour: Colour) -> Place | None:
        """Return the middle of what has this colour in the panel, if enough has."""
        image = self.grab().crop((0, HEIGHT - PANEL - 8, WIDTH, HEIGHT))
        data, width = image.tobytes(), image.width
        wanted = [
            (at // 3 % width, at // 3 // width)
            for at in range(0, len(data), 3)
            if all(abs(data[at + part] - colour[part]) < 12 for part in range(3))
        ]
        if len(wanted) < 20:
            return None
        xs, ys = sorted(x for x, _ in wanted), sorted(y for _, y in wanted)
        return xs[len(xs) // 2], ys[len(ys) // 2] + HEIGHT - PANEL - 8

    def icon(self, colour: Colour, patience: float = 20.0) -> Place:
        """Wait until an icon of this colour is in the panel; return where."""
        return until(lambda: self.find(colour), f"an icon of the colour {colour}", patience)

    def open_menu(self, place: Place) -> Box:
        """Click an icon with the right button; return where its menu is."""
        before = self._rested()
        self.xdotool("mousemove", *place, "sleep", 0.1, "click", 3)
        until(lambda: _menu(before, self.grab()), "the menu opens")
        self._rested()
        return until(lambda: _menu(before, self.grab()), "the menu stays")

    def choose(self, *keys: str) -> None:
        """Press keys in the open menu."""
        for key in keys:
            self.xdotool("key", key, "sleep", 0.08)

    def xdotool(self, *arguments: object) -> None:
        """Move the mouse, press keys and buttons."""
        command = ["xdotool", *map(str, arguments)]
        subprocess.run(command, env=self.env, check=True)

    def _rested(self) -> Image.Image:
        """Wait until nothing above the panel moves any more; return it."""
        last = [_above(self.grab())]

        def same() -> bool:
            time.sleep(0.15)  # frames of an animation are closer together
            last.append(_above(self.grab()))
            return ImageChops.difference(last[-2], last[-1]).getbbox() is None

        until(same, "the screen rests")
        return last[-1]

    def _start(self, command: list[str], pass_fds: tuple[int, ...] = ()) -> None:
        name = Path(command[0]).name
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=pass_fds,
            )

    def _environment(self) -> dict[str, str]:
        home, run = self._folder / "home", self._folder / "run"
        settings = home / ".config/xfce4/xfconf/xfce-perchannel-xml"
        settings.mkdir(parents=True)
        run.mkdir(mode=0o700)
        (settings / "xfce4-panel.xml").write_text(_SETTINGS, encoding="utf-8")
        theirs = {"WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY", "DISPLAY"}
        return {
            **{name: value for name, value in os.environ.items() if name not in theirs},
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(run),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "NO_AT_BRIDGE": "1",
            "LANG": "C.UTF-8",
        }


@contextmanager
def desktop(folder: Path) -> Iterator[Desktop]:
    """A desktop that stands until the end."""
    made = Desktop(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@contextmanager
def desktop_or_skip(folder: Path, pictures: Path) -> Iterator[Desktop]:
    """A desktop, and a folder for its pictures; skips where a program of it is missing."""
    if missing := [program for program in NEEDED if shutil.which(program) is None]:
        pytest.skip(f"not installed: {missing}")
    pictures.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    with desktop(folder) as made:
        yield made


def _above(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, WIDTH, HEIGHT - PANEL - 8))


def _menu(before: Image.Image, now: Image.Image) -> Box | None:
    box = ImageChops.difference(before, _above(now)).getbbox()
    big = box is not None and box[2] - box[0] > 80 and box[3] - box[1] > 100
    return box if big else None
