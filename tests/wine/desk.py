"""A Windows desktop under Wine, without Python: task bar, notification area, a Chinese Windows."""

import getpass
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.fakes.desktop import HEIGHT, WIDTH, Colour, Desktop, Place
from tests.fakes.panel import until

NEEDED = ("wine", "wineserver", "Xvfb", "xdotool", "xwininfo")
# Wine cannot write to regular files that it inherits.
QUIET: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
BRIGHT = 150  # letters and separators are darker than that
LEAST_TEXT = 4  # pixels; a separator has fewer
_SIZE = f"{WIDTH}x{HEIGHT}"
_EXPLORER = r"HKCU\Software\Wine\Explorer"


class WineDesk(Desktop):
    """One display with the desktop of Wine on it."""

    def start(self) -> None:
        """Start the display and Wine's explorer on it."""
        self.start_display()
        self._run("wineserver", "-p")
        # Programs started from now on join the desktop; else each has a tray window of its own.
        for key, name, value in (
            (_EXPLORER, "Desktop", "shell"),
            (f"{_EXPLORER}\\Desktops", "shell", _SIZE),
            (r"HKCR\.log", "", "txtfile"),  # a real Windows opens .log files with Notepad
        ):
            named = ("/v", name) if name else ("/ve",)
            self._run("wine", "reg", "add", key, *named, "/d", value, "/f")
        self.open("explorer", f"/desktop=shell,{_SIZE}")
        until(self._stands, "the desktop stands", 60)

    def open(self, *words: str, cwd: Path | None = None) -> "subprocess.Popen[bytes]":
        """Start a Windows program."""
        command = ["wine", *words]
        program = subprocess.Popen(command, env=self.env, cwd=cwd, start_new_session=True, **QUIET)
        self._running[f"wine {len(self._running)}"] = program
        return program

    def stop(self) -> None:
        """End every Windows program, then the display."""
        self._run("wine", "reg", "delete", _EXPLORER, "/v", "Desktop", "/f")
        self._run("wineserver", "-k")
        self._run("wineserver", "-w")
        super().stop()

    def menu(self, colour: Colour) -> "Menu":
        """Click the icon of this colour with the right button."""
        place = self.icon(colour, 60)
        self.xdotool("mousemove", 20, 20, "sleep", 0.5)  # no tooltip over the menu
        return self._opened("mousemove", *place, "sleep", 0.1, "click", 3)

    def choose_row(self, menu: "Menu", row: int) -> None:
        """Click an entry; negative rows count from the end. Separators are no rows."""
        self.xdotool("mousemove", *self._row(menu, row), "sleep", 0.3, "click", 1)

    def submenu(self, menu: "Menu", row: int) -> "Menu":
        """Click an entry that opens further ones."""
        return self._opened("mousemove", *self._row(menu, row), "sleep", 0.3, "click", 1)

    def _opened(self, *click: object) -> "Menu":
        """Do what opens a menu; it is the one new window of the program."""
        before = self._menus()
        self.xdotool(*click)
        menu = until(lambda: next(iter(self._menus() - before), None), "a menu opens", 20)
        self.xdotool("mousemove", menu.left + 15, menu.top + 8, "sleep", 0.7)
        return menu

    def _menus(self) -> set["Menu"]:
        found = re.findall(r'"ats-agent\.exe"\)\s+(\d+)x(\d+)\+(\d+)\+(\d+)', self.windows())
        menus = {Menu(*map(int, numbers)) for numbers in found}
        return {menu for menu in menus if menu.width > 40 and menu.height > 20}

    def _row(self, menu: "Menu", row: int) -> Place:
        """Find the rows of a menu: lines of pixels with text, several below each other."""
        edge = 12  # pixels left out at both sides, with the frame
        box = (menu.left + edge, menu.top, menu.left + menu.width - edge, menu.top + menu.height)
        image = self.grab().convert("L").crop(box)
        lines = [image.crop((0, y, image.width, y + 1)) for y in range(image.height)]
        dark = [min(line.tobytes()) < BRIGHT for line in lines]
        rows, start = [], None
        for y, is_text in enumerate([*dark, False]):
            if is_text and start is None:
                start = y
            elif not is_text and start is not None:
                if y - start >= LEAST_TEXT:
                    rows.append(menu.top + (start + y) // 2)
                start = None
        return menu.left + menu.width // 2, rows[row]

    def processes(self, name: str) -> list[psutil.Process]:
        """Return the living processes of this desktop whose command line has this word."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                ours = process.environ().get("WINEPREFIX") == self.env["WINEPREFIX"]
                wrapper = process.name().startswith("wine")
                if ours and name in line and not wrapper and process.status() != "zombie":
                    found.append(process)
        return found

    def temporary(self) -> Path:
        """Return the folder where one-file programs unpack themselves."""
        users = Path(self.env["WINEPREFIX"]) / "drive_c" / "users"
        return next(users.glob(f"{getpass.getuser()}/*Temp"), users)

    def windows(self) -> str:
        """Return the names of the windows on the screen."""
        command = ["xwininfo", "-root", "-tree"]
        done = subprocess.run(command, env=self.env, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "replace")

    def _stands(self) -> bool:
        return "explorer.exe" in self.windows()

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=self.env, check=False, timeout=60, **QUIET)

    def _environment(self) -> dict[str, str]:
        """The environment of env.sh, with the prefix in which nothing is installed."""
        place = Path(os.environ["ATS_AGENT_WINE"])
        show = ["bash", "-c", '. "$1" && env -0', "bash", str(place / "env.sh")]
        lines = subprocess.run(show, capture_output=True, check=True).stdout.decode().split("\0")
        made = dict(line.split("=", 1) for line in lines if line)
        return made | {"WINEPREFIX": str(place / "bare"), "LC_ALL": "zh_CN.UTF-8"}


@dataclass(frozen=True)
class Menu:
    """Where an open menu is, in pixels."""

    width: int
    height: int
    left: int
    top: int


@contextmanager
def wine_desk(folder: Path) -> Iterator[WineDesk]:
    """A desktop that stands until the end."""
    made = WineDesk(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
