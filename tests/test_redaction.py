"""Secrets out of every text."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redaction import MASK, Redactor


def knowing(*secrets: str) -> Redactor:
    """Return a redactor that knows `secrets`."""
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    return redactor


def test_literal_secret_is_masked_everywhere() -> None:
    """Every occurrence, also inside an address."""
    redactor = knowing("s3cret-token")
    text = "GET /ws/agent?token=s3cret-token (s3cret-token)"
    assert redactor.mask(text) == f"GET /ws/agent?token={MASK} ({MASK})"


def test_without_secrets_nothing_changes() -> None:
    """The empty redactor is harmless."""
    assert Redactor().mask("text") == "text"


def test_longer_secret_wins() -> None:
    """A secret that begins another one does not leave the other's tail behind."""
    assert knowing("secret", "secret-long").mask("secret-long secret") == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", ["", "  ", "abcde", " abcde "])
def test_short_secret_is_ignored(secret: str) -> None:
    """Masking it would eat ordinary words."""
    assert knowing(secret).mask("abcdefg") == "abcdefg"


@pytest.mark.parametrize("secret", ['p/ä"s s%\\word', "ghp_0123456789abcdef", "密码密码密码密码"])
def test_forms(secret: str) -> None:
    """URL-quoted, JSON and base64 forms, alone or behind a user name, are masked as well."""
    redactor = knowing(secret)
    for user in ("", "u:", "me:", "git:"):
        data = f"{user}{secret}:x".encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            assert MASK in redactor.mask(encode(data).decode())
    for text in (
        quote(secret),
        quote(secret, safe=""),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
    ):
        masked = redactor.mask(text)
        assert masked.strip('"') == MASK


@given(
    st.text(min_size=6).filter(lambda s: len(s.strip()) >= 6 and MASK not in s),
    st.text(),
    st.text(),
)
def test_masked_text_never_holds_the_secret(secret: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    redactor = knowing(secret)
    assert MASK in redactor.mask(before + secret + after)
