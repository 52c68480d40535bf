"""Which files may hold results: glob patterns below one folder, and a bounded look for them."""

import fnmatch
import itertools
import os
import re
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.i18n import _

MAX_PATTERNS = 100
_MAX_LENGTH = 500  # characters of one pattern
_MAX_DEPTH = 32  # folders
MAX_ENTRIES = 50_000  # files and folders looked at in one scan
MAX_SECONDS = 2.0  # one scan
MAX_FILES = 10_000  # result files
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_WILD = re.compile(r"[*?\[]")
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: Windows' other kind of link

PLATFORM_FILES = ("test_results.json", "xat/test_results.json")  # docs/protocol.md 9
DEFAULT_PATTERNS = (
    "*junit*.xml",
    "*xunit*.xml",
    "TEST-*.xml",
    "report.xml",
    "results.xml",
    "test-results.xml",
    "test_results.xml",
    "test-report.xml",
    "test-results/**/*.xml",
    "test_results/**/*.xml",
    "test-reports/**/*.xml",
    "test-output/junitreports/*.xml",
    "reports/**/*.xml",
    "report/**/*.xml",
    "results/**/*.xml",
    "target/surefire-reports/TEST-*.xml",
    "target/failsafe-reports/TEST-*.xml",
    "*/target/surefire-reports/TEST-*.xml",
    "*/target/failsafe-reports/TEST-*.xml",
    "build/test-results/**/TEST-*.xml",
    "*/build/test-results/**/TEST-*.xml",
    "build/*junit*.xml",
    "*reportlog*.json*",
    "*report-log*.json*",
    "*.reportlog",
    "reports/*reportlog*.json*",
)


class PatternError(ValueError):
    """A pattern is refused; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern: one part per folder and the last for the file; "**" is any depth."""

    text: str
    parts: tuple[str, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it names one file, without wildcards."""
        return not any(_WILD.search(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look found: paths relative to the folder with "/" → the file."""

    files: dict[str, Path]
    cut: bool  # a limit was reached: there may be more


def parse_pattern(text: str) -> Pattern:
    """Check one pattern: relative, inside the folder, "/" or a backslash between its parts.

    A final "/" means everything below. Raises PatternError.
    """
    if not text.strip():
        raise PatternError(_("it is empty"))
    if len(text) > _MAX_LENGTH or any(ord(char) < ord(" ") for char in text):
        raise PatternError(_("it is too long or holds control characters"))
    plain = text.strip().replace("\\", "/")
    if plain.startswith(("/", "~")) or ":" in plain:
        raise PatternError(_("it must be relative to the folder that the command runs in"))
    parts = [part for part in plain.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise PatternError(_("it leads out of the folder with '..'"))
    if plain.endswith("/"):
        parts.append("**")
    if not parts or len(parts) > _MAX_DEPTH:
        raise PatternError(_("it names no file"))
    return Pattern(text.strip(), tuple(parts))


class Finder:
    """Looks for the files of some patterns below one folder; follows no link that leads out."""

    def __init__(self, root: Path, patterns: Sequence[Pattern], clock: Callable[[], float]) -> None:
        self._root = root
        self._parts = [pattern.parts for pattern in patterns[:MAX_PATTERNS]]
        self._clock = clock

    def scan(self) -> Scan:
        """Look once, the upper folders first; what cannot be read is passed over."""
        files: dict[str, Path] = {}
        until = self._clock() + MAX_SECONDS
        waiting = deque([("", self._begin())])
        entries = 0
        while waiting:
            where, places = waiting.popleft()
            for entry in self._entries(where):
                entries += 1
                if entries > MAX_ENTRIES or len(files) >= MAX_FILES or self._clock() > until:
                    return Scan(files, cut=True)
                name = f"{where}/{entry.name}" if where else entry.name
                inner = self._below(places, entry)
                if inner and name.count("/") < _MAX_DEPTH:
                    waiting.append((name, inner))
                elif self._fits(places, entry):
                    files[name] = Path(entry.path)
        return Scan(files, cut=False)

    def _begin(self) -> "_Places":
        return _closed(frozenset((parts, 0) for parts in self._parts))

    def _entries(self, where: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / where) as entries:
                some = itertools.islice(entries, MAX_ENTRIES + 1)
                yield from sorted(some, key=lambda entry: entry.name)
        except (OSError, ValueError):
            return

    def _below(self, places: "_Places", entry: os.DirEntry[str]) -> "_Places":
        """Return where the patterns stand inside a folder; nothing to look for there: empty."""
        if not _is_folder(entry):
            return frozenset()
        link = _is_link(entry)
        if link and not is_inside(self._root, Path(entry.path)):
            return frozenset()
        inner = set()
        for parts, at in places:
            part = parts[at]
            if part == "**" and not link and not _is_skipped(entry.name):
                inner.add((parts, at))
            elif at + 1 < len(parts) and _matches(part, entry.name, folder=True, link=link):
                inner.add((parts, at + 1))
        return _closed(frozenset(inner))

    def _fits(self, places: "_Places", entry: os.DirEntry[str]) -> bool:
        return any(
            at + 1 == len(parts) and (parts[at] == "**" or _matches(parts[at], entry.name))
            for parts, at in places
        ) and _is_file(entry)


_Places = frozenset[tuple[tuple[str, ...], int]]  # a pattern's parts and how many are behind


def _closed(places: _Places) -> _Places:
    """Add the places reached when "**" stands for no folder at all."""
    found = set(places)
    for parts, start in places:
        at = start
        while parts[at] == "**" and at + 1 < len(parts):
            at += 1
            found.add((parts, at))
    return frozenset(found)


def _matches(part: str, name: str, *, folder: bool = False, link: bool = False) -> bool:
    """Compare as this system compares file names; a wildcard enters no hidden or linked folder."""
    if part == "**":
        return False
    if folder and _WILD.search(part) and (link or _is_skipped(name)):
        return False
    return fnmatch.fnmatch(name, part)


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()  # no pipe or device, which would block the reading
    except OSError:
        return False


def _is_link(entry: os.DirEntry[str]) -> bool:
    try:
        tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0)
        return entry.is_symlink() or tag == _JUNCTION
    except OSError:
        return True


def is_inside(root: Path, path: Path) -> bool:
    """Whether `path`, its links followed, is a file or folder below `root`."""
    try:
        found = os.path.realpath(path)
        return Path(found).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):
        return False


def regular_stat(path: Path) -> os.stat_result | None:
    """Return the facts of a regular file, or None."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None
