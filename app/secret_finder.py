"""Where forms of secrets stand in a text. Quick where there are none, however many there are.

Searching for each form would cost one pass per form. Instead the text, without its line
ends, is read two characters at a time, as UTF-16 reads bytes. Whatever its place, a form then
holds two such pairs in a row that were chosen for it, rare ones where it has any; one
regular expression of two sets finds these anchors in a single pass.
"""

import re
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate

from app.secret_forms import LEAD, LONGEST, Form, flat

Span = tuple[int, int]
Core = tuple[str, str]  # a text that a form holds, and characters of it that logs seldom have

_ANCHOR = 4  # characters: two pairs
_PLACES = 8  # places of a form that are considered for its anchor
_LINE_END = re.compile("[\r\n]")
_WRAPPED = re.compile(rf"[^\r\n]{{{LEAD},}}(?:\r?\n[^\r\n]{{{LEAD},}})*\r?\n[^\r\n]+")
_OPEN = re.compile(rf"[^\r\n]{{{LEAD},}}(?:\r?\n[^\r\n]{{{LEAD},}})*(?:\r|\r?\n[^\r\n]*)")
_LONGEST_WRAPPED = LONGEST + 2 * LONGEST // LEAD  # characters, line ends included
_FIND = 245.0  # MB/s of one search, per character of what is searched for (measured)
_FEW = 0.002  # seconds per MB that searches may take; beyond that the anchors are quicker
_RARE = "QXZJKYVWHUBGFqzjxPMNDLCkvOwRTSIEA9876543210"  # in logs, the rarest first
_TELLING = 3  # rare characters of a core that are looked for before it is
_MANY = 64  # forms, of which it is not asked any more whether they are few
_KNOWN = 0.01  # how rare it is that a pair already in the set costs anything


class Finder:
    """Knows forms; while one thread adds some, others may search for what was known before."""

    def __init__(self, forms: Iterable[Form] = ()) -> None:
        self._lock = threading.Lock()  # of those who add and of whoever compiles after them
        self._forms: set[Form] = set()
        self._anchors: dict[str, list[tuple[int, Form]]] = {}
        self._firsts: set[str] = set()  # the first pairs of all anchors
        self._seconds: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._stale = False  # the pattern lacks some
        self._few: tuple[Core, ...] = ()  # so few that searching for each is quicker
        self._wide: list[Form] = []  # without an anchor: searched for where a text is not ASCII
        self._starts: set[str] = set()  # shorter than LEAD
        self._by_lead: dict[str, list[Form]] = {}
        self._inner: set[str] = set()  # what may stand before a break in a form that wraps
        self._many_lines = False
        self.add(forms)

    def add(self, forms: Iterable[Form]) -> None:
        """Know these forms too."""
        with self._lock:
            new = sorted(set(forms) - self._forms)
            self._forms.update(new)
            for form in new:
                self._learn_beginning(form)
                self._choose_anchors(form)
            self._stale = self._stale or bool(new)

    def spans(self, text: str) -> list[Span]:
        """Return the places of all forms, overlapping ones united, in order."""
        if self._stale:
            self._compile()
        cores = _possible(self._few, text)
        level = flat(text) if cores or not self._few else ""
        if self._few and not any(core in level for core in cores):
            return []
        found = [*self._anchored(level), *self._searched(level)]
        if not found:
            return []
        before = _line_ends(text)
        spans = []
        for at, form in found:
            last = at + len(form.flat) - 1
            span = at + bisect_right(before, at), last + bisect_right(before, last) + 1
            if _is_form(text[slice(*span)], form):
                spans.append(span)
        return united(sorted(spans))

    def undecided(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a form."""
        if not self._forms or not text:
            return 0
        return max(self._begun(text[1 - LONGEST :]), self._begun_wrapped(text[-_LONGEST_WRAPPED:]))

    def _begun(self, tail: str) -> int:
        """Return how much of one form, as it stands, the tail ends with."""
        start = 0 if self._many_lines else tail.rfind("\n") + 1
        for at in range(start, len(tail)):
            rest = tail[at:]
            if len(rest) < LEAD:
                if rest in self._starts:
                    return len(rest)
            elif any(_begins(form.text, rest) for form in self._by_lead.get(rest[:LEAD], ())):
                return len(rest)
        return 0

    def _begun_wrapped(self, tail: str) -> int:
        """Return how much of one form, in which there is a line end, the tail ends with."""
        last = max(tail.rfind("\n"), tail.rfind("\r"))
        if tail[:last].removesuffix("\r")[-LEAD:] not in self._inner:
            return 0  # of most texts, so that their last line is not held back
        for at in range(last - LEAD + 1):
            rest = tail[at:]
            if _OPEN.fullmatch(rest):
                level = flat(rest)
                forms = self._by_lead.get(level[:LEAD], ())
                if any(form.wraps and _begins(form.text, level) for form in forms):
                    return len(rest)
        return 0

    def _anchored(self, level: str) -> Iterator[tuple[int, Form]]:
        if self._pattern is None:
            return
        data = level.encode("ascii", "replace")  # one byte a character: places stay
        pairs = (data + b" " if len(data) % 2 else data).decode("utf-16-le")
        for match in self._pattern.finditer(pairs):
            at = match.start()
            for offset, form in self._anchors.get(pairs[at : at + 2], ()):
                start = 2 * at - offset
                if start >= 0 and level.startswith(form.flat, start):
                    yield start, form

    def _searched(self, level: str) -> Iterator[tuple[int, Form]]:
        if not self._wide or level.isascii():
            return
        for form in self._wide:
            at = level.find(form.flat)
            while at >= 0:
                yield at, form
                at = level.find(form.flat, at + 1)

    def _learn_beginning(self, form: Form) -> None:
        self._starts.update(form.text[:size] for size in range(1, LEAD))
        for lead in {form.text[:LEAD], form.flat[:LEAD]}:
            self._by_lead.setdefault(lead, []).append(form)
        if form.wraps:
            self._inner.update(form.text[at : at + LEAD] for at in range(len(form.text) - LEAD))
        self._many_lines = self._many_lines or "\n" in form.text

    def _choose_anchors(self, form: Form) -> None:
        """Remember one anchor for even places and one for odd ones."""
        text = form.flat
        chosen = [_anchor(text, parity, self._firsts, self._seconds) for parity in (0, 1)]
        places = [at for at in chosen if at is not None]
        if len(places) < len(chosen):
            self._wide.append(form)
            return
        for at in places:
            anchor = text[at : at + _ANCHOR]
            self._firsts.add(anchor[:2])
            self._seconds.add(anchor[2:])
            self._anchors.setdefault(_packed(anchor), []).append((at, form))

    def _compile(self) -> None:
        with self._lock:
            if self._firsts:
                first, second = _any_of(self._firsts), _any_of(self._seconds)
                self._pattern = re.compile(f"{first}(?={second})")
            few = len(self._forms) <= _MANY
            self._few = _cores(form.flat for form in self._forms) if few else ()
            self._stale = False


def united(spans: Iterable[Span]) -> list[Span]:
    """Unite overlapping spans, which come sorted."""
    result: list[Span] = []
    for start, end in spans:
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _line_ends(text: str) -> list[int]:
    """Return for each line end how many other characters stand before it."""
    lines = _LINE_END.split(text) if "\r" in text else text.split("\n")
    return list(accumulate(map(len, lines)))[:-1]


def _is_form(piece: str, form: Form) -> bool:
    """Tell whether a piece that is the form but for line ends is the form."""
    return piece == form.text or (form.wraps and _WRAPPED.fullmatch(piece) is not None)


def _begins(form: str, rest: str) -> bool:
    return len(rest) < len(form) and form.startswith(rest)


def _any_of(pairs: Iterable[str]) -> str:
    return f"[{''.join(re.escape(_packed(pair)) for pair in sorted(pairs))}]"


def _possible(cores: Iterable[Core], text: str) -> list[str]:
    """Return the cores of which `text` has all rare characters; to find one takes no time."""
    there: dict[str, bool] = {}
    possible = []
    for core, rare in cores:
        for character in rare:
            if character not in there:
                there[character] = character in text
            if not there[character]:
                break
        else:
            possible.append(core)
    return possible


def _rare(core: str) -> str:
    return "".join([character for character in _RARE if character in core][:_TELLING])


def _cores(texts: Iterable[str]) -> tuple[Core, ...]:
    """Return those that hold no other; none when they are too many to search for each."""
    cores: list[str] = []
    cost = 0.0
    for text in sorted(set(texts), key=len):
        if not any(core in text for core in cores):
            cores.append(text)
            cost += 1 / (_FIND * len(text))
        if cost > _FEW:
            return ()
    return tuple((core, _rare(core)) for core in cores)


def _packed(text: str) -> str:
    return text.encode("ascii").decode("utf-16-le")


def _anchor(text: str, parity: int, firsts: set[str], seconds: set[str]) -> int | None:
    """Return where in `text` its best anchor begins, at an even or at an odd place."""
    best, cheapest = None, 0.0
    for at in range(parity, min(len(text) - _ANCHOR + 1, parity + 2 * _PLACES), 2):
        first, second = text[at : at + 2], text[at + 2 : at + 4]
        if first.isascii() and second.isascii():
            cost = _KNOWN if first in firsts else _frequency(first)
            cost *= _KNOWN if second in seconds else _frequency(second)
            if best is None or cost < cheapest:
                best, cheapest = at, cost
    return best


_KINDS = (  # roughly how often two characters of these kinds stand side by side in logs, in 10⁻⁵
    ("ll", 30), ("dd", 30), ("pd", 15), ("dp", 15), ("lp", 10), ("pl", 10), ("uu", 10),
    ("pp", 20), ("ul", 6), ("ld", 6), ("dl", 6), ("up", 4), ("pu", 4), ("lu", 2), ("ud", 1),
    ("du", 1),
)  # fmt: skip
_FREQUENCIES = dict(_KINDS)


@cache
def _frequency(pair: str) -> int:
    return _FREQUENCIES["".join(map(_kind, pair))]


def _kind(character: str) -> str:
    if character.isdigit():
        return "d"
    if not character.isalpha():
        return "p"
    return "u" if character.isupper() else "l"
