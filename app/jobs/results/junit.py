"""JUnit XML as pytest, Maven, Gradle, Jest, Robot Framework, GoogleTest, CTest and Node write it.

There is no one standard: suites nest or are missing, several roots may stand in one file, and
what is not a test case is passed over.
"""

import codecs

from app.i18n import _
from app.jobs.results.items import MAX_ITEMS, Reading, TestItem
from app.jobs.results.junit_case import Case
from app.jobs.results.xml_walk import StopReading, walk

_ROOTS = frozenset({"testsuites", "testsuite"})
_STARTS = (b"<", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff", b"\0<")  # text, or UTF-16 and 32


def read(data: bytes) -> Reading | None:
    """Return the tests in `data` up to where it breaks; None when this is another format."""
    if not data[:200].removeprefix(codecs.BOM_UTF8).lstrip().startswith(_STARTS):
        return None
    file = _File()
    problem = walk(data, file)
    if file.is_other or (problem and not file.has_root and len(data) > _HEADER):
        return None
    return Reading(
        tuple(file.items),
        whole=not problem and file.has_root,
        problem=problem or ("" if file.has_root else _("its end is missing")),
        unfinished=file.unfinished(),
    )


_HEADER = 1024  # bytes: with less, what has no element yet may still become a JUnit file


class _File:
    """The visitor that finds test cases."""

    def __init__(self) -> None:
        self.items: list[TestItem] = []
        self.has_root = False
        self.is_other = False
        self._suites: list[tuple[int, str]] = []
        self._case: Case | None = None
        self._case_depth = 0

    def start(self, name: str, attributes: dict[str, str], depth: int) -> None:
        name = name.lower()
        if not self.has_root:
            self._check_root(name)
        if self._case is not None:
            self._case.start(name, attributes, depth - self._case_depth)
        elif name == "testcase":
            self._case = Case(attributes, self._suites[-1][1] if self._suites else "")
            self._case_depth = depth
        elif name == "testsuite":
            self._suites.append((depth, attributes.get("name", "")))

    def end(self, name: str, depth: int) -> None:
        if self._case is not None:
            self._case.end(depth - self._case_depth)
            if depth == self._case_depth:
                self._add(self._case.item())
                self._case = None
        elif self._suites and self._suites[-1][0] == depth:
            self._suites.pop()

    def data(self, text: str) -> None:
        if self._case is not None:
            self._case.data(text)

    def unfinished(self) -> tuple[TestItem, ...]:
        """Return the case that the file breaks off in, if its failure is already there."""
        if self._case is None:
            return ()
        item = self._case.item()
        return (item,) if item.result.bad else ()

    def _check_root(self, name: str) -> None:
        self.has_root = True
        if name not in _ROOTS:
            self.is_other = True
            raise StopReading(name)

    def _add(self, item: TestItem) -> None:
        if len(self.items) >= MAX_ITEMS:
            raise StopReading(_("only its first {count} tests are read").format(count=MAX_ITEMS))
        self.items.append(item)
