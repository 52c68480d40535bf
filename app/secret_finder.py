"""Where forms of secrets stand in a text. Quick where there are none, however many there are.

Searching for each form would cost one pass per form. Instead the text is sampled: every
form of at least `span` bytes holds one of the words that lie `stride` bytes apart, so one
pass that looks only these up in a set tells that none of the long forms is there.
"""

import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

_FIND = 245.0  # MB/s of one search, per byte of the form searched for (measured, CPython 3.11)


@dataclass(frozen=True, slots=True)
class _Sampling:
    """Words of `width` bytes, `stride` bytes apart."""

    width: int
    stride: int
    speed: float  # MB/s, measured; only the ratios matter

    @property
    def span(self) -> int:
        """Bytes of the shortest form that always holds a whole sampled word."""
        return self.stride + self.width - 1


_SAMPLINGS = (
    _Sampling(4, 4, 117.0),
    _Sampling(4, 8, 218.0),
    _Sampling(4, 12, 329.0),
    _Sampling(4, 16, 432.0),
    _Sampling(8, 24, 574.0),
    _Sampling(8, 32, 746.0),
)
_HEAD = 64  # characters up to which every beginning of a form is kept
_TYPES = {4: "I", 8: "Q"}


@dataclass(slots=True)
class Finder:
    """Knows forms; `add` may be called while others search."""

    longest: int = 0  # characters
    _forms: list[str] = field(default_factory=list)  # only appended to: others may iterate
    _known: set[str] = field(default_factory=set)
    _beginnings: set[str] = field(default_factory=set)  # of forms, up to _HEAD characters
    _inner: set[str] = field(default_factory=set)  # characters that a beginning ends with
    _long: list[str] = field(default_factory=list)  # forms longer than _HEAD
    _sampling: _Sampling | None = None
    _words: set[int] = field(default_factory=set)  # at any place of the long forms
    _holding: dict[int, list[str]] = field(default_factory=dict)  # word → forms with it
    _short: list[str] = field(default_factory=list)  # searched for one by one
    _tuned_for: int = 0  # forms at the time when the sampling was chosen

    def add(self, forms: Iterable[str]) -> None:
        """Know these forms too."""
        new = sorted(set(forms) - self._known)
        self._known.update(new)
        for form in new:
            self._learn_beginning(form)
        self._forms.extend(new)
        self.longest = max([self.longest, *map(len, new)])
        if len(self._forms) > 2 * self._tuned_for:
            self._tune()
        else:
            self._sort_in(new)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the places of all forms, overlapping ones united, in order."""
        forms = [form for form in self._short if form in text]
        forms += self._sampled(text)
        found = [(start, start + len(form)) for form in forms for start in _places(form, text)]
        return united(sorted(found))

    def undecided(self, text: str) -> int:
        """Return how many characters at the end of `text` may be the beginning of a form."""
        if not text or text[-1] not in self._inner:
            return 0
        tail = text[-(self.longest - 1) :]
        long = max((_begun(form, tail) for form in self._long), default=0)
        if long:
            return long  # more than _HEAD
        sizes = range(min(_HEAD, len(tail)), 0, -1)
        return next((size for size in sizes if tail[-size:] in self._beginnings), 0)

    def _learn_beginning(self, form: str) -> None:
        inner = form[:-1]
        self._beginnings.update(inner[:size] for size in range(1, min(_HEAD, len(inner)) + 1))
        self._inner.update(inner)
        if len(form) > _HEAD:
            self._long.append(form)

    def _sampled(self, text: str) -> Iterable[str]:
        """Return the long forms of which a sampled word is in `text`; of most texts none."""
        sampling = self._sampling
        if sampling is None:
            return ()
        data = text.encode("utf-8", "surrogatepass")
        words = array(_TYPES[sampling.width])
        words.frombytes(memoryview(data)[: len(data) // sampling.width * sampling.width])
        sample = words[:: sampling.stride // sampling.width]
        if self._words.isdisjoint(sample):
            return ()
        return {form for word in self._words.intersection(sample) for form in self._holding[word]}

    def _tune(self) -> None:
        """Choose what is quickest for the forms there are."""
        self._tuned_for = len(self._forms)
        sizes = [len(form.encode("utf-8", "surrogatepass")) for form in self._forms]
        choices = [None, *_SAMPLINGS]
        self._sampling = min(choices, key=lambda sampling: _cost(sampling, sizes))
        self._words, self._holding, self._short = set(), {}, []
        self._sort_in(self._forms)

    def _sort_in(self, forms: Iterable[str]) -> None:
        sampling = self._sampling
        for form in forms:
            data = form.encode("utf-8", "surrogatepass")
            if sampling is None or len(data) < sampling.span:
                self._short.append(form)
                continue
            for at in range(len(data) - sampling.width + 1):
                word = int.from_bytes(data[at : at + sampling.width], sys.byteorder)
                self._holding.setdefault(word, []).append(form)
        self._words.update(self._holding)


def united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Unite overlapping spans, which come sorted."""
    result: list[tuple[int, int]] = []
    for start, end in spans:
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _cost(sampling: _Sampling | None, sizes: Iterable[int]) -> float:
    """Return seconds per MB of text."""
    span = sys.maxsize if sampling is None else sampling.span
    searched = sum(1 / (_FIND * size) for size in sizes if size < span)
    return searched + (0.0 if sampling is None else 1 / sampling.speed)


def _begun(form: str, tail: str) -> int:
    """Return how much of a long form, more than its head, the tail ends with."""
    head = form[:_HEAD]
    at = tail.find(head, max(0, len(tail) - len(form) + 1))
    while at >= 0 and not form.startswith(tail[at:]):
        at = tail.find(head, at + 1)
    return len(tail) - at if at >= 0 else 0


def _places(form: str, text: str) -> Iterable[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)
