"""Where the Windows Python and its Wine live, and the environment that its programs need."""

import os
import shlex
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VERSION = "3.11"  # of the Windows Python: the newest that panda3d's wheels bring and Wine 8 runs
NUMBER = VERSION.replace(".", "")
DEFAULT = Path("~/.cache/ats-agent-wine").expanduser()

# What means something only to Linux programs must not leak into Windows ones.
FOREIGN = (
    *("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "LC_ALL", "LANG"),
)
CHINESE = "zh_CN.UTF-8"  # of a Wine program's environment: Windows then has the code pages 936


class Place:
    """One folder with everything: downloads, Wine prefix, stamps of finished steps, programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.bare = folder / "bare"  # another prefix, for the desktop with the executable
        self.drive_c = self.prefix / "drive_c"
        self.python = self.drive_c / f"Python{NUMBER}"
        self.downloads = folder / "downloads"
        self.work = folder / "work"
        self.bin = folder / "bin"

    @classmethod
    def chosen(cls) -> "Place":
        """ATS_AGENT_WINE, else a folder of the user's cache: outside any clone, shared by them."""
        return cls(Path(os.environ.get("ATS_AGENT_WINE") or DEFAULT).resolve())

    def additions(self) -> dict[str, str]:
        """What a Wine program's environment has beside the user's own."""
        cache = "C:\\pycache"  # Linux and Windows Pythons must not share .pyc files: paths differ
        return {
            "WINEARCH": "win64",
            "WINEPREFIX": str(self.prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=d",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONPYCACHEPREFIX": cache,
            "PIP_CERT": windows_path(Path("/etc/ssl/certs/ca-certificates.crt")),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_WARN_SCRIPT_LOCATION": "0",
            "LANG": "C.UTF-8",
            "LOCPATH": str(self.folder / "locale"),
        }

    def environment(self) -> dict[str, str]:
        """The environment of a Wine program that is started from Python."""
        kept = {name: text for name, text in os.environ.items() if name not in FOREIGN}
        return kept | self.additions()

    def shell_environment(self) -> str:
        """The same as a script to be sourced; a desktop that is up adds its DISPLAY."""
        lines = [f"unset {' '.join(FOREIGN)}"]
        lines += [f"export {name}={shlex.quote(text)}" for name, text in self.additions().items()]
        lines += ["[ -z ${WINE_LOCALE:-} ] || export LC_ALL=$WINE_LOCALE"]
        desk = shlex.quote(str(self.folder / "desk.env"))
        return "\n".join([*lines, f"[ ! -r {desk} ] || . {desk}", ""])

    def program(self, name: str) -> str:
        """A script of bin/: wpy, wrun or wdesk."""
        return str(self.bin / name)


def windows_path(path: Path) -> str:
    """How a Windows program names a file of Linux."""
    return "Z:" + str(path).replace("/", "\\")
