"""Words for the person in the terminal."""

import io
import sys

import pytest

from app.terminal import say, tolerant


def test_to_the_right_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """Words go to stdout, errors to stderr."""
    say("yes")
    say("no", error=True)
    assert capsys.readouterr() == ("yes\n", "no\n")


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
