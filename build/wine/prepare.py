"""Make a 64-bit Windows Python that runs under Wine, from Debian packages and PyPI; idempotent.

A fresh machine takes about two minutes, a second run a second. Afterwards bin/wpy is that Python,
bin/wrun runs any console program, bin/wdesk brings a desktop up for tests with a tray.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from place import CHINESE, HERE, NUMBER, ROOT, VERSION, Place, windows_path

COMPILER = "x86_64-w64-mingw32"
PACKAGES = (
    "wine",
    "wine64",
    "gcc-mingw-w64-x86-64-win32",
    "xvfb",
    "xdotool",
    "x11-utils",
    "locales",
)
PROGRAMS = ("wine", "wineserver", f"{COMPILER}-gcc", "Xvfb", "xdotool", "xwininfo", "localedef")
SOURCES = ("python.c", "python.manifest", "bcryptprimitives.c", "tools.c")
TOOLS = ("sleep", "true", "false", "touch")
RUNTIME = ("vcruntime140.dll", "vcruntime140_1.dll", "msvcp140.dll")
# Of Debian or of Linux only, or of no use to tests. venv needs a launcher that no wheel brings.
NOT_COPIED = re.compile(
    r"__pycache__|(site|dist)-packages|test|lib-dynload|config-.*|_sysconfigdata.*|.*\.(a|so)"
)
NOT_INSTALLED = ("ruff", "mypy", "uv")  # tools that run on the Linux side
BEGAN = time.monotonic()


def say(text: str) -> None:
    print(f"[wine {time.monotonic() - BEGAN:4.0f} s] {text}", flush=True)


def main() -> None:
    """Everything, step by step; raises SystemExit or CalledProcessError when one fails."""
    place = Place.chosen()
    place.folder.mkdir(parents=True, exist_ok=True)
    check_programs()
    with alone(place.folder / "lock"):
        make(place)


def make(place: Place) -> None:
    write_programs(place)
    own = digest("prepare.py", "place.py", "requirements.txt", *SOURCES)
    step(place, "prefix", "1", make_prefix)
    step(place, "locale", CHINESE, make_locale)
    step(place, "python", own + str(standard_library()), make_python)
    step(place, "packages", own + project_requirements(), install_packages)
    say(f"ready: {place.program('wpy')}")


def check_programs() -> None:
    """Installing is the business of the machine's owner (.ci/run); say what is missing."""
    if any(shutil.which(name) is None for name in PROGRAMS):
        sys.exit(f"Needed once: sudo apt install --no-install-recommends {' '.join(PACKAGES)}")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the file's lock: two clones share one folder."""
    with path.open("wb") as file:
        if sys.platform != "win32":  # there is no Wine; for the type checker
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def step(place: Place, name: str, inputs: str, work: Callable[[Place], None]) -> None:
    """Do the work unless it was done with the same inputs; redoing one redoes those after it."""
    stamp = place.folder / f"{name}.stamp"
    wanted = hashlib.sha256(inputs.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    say(name)
    work(place)
    stamp.write_text(wanted)


def digest(*names: str) -> str:
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()


def write_programs(place: Place) -> None:
    place.bin.mkdir(exist_ok=True)
    (place.folder / "env.sh").write_text(place.shell_environment())
    for script in (HERE / "bin").iterdir():
        shutil.copy(script, place.bin / script.name)


def wine(prefix: Path, place: Place, *command: str) -> None:
    """Run quietly; output that is no file, as Wine needs it."""
    env = {k: v for k, v in place.environment().items() if k != "DISPLAY"}
    env["WINEPREFIX"] = str(prefix)
    for words in (["wine", *command], ["wineserver", "-w"]):
        subprocess.run(words, env=env, stdin=-3, stdout=-3, stderr=-3, check=False)


def make_prefix(place: Place) -> None:
    """One Windows for our Python, and one in which nothing is installed: for the executable."""
    (place.folder / "python.stamp").unlink(missing_ok=True)
    for prefix in (place.prefix, place.bare):
        shutil.rmtree(prefix, ignore_errors=True)
        wine(prefix, place, "wineboot", "-i")
        wine(prefix, place, "winecfg", "/v", "win10")
        if not (prefix / "system.reg").exists():
            sys.exit(f"wineboot made no prefix in {prefix}")


def make_locale(place: Place) -> None:
    """A Chinese Linux locale, from which Wine takes the code pages of a Chinese Windows."""
    (place.folder / "locale").mkdir(exist_ok=True)
    language, _, charmap = CHINESE.partition(".")
    target = str(place.folder / "locale" / CHINESE)
    command = ["localedef", "-i", language, "-f", charmap, target]
    subprocess.run(command, check=True)


def make_python(place: Place) -> None:
    (place.folder / "packages.stamp").unlink(missing_ok=True)
    for folder in (place.python, place.work):
        shutil.rmtree(folder, ignore_errors=True)
    for name in ("DLLs", "Lib/site-packages", "Scripts"):
        (place.python / name).mkdir(parents=True)
    place.work.mkdir()
    download(place)
    copy_binaries(place)
    copy_library(standard_library(), place.python / "Lib")
    compile_launchers(place)
    with zipfile.ZipFile(wheel(place, "pip")) as pip:
        pip.extractall(place.python / "Lib" / "site-packages")


def download(place: Place) -> None:
    """The wheels of build/wine/requirements.txt, with a pip of our own: not every Python has one."""
    helper = place.work / "pip"
    subprocess.run([sys.executable, "-m", "venv", str(helper)], check=True)
    command = [str(helper / "bin" / "python"), "-m", "pip", "download", "-q", "--require-hashes"]
    command += ["--no-deps", "--only-binary=:all:", "--platform", "win_amd64", "--implementation"]
    command += ["cp", "--python-version", VERSION, "-d", str(place.downloads)]
    subprocess.run([*command, "-r", str(HERE / "requirements.txt")], check=True)


def wheel(place: Place, name: str) -> Path:
    """The pinned wheel; older ones may lie beside it."""
    version = re.search(f"^{name}==(\\S+)", (HERE / "requirements.txt").read_text(), re.MULTILINE)
    found = f"{name.replace('-', '_')}-{version[1] if version else ''}-*.whl"
    return next(place.downloads.glob(found))


def copy_binaries(place: Place) -> None:
    """The interpreter and its modules, OpenSSL, SQLite; the C runtime comes from its own wheel."""
    with zipfile.ZipFile(wheel(place, "panda3d")) as panda:
        for member in panda.namelist():
            folder, _, name = member.rpartition("/")
            if folder == "deploy_libs" and wanted_binary(name.lower()):
                beside = name.lower() in (f"python{NUMBER}.dll", "python3.dll")
                target = place.python / ("" if beside else "DLLs") / name
                target.write_bytes(panda.read(member))
    with zipfile.ZipFile(wheel(place, "msvc-runtime")) as runtime:
        for member in runtime.namelist():
            if (name := member.rpartition("/")[2].lower()) in RUNTIME:
                (place.python / name).write_bytes(runtime.read(member))


def wanted_binary(name: str) -> bool:
    foreign = name.startswith(("api-ms-win", "vcruntime", "ucrtbase"))
    return name.endswith((".dll", ".pyd")) and not foreign


def standard_library() -> Path:
    """A CPython of the same minor version on this machine: its pure-Python part fits Windows too."""
    own = Path(os.__file__).parent
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{VERSION}.*/lib/python{VERSION}"))
    for folder in (own, *pyenv, Path(f"/usr/lib/python{VERSION}")):
        if folder.name == f"python{VERSION}" and (folder / "asyncio/windows_events.py").exists():
            return folder
    sys.exit(f"No Python {VERSION} on this machine, whose standard library could be used.")


def copy_library(source: Path, target: Path) -> None:
    def unwanted(_folder: str, names: list[str]) -> list[str]:
        return [name for name in names if NOT_COPIED.fullmatch(name)]

    shutil.copytree(source, target, ignore=unwanted, dirs_exist_ok=True)
    (target / "EXTERNALLY-MANAGED").unlink(missing_ok=True)


def compile_launchers(place: Place) -> None:
    for name in SOURCES:
        shutil.copy(HERE / name, place.work)
    (place.work / "python.rc").write_text('1 24 "python.manifest"\n')
    library = str(place.python / f"python{NUMBER}.dll")
    tool(place, "windres", "python.rc", "-O", "coff", "-o", "python.res")
    build = ("gcc", "-O2", "-s", "-municode", "python.c", "python.res", library)
    tool(place, *build, "-o", str(place.python / "python.exe"))
    windowed = str(place.python / "pythonw.exe")
    tool(place, *build, "-mwindows", "-DWINDOWED", "-o", windowed)
    system = place.drive_c / "windows" / "system32"
    random = ("gcc", "-shared", "-s", "bcryptprimitives.c", "-ladvapi32", "-o")
    tool(place, *random, str(system / "bcryptprimitives.dll"))
    for drive in (place.drive_c, place.bare / "drive_c"):
        for name in TOOLS:
            program = str(drive / "windows" / f"{name}.exe")
            tool(place, "gcc", "-O2", "-s", "tools.c", "-o", program)
    if not (place.python / "python3.dll").exists():
        forward_stable_abi(place)


def tool(place: Place, name: str, *arguments: str) -> str:
    command = [f"{COMPILER}-{name}", *arguments]
    return subprocess.run(command, cwd=place.work, check=True, stdout=-1, text=True).stdout


def forward_stable_abi(place: Place) -> None:
    """Wheels for abi3 (psutil …) link to python3.dll: forward every export to python311.dll."""
    listing = tool(place, "objdump", "-p", str(place.python / f"python{NUMBER}.dll"))
    table = listing.partition("[Ordinal/Name Pointer] Table")[2].partition("\n\n")[0]
    names = re.findall(r"\b(_?Py\w+)$", table, re.MULTILINE)
    lines = [f"  {name}=python{NUMBER}.{name}" for name in names]
    text = "\n".join(['LIBRARY "python3.dll"', "EXPORTS", *lines, ""])
    (place.work / "python3.def").write_text(text)
    entry = "int DllMainCRTStartup(void *a, unsigned b, void *c) { return 1; }\n"
    (place.work / "entry.c").write_text(entry)
    command = ("gcc", "-shared", "-nostdlib", "-s", "-e", "DllMainCRTStartup", "entry.c")
    tool(place, *command, "python3.def", "-o", str(place.python / "python3.dll"))


def project_requirements() -> str:
    """build/requirements.txt without what is of no use here; blocks begin at the left margin."""
    text = (ROOT / "build" / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return "".join(block for block in blocks if re.split("==|\n", block)[0] not in NOT_INSTALLED)


def install_packages(place: Place) -> None:
    """With pip inside Wine, so that the markers are judged by a Windows Python."""
    (place.work / "project.txt").write_text(project_requirements(), encoding="utf-8")
    command = [place.program("wpy"), "-m", "pip", "install", "-q", "--only-binary=:all:"]
    command += ["--no-deps", "--cache-dir", windows_path(place.downloads / "pip")]
    command += ["--require-hashes", "-r", windows_path(place.work / "project.txt")]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
