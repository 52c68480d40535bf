"""The language of the desktop (app/host/language.py)."""

import os
import sys

import pytest

from app.host.language import _first_of_ours, _in_environment, system_language
from app.i18n import LANGUAGES


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh-Hans-CN en-CN", "zh_CN"),
        ("zh_TW zh_HK", "zh_CN"),
        ("zh@pinyin", "zh_CN"),
        ("en_GB.UTF-8 zh_CN", "en"),
        ("fr zh_CN en", "zh_CN"),
        ("de_DE", "en"),
        ("C.UTF-8", "en"),
        ("", "en"),
    ],
)
def test_tags(tags: str, language: str) -> None:
    """Any Chinese is Chinese; what we do not speak is passed over, and English at the end."""
    assert _first_of_ours(tags.split()) == language


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ("LANG=zh_CN.UTF-8", "zh_CN"),
        ("LANG=en_US.UTF-8 LC_MESSAGES=zh_CN.UTF-8", "zh_CN"),
        ("LANG=zh_CN.UTF-8 LC_MESSAGES=en_US.UTF-8", "en"),
        ("LANG=zh_CN.UTF-8 LC_ALL=C", "en"),
        ("LANG=en_US.UTF-8 LANGUAGE=zh_CN:en", "zh_CN"),
        ("LANG=C LANGUAGE=zh_CN", "en"),
        ("LANGUAGE=zh_CN", "en"),
        ("LC_CTYPE=zh_CN.UTF-8", "en"),
        ("LC_ALL= LANG=zh_SG", "zh_CN"),
    ],
)
def test_variables(variables: str, language: str) -> None:
    """The strongest variable that is set counts, as in every other program."""
    environ = dict(each.split("=") for each in variables.split())
    assert _first_of_ours(_in_environment(environ)) == language


def test_this_computer() -> None:
    """The real question has one of our languages as its answer."""
    assert system_language(os.environ) in LANGUAGES


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other system: has no variables")
def test_linux_asks_the_variables() -> None:
    """On Linux nothing but the variables decides."""
    assert system_language({"LANG": "zh_CN.UTF-8"}) == "zh_CN"
    assert system_language({}) == "en"
