"""Secrets out of every text."""

import base64
import html
import json
import random
import sys
import threading
from string import ascii_letters
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redaction import MASK, Redactor, looks_secret, mask_all
from app.secret_forms import LEAD, flat, forms_of


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
        quote(secret, safe="!'()*"),
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        json.dumps(secret).replace('\\"', "\\u0022"),
        html.escape(secret),
    ):
        masked = redactor.mask(text)
        assert masked.strip('"') == MASK


@pytest.mark.slow
@given(
    st.text(min_size=6).filter(lambda s: len(flat(s.strip())) >= 6 and MASK not in s),
    st.text(),
    st.text(),
)
def test_masked_text_never_holds_the_secret(secret: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    redactor = knowing(secret)
    assert MASK in redactor.mask(before + secret + after)


LINES = "abc123\nxyz-789-xyz\n-----END KEY-----"


def test_secret_of_several_lines() -> None:
    """As a whole, with either line end, and each telling line on its own."""
    redactor = knowing(LINES)
    assert redactor.mask(f"<{LINES}>") == f"<{MASK}>"
    assert redactor.mask(LINES.replace("\n", "\r\n")) == MASK
    assert redactor.mask("only xyz-789-xyz here") == f"only {MASK} here"
    assert redactor.mask("-----END KEY----- abc123") == "-----END KEY----- abc123"


def test_overlapping_secrets_leave_no_part() -> None:
    """All that any of them covers is gone."""
    assert knowing("abcdefgh", "efghijkl").mask("_abcdefghijkl_") == f"_{MASK}_"
    assert knowing("abcabcabc").mask("abcabcabcabc") == MASK


def test_scopes_count() -> None:
    """Two jobs with one secret do not unmask each other; the root's own stay."""
    root = knowing("root-secret")
    one, two = root.scope(), root.scope()
    one.add("shared-secret")
    two.add("shared-secret")
    one.close()
    one.close()
    assert two.mask("shared-secret root-secret") == f"{MASK} {MASK}"
    two.close()
    assert root.mask("shared-secret root-secret") == f"shared-secret {MASK}"


def test_a_secret_that_is_told_again_costs_nothing() -> None:
    """Every change of the settings tells the token anew, of an agent that runs for months."""
    root = knowing("root-secret")
    known, counts = len(root._own), dict(root._counts)
    job = root.scope()
    for _time in range(3):
        root.add("root-secret")
        job.add("root-secret")
    assert len(root._own) == known
    job.close()
    assert root._counts == counts
    assert root.mask("root-secret") == MASK


@pytest.mark.parametrize("count", [1, 3, 10, 40, 200])
@pytest.mark.parametrize("size", [6, 9, 14, 30, 43, 90])
def test_any_number_of_secrets_is_found_anywhere(count: int, size: int) -> None:
    """Whatever way of searching is chosen for them, at every place of a text."""
    draw = random.Random(count * size)  # noqa: S311 (no secrets of anybody)
    secrets = ["".join(draw.choices(ascii_letters, k=size)) for _ in range(count)]
    redactor = knowing(*secrets)
    for shift in range(40):
        secret = draw.choice(secrets)
        text = "密" * (shift % 3) + "." * shift + secret + "." * draw.randint(0, 40)
        assert redactor.mask(text) == text.replace(secret, MASK)


SMALL = st.text("ab\n", min_size=6, max_size=14)


@given(st.lists(SMALL, min_size=1, max_size=4), st.text("ab\nx", max_size=80), st.data())
def test_a_stream_masks_as_the_whole(secrets: list[str], text: str, data: st.DataObject) -> None:
    """However it is cut."""
    redactor = knowing(*secrets)
    text += secrets[0] + secrets[-1]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    stream = redactor.stream()
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(map(stream.feed, pieces)) + stream.flush() == redactor.mask(text)


@given(st.integers(0, 60), st.integers(40, 80), st.sampled_from(["\n", "\r\n"]), st.data())
def test_wrapped_base64(before: int, width: int, end: str, data: st.DataObject) -> None:
    """Of a secret in an encoded text that wraps at any width no more than LEAD characters stay."""
    secret = "glpat-AbC123xyz_890:of+somebody"
    redactor = knowing(secret)
    code = base64.b64encode(b"x" * before + secret.encode()).decode()
    text = end.join(code[at : at + width] for at in range(0, len(code), width))
    masked = redactor.mask(text + end)
    assert masked.count(MASK) == 1
    assert len(masked) <= (before * 4 // 3) + 2 * len(end) + len(MASK) + LEAD + 6
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    stream = redactor.stream()
    assert "".join(map(stream.feed, [*pieces, end])) + stream.flush() == masked


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_base64_of_the_shortest_secret(before: str) -> None:
    """Six characters are found at each place of a group."""
    code = base64.b64encode(f"{before}Zq7!xW:tail".encode()).decode()
    assert MASK in knowing("Zq7!xW").mask(code)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_long_secret_leaves_no_part(encoding: str) -> None:
    """Where the beginning or the end of an encoded key is cut off, the rest is masked."""
    draw = random.Random(3)  # noqa: S311 (no secrets of anybody)
    key = "\n".join("".join(draw.choices(ascii_letters, k=64)) for _ in range(7)) + "\nend="
    code = base64.b64encode(key.encode(encoding)).decode()
    redactor = knowing(key)
    assert redactor.mask(code).rstrip("=A0CQZgw") == MASK
    assert len(redactor.mask(code[90:-90])) < 64 + len(MASK)
    wrapped = "\n".join(code[at : at + 76] for at in range(0, len(code), 76))
    assert redactor.mask(wrapped).rstrip("=A0CQZgw") == MASK


def test_a_line_that_only_looks_like_a_beginning_is_shown() -> None:
    """A log stays live: a complete line waits only when its end may really be a secret's."""
    stream = knowing("ghp_16C7e42F292c6912E7710c838347Ae178B4a").stream()
    for letter in ascii_letters:
        assert stream.feed(f"line {letter}\n") == f"line {letter}\n"
    assert stream.feed("user ghp_16C7\n") == "user ghp_16C7\n"
    assert stream.feed("user ghp_16C7") == "user "


def test_adding_never_uncovers_another_secret() -> None:
    """A thread that logs masks the token while another one adds and forgets secrets."""
    redactor = knowing("the-agents-own-token")
    leaks, ended = [], threading.Event()

    def read() -> None:
        while not ended.is_set():
            leaks.append("token" in redactor.mask("GET the-agents-own-token"))

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(10):
            scope = redactor.scope()
            for number in range(10):
                scope.add(f"secret-of-a-job-{turn}-{number}")
            scope.close()
    finally:
        sys.setswitchinterval(switch)
        ended.set()
        reader.join()
    assert not any(leaks)


def test_what_is_held_back_is_bounded() -> None:
    """Endless repetition of a secret's beginning neither grows nor leaks."""
    stream = knowing("ab" * 20).stream()
    for _turn in range(2000):
        stream.feed("ab" * 50)
        assert len(stream._held) <= 40


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_leak_in_a_million_random_splits() -> None:
    """Secrets in every form, amid noise, cut at random: what comes out is the masked whole."""
    draw = random.Random(2026)  # noqa: S311 (no secrets of anybody)
    secrets = ["glpat-AbC123xyz_890", "p/ä s%w&d+12", "first-line1\nsecond-line2", "q" * 9]
    redactor = knowing(*secrets)
    forms = sorted({form.text for secret in secrets for form in forms_of(secret)})
    splits = 0
    while splits < 1_000_000:
        words = (draw.choice(forms)[draw.choice((0, 0, 0, 1, 3)) :] for _ in range(40))
        text = draw.choice(("", " ", "\n", "密")).join(words)
        stream, at, pieces = redactor.stream(), 0, []
        while at < len(text):
            size = draw.choice((1, 1, 1, 2, 3))
            pieces.append(stream.feed(text[at : at + size]))
            at, splits = at + size, splits + 1
        assert "".join(pieces) + stream.flush() == redactor.mask(text)
        assert not any(form in redactor.mask(text) for form in forms)


@pytest.mark.parametrize(
    "name",
    [
        "GITLAB_TOKEN",
        "db_password",
        "MY_SECRET",
        "API_KEY",
        "apikey",
        "PGPASSWORD",
        "AUTH",
        "DB_PWD",
    ],
)
def test_names_of_secrets(name: str) -> None:
    """Variables with such names hold what nobody should see."""
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["PATH", "GIT_AUTHOR_NAME", "KEYBOARD", "DEMO_NAME", "MONKEY"])
def test_names_of_other_things(name: str) -> None:
    """Masking these would make logs unreadable."""
    assert not looks_secret(name)


def test_secrets_of_several_are_masked_together() -> None:
    """Where secrets of two redactors overlap, no end of either is left."""
    one, other = Redactor(), Redactor()
    one.add("secret-abc")
    other.add("abc-secret")
    assert mask_all("x secret-abc-secret y", one, other) == "x *** y"
    assert mask_all("nothing", one, other) == "nothing"
