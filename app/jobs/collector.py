"""The result files of one run: found, followed while they grow, and judged at the end.

Only files written after `note_old` count. The platform's own files are always looked for, and
what they and other formats say of one test is put together (app.jobs.cases).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.i18n import _
from app.jobs.patterns import (
    DEFAULT_PATTERNS,
    PLATFORM_FILES,
    Finder,
    Pattern,
    PatternError,
    parse_pattern,
    regular_stat,
)
from app.jobs.result_file import REST, ResultFile, Signature, signature
from app.jobs.results.findings import Findings
from app.jobs.results.items import MAX_ITEMS, TestItem

SCAN_EVERY = 0.5  # seconds at least between two looks for new files
SCAN_REST = 10.0  # times as long as a look took until the next one
_LONGEST_REST = 10.0  # seconds between two polls that do something
_SHOWN = 20  # problems and names that are spelt out


class Collector:
    """Follows the result files below `cwd`; every method blocks and is called in a thread.

    `patterns`: globs of `.ats.yml` or the configuration; without any, where the usual tools
    write. One that is refused is named among the problems. `mask` takes secrets out of a
    file's text.
    """

    def __init__(
        self,
        cwd: Path,
        patterns: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._cwd = cwd
        self._mask = mask
        self._clock = clock
        self._wished = tuple(patterns)
        self._problems: list[str] = []
        checked = self._check(patterns or DEFAULT_PATTERNS)
        self._plain = [*PLATFORM_FILES, *("/".join(p.parts) for p in checked if p.is_plain)]
        self._finder = Finder(cwd, [p for p in checked if not p.is_plain], clock)
        self._old: dict[str, Signature] = {}
        self._files: dict[str, ResultFile] = {}
        self._next_scan = self._next_poll = clock()
        self._is_cut = False

    def note_old(self) -> None:
        """Remember the files that are there before the command starts."""
        for name in (*self._plain, *self._scan()):
            facts = regular_stat(self._cwd / name)
            if facts is not None:
                self._old[name] = signature(facts)

    def poll(self) -> list[TestItem]:
        """Return the tests that are new or changed since the last call; cheap when none are."""
        began = self._clock()
        if began < self._next_poll:
            return []
        self._find(look=began >= self._next_scan)
        items = self._look(last=False)
        rest = REST * (self._clock() - began)
        self._next_poll = self._clock() + min(_LONGEST_REST, rest)
        return items

    def finish(self) -> Findings:
        """Look for the last time, after the command's end, and say what is to be said."""
        self._find(look=True)
        items = self._look(last=True)
        seen = [file for file in self._files.values() if file.is_fresh and self._counts(file)]
        problems = [*self._problems, *self._file_problems(seen), *self._search_problems(seen)]
        return Findings(
            items=tuple(items),
            files_seen=tuple(file.name for file in seen),
            problems=tuple(problems[:_SHOWN]),
        )

    # ------------------------------------------------------------------------- looking

    def _check(self, patterns: Sequence[str]) -> list[Pattern]:
        checked = []
        for text in patterns:
            try:
                checked.append(parse_pattern(text))
            except PatternError as why:
                problem = _("The pattern {pattern} is not used: {why}.")
                self._problems.append(problem.format(pattern=repr(text[:80]), why=why))
        return checked

    def _scan(self) -> list[str]:
        began = self._clock()
        scan = self._finder.scan()
        self._is_cut = self._is_cut or scan.cut
        spent = self._clock() - began
        self._next_scan = self._clock() + max(SCAN_EVERY, SCAN_REST * spent)
        return list(scan.files)

    def _find(self, *, look: bool) -> None:
        for name in (*self._plain, *(self._scan() if look else ())):
            if name not in self._files:
                self._files[name] = ResultFile(self._cwd, name, self._old.get(name), self._mask)

    def _look(self, *, last: bool) -> list[TestItem]:
        items: list[TestItem] = []
        total = self._total
        for file in self._files.values():
            if total >= MAX_ITEMS and not file.item_count:
                continue
            before = file.item_count
            items.extend(file.look(self._clock, last=last))
            total += file.item_count - before
        return items

    @property
    def _total(self) -> int:
        return sum(file.item_count for file in self._files.values())

    # ------------------------------------------------------------------------- judging

    def _counts(self, file: ResultFile) -> bool:
        """Whether a file is a result file: what it holds says so, or a pattern of the user."""
        return file.reading is not None or bool(file.item_count) or self._is_wished(file)

    def _is_wished(self, file: ResultFile) -> bool:
        return bool(self._wished) and file.name not in PLATFORM_FILES

    def _file_problems(self, seen: list[ResultFile]) -> list[str]:
        texts = []
        for file in seen:
            unknown = "" if file.reading is not None else _("it is of no known result format")
            problem = file.problem or unknown
            if problem:
                text = _("Result file {name}: {problem}.")
                texts.append(text.format(name=file.name, problem=problem))
        return texts

    def _search_problems(self, seen: list[ResultFile]) -> list[str]:
        texts = []
        if self._is_cut:
            texts.append(_("There are too many files to look through for results: name them."))
        if self._total >= MAX_ITEMS:
            texts.append(_("Only the first {count} tests are read.").format(count=MAX_ITEMS))
        if self._wished and not seen:
            names = ", ".join(self._wished[:_SHOWN])
            texts.append(_("No file of this run matches: {patterns}.").format(patterns=names))
        untouched = [file.name for file in self._files.values() if file.is_untouched]
        if untouched and not seen:
            text = _("Result files of an earlier run were not written anew: {names}.")
            texts.append(text.format(names=", ".join(untouched[:_SHOWN])))
        return texts
