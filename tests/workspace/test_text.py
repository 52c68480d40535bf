"""Encodings, base64 and the size on the wire (app/workspace/text.py)."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workspace import text
from app.workspace.refused import RefusedError

BIG = text._PIECE + 1  # more than one piece


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "gbk", "GB18030", "utf-16", "latin-1", "big5"])
def test_text_encodings_are_known(name: str) -> None:
    """Every encoding of files that Python knows can be asked for, whatever its spelling."""
    assert text.decode(text.encode("文" if name != "latin-1" else "é", name), name)
    assert text.check_encoding(name)


@pytest.mark.parametrize(
    "name",
    ["", "nonsense", "hex", "zip", "rot13", "idna", "punycode", "undefined", "unicode_escape",
     "a" * 300, "../x", "os.path", "utf-8\0", "utf 8; rm"],
)  # fmt: skip
def test_other_encodings_are_refused(name: str) -> None:
    """What is no encoding of text files, or can be abused, is named in the refusal."""
    with pytest.raises(RefusedError, match="is unknown"):
        text.check_encoding(name)


def test_a_character_on_the_border_of_two_pieces() -> None:
    """Decoding in pieces gives what decoding at once gives."""
    content = "x" + "汉" * BIG
    for encoding in ("utf-8", "gbk", "utf-16"):
        assert text.decode(content.encode(encoding), encoding) == content
        assert text.encode(content, encoding) == content.encode(encoding)


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"text\0with nul", "汉".encode()[:2]])
def test_what_is_no_text(data: bytes) -> None:
    """Undecodable bytes, a NUL and a cut character make it binary."""
    assert text.decode(data, "utf-8") is None


def test_a_character_that_the_encoding_lacks_is_named() -> None:
    """The refusal says which one."""
    with pytest.raises(RefusedError, match="'汉'"):
        text.encode("a汉", "latin-1")


def test_base64_in_pieces_and_back() -> None:
    """It is one valid base64 text, and line breaks in it are accepted."""
    data = bytes(range(256)) * (BIG // 200)
    assert text.to_base64(data) == base64.b64encode(data).decode()
    assert text.from_base64(base64.encodebytes(data).decode()) == data


@pytest.mark.parametrize("content", ["a", "ab=c", "汉字", "!!!!", "YQ", "YQ==YQ=="])
def test_broken_base64_is_refused(content: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(RefusedError, match="base64"):
        text.from_base64(content)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_size_on_the_wire_is_exact(content: str) -> None:
    """It is what the encoder of frames makes of it."""
    frame = json.dumps(content, ensure_ascii=False).encode()
    assert text.wire_size(content) == len(frame) - 2


def test_half_a_character_has_no_size() -> None:
    """UTF-8 cannot say a lone surrogate."""
    assert text.wire_size("a\ud800") is None
