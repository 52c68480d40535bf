"""Code pages: in which encodings programs of this computer speak, and scripts are written."""

import codecs
import locale
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

_POSIX_INLINE = 100_000  # bytes of `sh -c` text; Linux allows 128 KiB for one argument
_CHINESE = {"cp936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}  # its supersets
_UTF8_PAGE = 65001
# The first word of a command, at the start of a line or behind && || &.
_COMMAND_WORD = re.compile(r'(?m)(^|&&?|\|\|)([ \t@(]*)("[^"\n]+"|[^\s"&|<>()^%!]+)')
# Without it `program || exit /b` in the script ends cmd with 0. The caret keeps the variable
# unexpanded until `call` runs, after the script. The "@" in front of the script makes cmd keep
# the quotes of its path, which it would strip when "&" is in it.
_EXIT = ("&", "call", "exit", "%^errorlevel%")
_BATCH = (".bat", ".cmd")
_SCRIPT_PREFIX = "ats command "

if sys.platform == "win32":
    import ctypes

    def _console_page() -> int:
        """The code page of a new console, hidden ones included: the system's OEM page."""
        return int(ctypes.windll.kernel32.GetOEMCP())

else:

    def _console_page() -> int:
        return _UTF8_PAGE


def output_encodings() -> tuple[str, ...]:
    """Return the encodings to try, in order, for output that is not UTF-8; often none."""
    return _usable([f"cp{_console_page()}", locale.getencoding(), _of_language()])


def script_encoding() -> str:
    """Return the encoding in which cmd.exe of a new console reads a .cmd file."""
    return (*_usable([f"cp{_console_page()}"]), "utf-8")[0]


def shell_argv(text: str, folder: Path, cwd: Path | None = None) -> list[str]:
    """Return the program that runs `text` in this system's shell, whole, every line of it.

    It is to run in `cwd` (None: in `folder`). `folder` takes the script where one is needed:
    always on Windows (cmd /c drops all lines but the first), elsewhere for texts too long for
    an argument. Raises OSError when it cannot be written and ValueError when the text is not
    encodable.
    """
    if sys.platform == "win32":
        script = _write_script(folder, ".cmd", cmd_script(text, cwd or folder))
        return [os.environ.get("COMSPEC", "cmd.exe"), "/d", "/c", "@", str(script), *_EXIT]
    else:  # noqa: RET505 (mypy would call the rest unreachable on the other platform)
        data = os.fsencode(text)
        if len(data) <= _POSIX_INLINE:
            return ["/bin/sh", "-c", "--", text]  # a text may begin with "-"
        return ["/bin/sh", str(_write_script(folder, ".sh", data))]


def written_script(argv: Sequence[str], folder: Path) -> Path | None:
    """Return the file that `shell_argv` wrote to `folder` for this command line, if it did."""
    paths = (Path(word) for word in argv if _SCRIPT_PREFIX in word)
    scripts = (path for path in paths if path.parent == folder)
    return next((path for path in scripts if path.name.startswith(_SCRIPT_PREFIX)), None)


def cmd_script(text: str, folder: Path) -> bytes:
    """Return the .cmd file for `text`, in the console's code page or, where that fails, UTF-8.

    A batch file started without `call` never comes back, so the rest of the text would not
    run; npm, mvn and their like are batch files.
    """
    lines = _COMMAND_WORD.sub(lambda found: _called(found, folder), text).splitlines()
    body = "\r\n".join(["@echo off", *lines, ""])
    try:
        return body.encode(script_encoding())
    except UnicodeEncodeError:
        return b"@chcp 65001 >nul\r\n" + body.encode("utf-8")


def _called(found: "re.Match[str]", folder: Path) -> str:
    before, space, word = found.groups()
    call = "call " if _is_batch(word.strip('"'), folder) else ""
    return f"{before}{space}{call}{word}"


def _is_batch(word: str, folder: Path) -> bool:
    """Tell whether cmd would find a batch file under `word`, seen from `folder` and PATH."""
    if word.lower().endswith(_BATCH):
        return True
    places = [folder]
    if not re.search(r"[\\/:]", word):
        places += [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep) if place]
    endings = os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").lower().split(";")
    for place in places:
        for ending in endings:
            if Path(f"{place / word}{ending}").is_file():
                return ending in _BATCH
    return False


def _write_script(folder: Path, suffix: str, content: bytes) -> Path:
    """Write a new file; the space in its name makes sure that it gets quoted on Windows."""
    fd, name = tempfile.mkstemp(suffix=suffix, prefix=_SCRIPT_PREFIX, dir=folder)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
    return Path(name)


def _usable(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that Python knows and that add something to UTF-8, each once."""
    found: dict[str, None] = {}
    for name in names:
        try:
            plain = codecs.lookup(name).name
        except LookupError:  # "" or an exotic code page
            continue
        if plain not in ("utf-8", "ascii"):
            found[_CHINESE.get(plain, plain)] = None
    return tuple(found)


def _of_language() -> str:
    """The old encoding of a Chinese locale: its programs may use it though the locale is UTF-8."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    language = next(filter(None, names), "").lower()
    if language.startswith(("zh_tw", "zh_hk")):
        return "big5hkscs"
    return "gb18030" if language.startswith("zh") else ""
