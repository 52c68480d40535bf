"""Words for the person in the terminal."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.terminal import clipped, harmless, put, say, shortened, tolerant, width, wrapped


def test_to_the_right_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """Words go to stdout, errors to stderr."""
    say("yes")
    say("no", error=True)
    assert capsys.readouterr() == ("yes\n", "no\n")


def test_without_a_newline(capsys: pytest.CaptureFixture[str]) -> None:
    """A line may come in pieces."""
    put("a")
    put("b\n")
    assert capsys.readouterr().out == "ab\n"


def test_chinese_takes_two_columns() -> None:
    """Columns are counted as a terminal shows them."""
    assert width("内存 a") == 6
    assert clipped("内存", 3) == "内"
    assert clipped("ab", 2) == "ab"


def test_wrapping() -> None:
    """Lines break at spaces and between Chinese characters, never before a full stop."""
    assert wrapped("It has expired. Renew it.", 15) == ["It has expired.", "Renew it."]
    assert wrapped("请复制当前的令牌，再用它启动。", 10) == [
        "请复制当前",
        "的令牌，再",
        "用它启动。",
    ]
    assert wrapped("请复制令牌，再启动。", 10) == ["请复制令", "牌，再启", "动。"]
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrapped("", 10) == []


@pytest.mark.slow
@given(st.text(alphabet="ab 中文。，"), st.integers(4, 20))
def test_wrapping_loses_nothing(text: str, columns: int) -> None:
    """Every character but the spaces is there, in lines that fit."""
    lines = wrapped(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line) <= columns for line in lines)


def test_shortening() -> None:
    """What does not fit ends with the sign for it."""
    assert shortened("内存", 4) == "内存"
    assert shortened("内存不足", 6) == "内存…"
    assert shortened("two words", 5) == "two…"


def test_control_characters_are_made_visible() -> None:
    """A program's output cannot drive the terminal that it is shown in."""
    assert harmless("a\x1b[2J\x07\tb\r") == "a\\x1b[2J\\x07\tb"
    assert harmless("a\ud800 中") == "a\\ud800 中"


def test_no_stream_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A windowed program on Windows has neither stream."""
    monkeypatch.setattr(sys, "stdout", None)
    say("unheard")
    assert tolerant(None) is None


def test_closed_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words into a closed stream are lost without a trace."""
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    say("unheard")


def test_gbk_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """What GBK lacks is escaped, what it has is kept."""
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding="gbk", newline="\n"))
    say("测试 \U0001f600")
    assert data.getvalue() == "测试 \\U0001f600\n".encode("gbk")
