"""Words for the person in the terminal."""

import io
import sys

import pytest

from app.terminal import clipped, harmless, put, say, tolerant, width


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


def test_control_characters_are_made_visible() -> None:
    """A program's output cannot drive the terminal that it is shown in."""
    assert harmless("a\x1b[2J\x07\tb\r") == "a\\x1b[2J\\x07\tb"


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
