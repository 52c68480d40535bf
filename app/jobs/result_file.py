"""One result file as it grows: read when it changed, and only what is new in it handed on."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from app.host.plain_file import open_plain
from app.i18n import _
from app.jobs.patterns import is_inside, regular_stat
from app.jobs.results.items import Reading, TestItem
from app.jobs.results.readers import read_results

MAX_BYTES = 64 * 2**20  # read of one file; the rest is left out, and a problem says so
REST = 4.0  # times as long as a reading took until the next one: at most a fifth of a core
LONGEST_REST = 5.0  # seconds

Signature = tuple[int, int, int, int]  # nanoseconds, bytes, inode, nanoseconds


def signature(facts: os.stat_result) -> Signature:
    """Return what changes when a file is written, whatever its clock says."""
    return facts.st_mtime_ns, facts.st_size, facts.st_ino, facts.st_ctime_ns


class ResultFile:
    """What is known of one file; `old` is its signature of before the run, if it was there."""

    def __init__(
        self, root: Path, name: str, old: Signature | None, mask: Callable[[str], str] = str
    ) -> None:
        self.name = name
        self._root = root
        self._path = root / name
        self._old = old
        self._mask = mask
        self._seen: Signature | None = None
        self._next = 0.0
        self._known: dict[tuple[str, int], int] = {}
        self.reading: Reading | None = None
        self.is_fresh = False  # this run has written it
        self.problem = ""

    @property
    def item_count(self) -> int:
        """How many tests it has shown so far."""
        return len(self._known)

    @property
    def is_untouched(self) -> bool:
        """Whether it is still the file of an earlier run."""
        return self._old is not None and not self.is_fresh

    def look(self, clock: Callable[[], float], *, last: bool = False) -> list[TestItem]:
        """Return the tests that are new or changed since the last look; blocking.

        `last`: nobody writes any more, so read once more whatever the file's time says, and
        take what was under way as well.
        """
        facts, began = regular_stat(self._path), clock()
        if facts is None or signature(facts) == self._old:
            return []
        self.is_fresh = True
        if not last and (signature(facts) == self._seen or began < self._next):
            return []
        data = self._read()
        if data is None:
            return []
        items = self._changed(self._understand(data), last=last)
        self._next = clock() + min(LONGEST_REST, REST * (clock() - began))
        return items

    def _read(self) -> bytes | None:
        if not is_inside(self._root, self._path):
            self.problem = _("it leads out of the folder through a link, so it is not read")
            return None
        try:
            with open_plain(self._path) as file:
                facts = os.fstat(file.fileno())
                self._seen = signature(facts)
                data = file.read(min(facts.st_size, MAX_BYTES) + 1)
        except OSError as why:
            self._seen = None
            self.problem = _("it cannot be read: {why}").format(why=why.strerror or why)
            return None
        self.problem = ""
        return self._masked(data)

    def _masked(self, data: bytes) -> bytes:
        """Take secrets out before any text is cut: what is left of one would not be found."""
        text = data.decode("utf-8", "surrogateescape")
        masked = self._mask(text)
        return data if masked is text else masked.encode("utf-8", "surrogateescape")

    def _understand(self, data: bytes) -> Reading | None:
        if not data.strip():
            self.reading = Reading((), whole=False, problem=_("it is empty"))
            return self.reading
        self.reading = read_results(data[:MAX_BYTES])
        if self.reading is not None and len(data) > MAX_BYTES:
            text = _("it is larger than {limit} MiB; the rest is not read")
            self.problem = text.format(limit=MAX_BYTES // 2**20)
        return self.reading

    def _changed(self, reading: Reading | None, *, last: bool) -> list[TestItem]:
        if reading is None:
            return []
        if not self.problem and not reading.whole:
            self.problem = reading.problem
        ordinals: Counter[str] = Counter()
        changed = []
        for item in (*reading.items, *(reading.unfinished if last else ())):
            ordinals[item.name] += 1
            key, print_ = (item.name, ordinals[item.name]), hash(item)
            if self._known.get(key) != print_:
                self._known[key] = print_
                changed.append(item)
        return changed
