"""How --help is laid out in a language without spaces."""

import argparse
from collections.abc import Iterator

import pytest

from app import i18n
from app.cli_help import HelpFormatter
from app.terminal import width


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.install()


def help_text(monkeypatch: pytest.MonkeyPatch, about: str) -> str:
    monkeypatch.setenv("COLUMNS", "60")
    parser = argparse.ArgumentParser(prog="p", formatter_class=HelpFormatter, description="D")
    parser.add_argument("suite", help="S")
    parser.add_argument("--flag", help=about)
    return parser.format_help()


def test_chinese_lines_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line has room on the screen, although a Chinese character takes two columns."""
    text = help_text(monkeypatch, "平台没有指定时使用的工作目录；相对路径位于主目录之下。" * 3)
    assert max(map(width, text.splitlines())) <= 60
    assert text.count("\n") > 10


def test_own_words_are_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What argparse itself says is in the language as well."""
    assert "usage: p " in help_text(monkeypatch, "F")
    i18n.install("zh_CN")
    text = help_text(monkeypatch, "F")
    assert text.startswith("用法：p ")
    assert "\n参数:\n" in text
    assert "\n选项:\n" in text
    assert "positional" not in text
