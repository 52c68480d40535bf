"""Tests of app.jobs.decoder."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.decoder import SEGMENT, Decoder

ENCODINGS = ("gb18030",)
CHINESE = "测试用例：登录成功，用时三秒。"


def decode(*pieces: bytes, encodings: tuple[str, ...] = ENCODINGS) -> str:
    """The text of `pieces`, fed one after the other."""
    decoder = Decoder(encodings)
    return "".join([*(decoder.feed(piece) for piece in pieces), decoder.flush()])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in the pieces between `places`."""
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
        st.text(alphabet=CHINESE, max_size=20).map(lambda text: text.encode("gbk")),
        st.sampled_from([b"", b"\r", b"\r\r", b"\xff\xfe", b"\xed\xa0\x80"]),
    ),
    max_size=12,
).map(b"\n".join)
CUTS = st.lists(st.integers(min_value=0, max_value=2_000), max_size=20)


@given(LINES, CUTS, st.sampled_from([(), ENCODINGS, ("cp936", "cp437"), ("cp932",)]))
def test_the_cuts_do_not_change_the_text(
    data: bytes, cuts: list[int], encodings: tuple[str, ...]
) -> None:
    """Any bytes, in any pieces, give the text of the whole, and never an error."""
    assert decode(*cut(data, cuts), encodings=encodings) == decode(data, encodings=encodings)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r")), min_size=1), CUTS)
def test_utf8_comes_out_as_it_went_in(lines: list[str], cuts: list[int]) -> None:
    """Text in UTF-8 is never taken for anything else."""
    text = "\n".join(lines)
    assert decode(*cut(text.encode("utf-8", "replace"), cuts)) == text.encode(
        "utf-8", "replace"
    ).decode("utf-8")


@given(st.text(alphabet=CHINESE + "abc ", min_size=1), CUTS)
def test_gbk_comes_out_right(text: str, cuts: list[int]) -> None:
    """A line that is not UTF-8 is read with the next encoding, beside UTF-8 neighbours."""
    text = CHINESE + text
    data = CHINESE.encode() + b"\r\n" + text.encode("gbk") + b"\r\n" + "é".encode()
    assert decode(*cut(data, cuts)) == f"{CHINESE}\n{text}\né"


def test_a_complete_line_does_not_wait() -> None:
    """What is complete comes out of the very feed that completed it."""
    decoder = Decoder()
    assert decoder.feed(b"one\ntw") == "one\n"
    assert decoder.held == 2
    assert decoder.feed(b"o\n") == "two\n"
    assert not decoder.held


def test_a_partial_line_keeps_half_a_character() -> None:
    """A prompt can be read before its line ends; a cut character or line end waits."""
    decoder = Decoder(ENCODINGS)
    assert decoder.feed("名前: é".encode()[:-1]) == ""
    assert decoder.partial() == "名前: "
    assert decoder.partial() == ""
    assert decoder.feed(b"\xa9\r") == ""
    assert decoder.partial() == "é"
    assert decoder.feed(b"\n") == "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("shift", [0, 1, 2])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_very_long_line_comes_in_segments(encoding: str, shift: int, end: bytes) -> None:
    """A line of any length is handed on piece by piece, each whole in its characters."""
    line = "x" * shift + "测" * (2 * SEGMENT)
    data = line.encode(encoding) + end
    decoder = Decoder(ENCODINGS)
    texts = [decoder.feed(data[at : at + 1_000]) for at in range(0, len(data), 1_000)]
    texts.append(decoder.flush())
    assert max(map(len, texts)) <= SEGMENT
    assert "".join(texts) == line + ("\n" if end else "") == decode(data)


@pytest.mark.parametrize("length", [SEGMENT - 2, SEGMENT - 1, SEGMENT, SEGMENT + 1])
def test_a_line_end_across_a_segment_is_one(length: int) -> None:
    """`\\r\\n` is one line end wherever a segment ends."""
    data = b"y" * length + b"\r\n"
    assert decode(*(bytes([byte]) for byte in data[-4:]), encodings=()) == "yy\n"
    assert decode(data[:-1], data[-1:]) == "y" * length + "\n"


def test_the_reading_with_the_least_damage_wins() -> None:
    """A line that no encoding can read keeps its readable part."""
    assert decode(b"ok \xff\xff ok\n") == "ok \ufffd\ufffd ok\n"
    broken = CHINESE.encode("gbk") + b"\xff"
    assert decode(broken) == f"{CHINESE}\ufffd"
