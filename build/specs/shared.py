"""What the three specs share: what is bundled, what is not, and who the program is."""

import json
import platform
import re
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = {"Windows": "windows", "Darwin": "macos"}.get(platform.system(), "linux")
WORK = ROOT / ".work" / f"freeze-{SYSTEM}"  # as build/freeze.py says
NAME = "ats-agent"
TITLE = "ATS agent"
BUNDLE_ID = "io.github.ats-agent"  # for macOS; permissions given by the user belong to it
ABOUT = "Turns a computer into a test execution node of an ATS platform."

# Read while the program runs; the keys are folders of the bundle as in the sources.
_DATA = {
    "app": [f".work/{WORK.name}/build.json"],
    "app/locale/zh_CN/LC_MESSAGES": [
        "app/locale/*/LC_MESSAGES/*.mo",
        "app/locale/*/LC_MESSAGES/*.json",
    ],
    "app/dashboard/web": ["app/dashboard/web/*"],
    "app/webpage/web": ["app/webpage/web/*"],
    "app/demo/web": ["app/demo/web/*"],
    "app/demo": ["app/demo/sample_job.py"],
    "app/demo/sample": ["app/demo/sample/*.py"],
    "app/selftest": ["app/selftest/loopback.pem"],
}
_ICONS = {"linux": "icons/tray/*/*", "windows": "icons/windows/*", "macos": "icons/template/36/*"}

# Of nobody's use here; some are big, and gi would bring all of GTK along.
_NOT_NEEDED = [
    "tkinter",
    "turtle",
    "pydoc",
    "doctest",
    "lib2to3",
    "distutils",
    "setuptools",
    "pkg_resources",
    "test",
    "xmlrpc",
    "curses",
    "readline",
    "multiprocessing",
    "concurrent.futures.process",
    "_pydecimal",
    "_testcapi",
    "ensurepip",
    "idlelib",
    "venv",
    "gi",
    "cairo",
    "numpy",
    "olefile",
    "IPython",
    "pytest",
    "cffi",
    "trio",
    "cryptography",
    "websockets.legacy",
    "websockets.sync",
    "websockets.trio",
    "PIL.ImageQt",
    "PIL.ImageTk",
    "PIL._imagingtk",
    "PIL._tkinter_finder",
    "PIL._avif",
    "PIL.AvifImagePlugin",
    "PIL._webp",
    "PIL.WebPImagePlugin",
    "PIL._imagingft",
    "PIL._imagingcms",
    "PIL.ImageCms",
    "PIL._imagingmath",
    "PIL.ImageMath",
    "PIL._imagingmorph",
    "PIL.ImageMorph",
    "PIL.ImageShow",
    "PIL.ImageFilter",
    "PIL.features",
    "pystray._appindicator",
    "pystray._gtk",
    "pystray._util.gtk",
    "pystray._util.notify_dbus",
    "yaml._yaml",
    "yaml.cyaml",
]
_ONLY_FOR = {  # vendors that another system needs
    "linux": ["jeepney", "Xlib", "pystray._xorg"],
    "windows": [
        "pystray._win32",
        "pystray._util.win32",
        "keyring",
        "win32ctypes",
        "winreg",
        "winsound",
    ],
    "macos": [
        "pystray._darwin",
        "AppKit",
        "PyObjCTools",
        "Quartz",
        "objc",
        "Foundation",
        "keyring",
    ],
}
# Found by name only: keyring's backends, which the program names too; unittest is for the demo's tests.
_BY_NAME = {
    "linux": [],
    "windows": ["keyring.backends.Windows", "win32ctypes.core.ctypes"],
    "macos": ["keyring.backends.macOS"],
}
# Needed by nothing that we call, but linked or found by a hook.
_NOT_NEEDED_FILES = (
    *("readline", "libreadline", "libtinfo", "libncurses", "_curses", "_dbm", "_gdbm", "_lsprof"),
    *("_testcapi", "_xxtestfuzz", "nis.", "ossaudiodev", "_crypt.", "audioop", "_dctypes"),
    *("libavif", "libwebp", "libsharpyuv", "liblcms2", "libharfbuzz", "libfreetype", "libbrotli"),
)


def info() -> dict[str, Any]:
    """Return what build/freeze.py has noted of this build."""
    told: dict[str, Any] = json.loads((WORK / "build.json").read_text(encoding="utf-8"))
    return told


def datas(system: str) -> list[tuple[str, str]]:
    """Return the data files as (source, folder in the bundle)."""
    wanted = _DATA | {_ICONS[system].partition("/*")[0]: [_ICONS[system]]}
    found = []
    for folder, patterns in wanted.items():
        paths = sorted(path for one in patterns for path in ROOT.glob(one) if path.is_file())
        if not paths:
            raise FileNotFoundError(f"nothing for {folder}: {patterns}")
        for path in paths:
            below = path.relative_to(ROOT).parent.as_posix()
            found.append((str(path), folder if below.startswith(".work") else below))
    return found


def excludes(system: str) -> list[str]:
    """Return the modules that stay outside."""
    others = {name for other, names in _ONLY_FOR.items() if other != system for name in names}
    return [*_NOT_NEEDED, *sorted(others - set(_ONLY_FOR[system]))]


def hidden(system: str) -> list[str]:
    """Return the modules that analysis does not find."""
    return [*info()["modules_here"], "unittest", "pystray._dummy", *_BY_NAME[system]]


def needed(files: list[Any]) -> list[Any]:
    """Leave out the binary files that nothing uses."""
    return [one for one in files if not _useless(Path(one[0]).name)]


def _useless(name: str) -> bool:
    return name.startswith(_NOT_NEEDED_FILES)


def first_scripts(scripts: list[Any]) -> list[Any]:
    """Leave out PyInstaller's start-up hooks for `inspect` and `pkgutil`, which load both: 2 MiB."""
    return [one for one in scripts if one[0] not in ("pyi_rth_inspect", "pyi_rth_pkgutil")]


def note(found: Any) -> None:
    """Write down what is bundled, for build/package.py: its licences and its list of parts."""
    parts = {
        "modules": sorted(one[0] for one in found.pure),
        "binaries": sorted([one[0], str(one[1])] for one in found.binaries),
    }
    (WORK / "parts.json").write_text(json.dumps(parts, indent=1), encoding="utf-8")


def base_modules(found: Any) -> list[tuple[str, str, str]]:
    """Return the modules of base_library.zip once more, for the executable itself.

    PyInstaller has them, text encodings among them, in that file of the bundle's folder only,
    where a temporary one may be cleaned away (app/host/bundle.py).
    """
    (library,) = (path for name, path, _kind in found.datas if name == "base_library.zip")
    stdlib = Path(sysconfig.get_path("stdlib"))
    with zipfile.ZipFile(library) as whole:
        names = sorted(one.removesuffix("c") for one in whole.namelist() if one.endswith(".pyc"))
    return [(_module(name), str(stdlib / name), "PYMODULE") for name in names]


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


# ------------------------------------------------------------------------------- macOS


def property_list(version: str) -> dict[str, Any]:
    """Return the Info.plist of `ATS Agent.app`.

    Source: "Information Property List", Apple's developer documentation.
    """
    return {
        "CFBundleIdentifier": BUNDLE_ID,
        "CFBundleName": TITLE,
        "CFBundleDisplayName": TITLE,
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "CFBundlePackageType": "APPL",
        "CFBundleDevelopmentRegion": "en",
        "CFBundleLocalizations": ["en", "zh-Hans"],
        "LSMinimumSystemVersion": "11.0",
        "LSUIElement": True,  # in the menu bar only
        "LSBackgroundOnly": False,
        "NSHighResolutionCapable": True,
        "NSSupportsAutomaticTermination": False,  # it works while it has no window
        "NSSupportsSuddenTermination": False,
        "NSAppleEventsUsageDescription": "Test jobs may control other programs.",
    }


# ----------------------------------------------------------------------------- Windows


def numbers(version: str) -> tuple[int, int, int, int]:
    """Return a version as Windows' four numbers: 1.2.3rc1 → 1, 2, 3, 0."""
    parts = [int(part) for part in re.findall(r"(?:^|\.)(\d+)", version)]
    first, second, third = [*parts, 0, 0, 0][:3]
    return first, second, third, 0


def version_resource(version: str, file_name: str) -> str:
    """Return PyInstaller's text for the version resource."""
    four = numbers(version)
    words = {
        "CompanyName": TITLE,
        "FileDescription": TITLE,
        "FileVersion": version,
        "InternalName": NAME,
        "OriginalFilename": file_name,
        "ProductName": TITLE,
        "ProductVersion": version,
        "Comments": ABOUT,
    }
    rows = ", ".join(f"StringStruct({key!r}, {text!r})" for key, text in words.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers={four}, prodvers={four}, mask=0x3f, flags=0x0,"
        " OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)),"
        f" kids=[StringFileInfo([StringTable('040904B0', [{rows}])]),"
        " VarFileInfo([VarStruct('Translation', [1033, 1200])])])"
    )


MANIFEST = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    <supportedOS Id="{1f676c76-80e1-4239-95bb-83d0f6d0da78}"/>
    <supportedOS Id="{4a2f28e3-53b9-4441-ba9c-d69d4a4a6e38}"/>
    <supportedOS Id="{35138b9a-5d96-4fbd-8e2d-a2440225f93a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
      <dpiAware xmlns="http://schemas.microsoft.com/SMI/2005/WindowsSettings">true/pm</dpiAware>
      <dpiAwareness xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">PerMonitorV2, PerMonitor</dpiAwareness>
    </windowsSettings>
  </application>
  <dependency><dependentAssembly>
    <assemblyIdentity type="win32" name="Microsoft.Windows.Common-Controls" version="6.0.0.0"
      processorArchitecture="*" publicKeyToken="6595b64144ccf1df" language="*"/>
  </dependentAssembly></dependency>
</assembly>
"""


# ------------------------------------------------------------------------------- Linux


def desktop_file() -> str:
    """Return the entry for a menu of Linux desktops; `ats-agent` is to be on the PATH.

    Source: Desktop Entry Specification 1.5.
    """
    return (
        "[Desktop Entry]\nType=Application\nVersion=1.5\n"
        f"Name={TITLE}\nName[zh_CN]=ATS 代理\nComment={ABOUT}\n"
        "Comment[zh_CN]=把这台电脑变成 ATS 平台的测试执行节点。\n"
        f"Exec={NAME}\nIcon={NAME}\nTerminal=false\nCategories=Development;\n"
        "StartupNotify=false\n"
    )
