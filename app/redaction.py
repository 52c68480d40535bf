"""Secrets out of every text that leaves the process."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

MASK = "***"
MIN_SECRET = 6  # characters; masking shorter ones would eat ordinary words
_MIN_FORM = 8  # characters of a base64 form, which is cut at both ends


class Redactor:
    """Knows the secrets and replaces each, in every form it may travel in, by `***`.

    `add` and the reading methods may be called from different threads.
    """

    def __init__(self) -> None:
        self._forms: frozenset[str] = frozenset()
        self._pattern = re.compile(r"(?!)")  # matches nothing

    def add(self, secret: str) -> None:
        """Mask `secret` from now on; one shorter than MIN_SECRET is ignored."""
        secret = secret.strip()
        if len(secret) < MIN_SECRET or secret in self._forms:
            return
        forms = self._forms | frozenset(_forms_of(secret))
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        self._forms = forms

    def mask(self, text: str) -> str:
        """Return `text` without the secrets."""
        return self._pattern.sub(MASK, text)


def _forms_of(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    for safe in ("", "/"):
        yield quote(data, safe=safe)
        yield re.sub("%..", lambda code: code[0].lower(), quote(data, safe=safe))
    yield quote_plus(data)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[str]:
    """Yield what is the same wherever `data` stands in an encoded text (`user:secret`, say)."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            text = encode(b"\0" * offset + data).decode("ascii")
            touched = (0, 2, 3)[offset]  # characters that hold bits of what stands before
            rest = (offset + len(data)) % 3
            end = len(text) - (0, 3, 2)[rest]  # padding, and the character it shares bits with
            if end - touched >= _MIN_FORM:
                yield text[touched:end]
