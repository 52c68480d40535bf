"""What each operating system says of itself and of its processor."""

import ctypes
import platform
import sys
from pathlib import Path

if sys.platform == "win32":
    import winreg

_WINDOWS_11 = 22000  # first build; the version number stayed 10.0
_NAME_BYTES = 256  # room for the processor's name


def os_type() -> str:
    """Return Linux, Windows or macOS."""
    name = platform.system()
    return "macOS" if name == "Darwin" else name


def os_version() -> str:
    """Return the version as its users know it."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        name = "11" if version.build >= _WINDOWS_11 else f"{version.major}.{version.minor}"
        text = f"{name} (build {version.build})"
    elif sys.platform == "darwin":
        text = platform.mac_ver()[0]
    else:
        text = f"{_distribution()} (kernel {platform.release()})".strip()
    return text


def cpu_model() -> str:
    """Return the processor's name as its maker writes it."""
    if sys.platform == "win32":
        with winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        ) as key:
            text = str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
    elif sys.platform == "darwin":
        text = _sysctl(b"machdep.cpu.brand_string")
    else:
        text = _cpuinfo() or platform.machine()
    return text


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return ""


def _cpuinfo() -> str:
    """Return the model from /proc/cpuinfo; "" where it names none (ARM)."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""


def _sysctl(name: bytes) -> str:
    """Return a text that the kernel of macOS keeps under `name` (sysctlbyname(3))."""
    call = ctypes.CDLL(None).sysctlbyname
    size_pointer = ctypes.POINTER(ctypes.c_size_t)
    call.argtypes = [
        ctypes.c_char_p,
        ctypes.c_void_p,
        size_pointer,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ]
    room, size = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_size_t(_NAME_BYTES)
    if call(name, room, ctypes.byref(size), None, 0):
        raise OSError(f"no sysctl {name!r}")
    return room.value.decode("utf-8", "replace")
