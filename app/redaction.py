"""Secrets out of every text that leaves the process."""

import re
import threading
from collections import Counter

from app.secret_finder import Finder, united
from app.secret_forms import Form, forms_of

MASK = "***"
_SECRET_NAME = re.compile(
    r"(?i)token|secret|passw|passphrase|(^|_|-)pwd($|_|-)|(^|_|-)pass($|_|-)|credential|auth(?!or)"
    r"|(api|access|private|signing|encryption)[_-]?key|(^|_)key$|cookie|session_?id|dsn"
    r"|connection_?string"
)


def looks_secret(name: str) -> bool:
    """Tell whether a variable of this name holds something that nobody should see."""
    return _SECRET_NAME.search(name) is not None


class Redactor:
    """Knows secrets and replaces each, in every form it may travel in, by `***`.

    Methods may be called from different threads. What is added to a scope is known to all,
    until the scope is closed.
    """

    def __init__(self, root: "Redactor | None" = None) -> None:
        self._root = self if root is None else root
        self._own: set[Form] = set()
        if root is None:
            self._lock = threading.Lock()
            self._counts: Counter[Form] = Counter()  # how many scopes know a form
            self._finder = Finder()

    def add(self, secret: str) -> None:
        """Mask `secret` from now on; one shorter than 6 characters is ignored."""
        forms = forms_of(secret)
        if forms:
            self._root._retain(self._own, forms)  # noqa: SLF001 (of this class)

    def scope(self) -> "Redactor":
        """Return a redactor for one job: what it is told is forgotten when it is closed."""
        return Redactor(self._root)

    def close(self) -> None:
        """Forget what was added here, unless somebody else added it too; safe to repeat."""
        own, self._own = self._own, set()
        if own:
            self._root._release(own)  # noqa: SLF001 (of this class)

    def mask(self, text: str) -> str:
        """Return `text` without the secrets."""
        spans = self.finder.spans(text)
        return _masked(text, spans) if spans else text

    def stream(self) -> "MaskStream":
        """Return what masks a text that comes in pieces."""
        return MaskStream(self)

    @property
    def finder(self) -> Finder:
        """What finds the secrets known now."""
        return self._root._finder  # noqa: SLF001 (of this class)

    def _retain(self, own: set[Form], forms: frozenset[Form]) -> None:
        with self._lock:
            added = forms - own  # a scope counts once, however often it is told the same
            own |= added
            new = [form for form in added if not self._counts[form]]
            self._counts.update(added)
            self._finder.add(new)

    def _release(self, forms: set[Form]) -> None:
        with self._lock:
            self._counts.subtract(forms)
            known = +self._counts
            if len(known) < len(self._counts):
                self._finder = Finder(known)
            self._counts = known


def mask_all(text: str, *redactors: Redactor) -> str:
    """Return `text` without the secrets that any of these knows."""
    spans = sorted(span for one in redactors for span in one.finder.spans(text))
    return _masked(text, united(spans)) if spans else text


class MaskStream:
    """Masks a text that comes in pieces: how it is cut never changes the result.

    It holds back what may be the beginning of a secret, until that is decided.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._covered = 0  # characters of `_held` that a mask already given stands for

    @property
    def holds(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def feed(self, text: str) -> str:
        """Take the next piece and return what is decided."""
        text = self._held + text
        finder = self._redactor.finder
        return self._give(text, finder, len(text) - finder.undecided(text))

    def flush(self) -> str:
        """Return the rest: the text has ended."""
        return self._give(self._held, self._redactor.finder, len(self._held))

    def _give(self, text: str, finder: Finder, end: int) -> str:
        """Give `text` up to `end`; a secret that goes on behind it is masked at once."""
        self._held = text[end:]
        if not end:
            return ""
        spans = finder.spans(text)
        covered, self._covered = self._covered, 0
        if covered:
            spans = united(sorted([(0, covered), *spans]))
        given = [span for span in spans if span[0] < end]
        if given and given[-1][1] > end:
            self._covered = given[-1][1] - end
            given[-1] = (given[-1][0], end)
        if not given:
            return text[:end]
        masked = _masked(text[:end], given)
        return masked.removeprefix(MASK) if covered else masked


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])
