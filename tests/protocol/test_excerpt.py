"""No part of a secret in what is logged of a frame (app/protocol/excerpt.py)."""

import json
import time

import pytest

from app.protocol import codec
from app.protocol.excerpt import WINDOW, excerpt
from app.protocol.messages import Malformed, Unknown

TOKEN = "Zk3_vQ9-aB7xLm2RtY5uWc8NdE1fGh4JiKoPqSsTzXy"  # 43 characters
PARTS = {TOKEN[at : at + 5] for at in range(len(TOKEN) - 4)}


def shows_part(text: str) -> bool:
    """Tell whether more than four characters in a row of the token are in `text`."""
    return any(part in text for part in PARTS)


@pytest.mark.parametrize("before", ["", "{", '"x" "y", ' * 300, "ab " * 900])
def test_a_token_across_a_cut_is_not_shown(before: str) -> None:
    """Wherever a bare token stands, at the cut of the excerpt or of the window."""
    for cut in (codec.EXCERPT, WINDOW):
        for at in range(cut - 50, cut + 5):
            text = before[:at].ljust(at, ".") + TOKEN + " and more" * 300
            assert not shows_part(excerpt(text, codec.EXCERPT))
            assert not shows_part(excerpt(text, WINDOW))
            said = codec.decode(text)
            assert isinstance(said, Malformed)
            assert not shows_part(said.excerpt)
            assert not shows_part(codec.decode(text.encode()).excerpt)  # type: ignore[union-attr]


def test_masking_does_not_draw_a_cut_token_into_the_excerpt() -> None:
    """What the masks save in length does not show what stands at the window's end."""
    for at in range(60):
        head = ('{"git_token": "' + "s" * (WINDOW - 100) + '", "x": "').ljust(WINDOW - at, ".")
        assert not shows_part(excerpt(head + TOKEN + '"}', codec.EXCERPT))


def test_an_unknown_type_shows_no_token() -> None:
    """Its cut is made after masking, too."""
    for at in range(110):
        said = codec.decode(json.dumps({"type": "." * at + TOKEN * 3}))
        assert isinstance(said, Unknown)
        assert not shows_part(said.type)


@pytest.mark.parametrize("secret", ["ghp_a", "p w", 'a"b', "a\\", "short-one", TOKEN, "密码"])
@pytest.mark.parametrize("name", ["git_token", "API-KEY", "password", "client_secret"])
def test_a_named_secret_is_never_shown(name: str, secret: str) -> None:
    """Not even a short one, wherever the frame breaks off."""
    text = json.dumps({"type": "execute_test_suite", name: "\0" + secret}, ensure_ascii=False)
    plain = excerpt(text, codec.EXCERPT)
    assert plain == f'{{"type": "execute_test_suite", "{name}": ***}}'
    for end in range(len(text)):
        assert plain.startswith(excerpt(text[:end], codec.EXCERPT).rstrip("}")), text[:end]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git_token=abc&x=1", "git_token=***&x=1"),
        ("{'token': 'a b', 'x': 1}", "{'token': ***, 'x': 1}"),
        (r'"{\"token\": \"abc\", \"x\": 1}"', r'"{\"token\": ***\", \"x\": 1}"'),
        ('"https://me:pw@host/x.git"', '"https://***@host/x.git"'),
        ('{"api_key": 1234, "x": 5}', '{"api_key": ***, "x": 5}'),
    ],
)
def test_other_ways_to_write_a_secret(text: str, shown: str) -> None:
    """Addresses, JSON inside JSON and what only looks like JSON are covered as well."""
    assert excerpt(text, codec.EXCERPT) == shown


def test_a_malformed_suite_does_not_show_its_git_token() -> None:
    """The frame that carries a secret of somebody else is the one that matters."""
    frame = {"type": "execute_test_suite", "git_token": "hunter2", "suite_id": 5}
    said = codec.decode(json.dumps(frame))
    assert isinstance(said, Malformed)
    assert "hunter2" not in said.excerpt
    assert '"git_token": ***' in said.excerpt
    assert '"suite_id": 5' in said.excerpt


@pytest.mark.parametrize("hostile", ["token", "token ", 'token:"', "\\", "a_", "://", "key\\"])
def test_hostile_frames_cost_nothing(hostile: str) -> None:
    """No pattern takes long, whatever repeats."""
    began = time.perf_counter()
    excerpt(hostile * 10_000, codec.EXCERPT)
    assert time.perf_counter() - began < 0.5
