"""The page's files as they are: every text has a translation, nothing comes from elsewhere."""

import re

import pytest

from app.demo.page import WEB
from app.webpage.site import TYPES

TEXTS = {file.name: file.read_text(encoding="utf-8") for file in WEB.iterdir()}
KEY = re.compile(r'^  "((?:[^"\\]|\\.)+)": "(.+)",$', re.MULTILINE)
USES = {
    "html": re.compile(
        r"<[^<>]*\bdata-t(?=[ >])[^<>]*>([^<]+)<|data-t-(?:label|hint)=\"([^\"]+)\""
    ),
    "js": re.compile(r"\bt\(\s*\"((?:[^\"\\]|\\.)+)\"|\btext: \"((?:[^\"\\]|\\.)+)\""),
}


def used() -> set[str]:
    """Every text that the page may show."""
    found: set[str] = set()
    for name, text in TEXTS.items():
        for match in USES.get(name.rsplit(".", 1)[1], re.compile("$^")).findall(text):
            found.update(filter(None, match))
    return found


def test_every_text_is_translated() -> None:
    """Chinese has each text of the page, with the same values to fill in."""
    chinese = dict(KEY.findall(TEXTS["words.js"]))
    assert len(used()) > 60
    assert {text for text in used() if text not in chinese} == set()
    values = re.compile(r"\{\w+\}")
    for english, translated in chinese.items():
        assert sorted(values.findall(english)) == sorted(values.findall(translated)), english


def test_all_files_are_served() -> None:
    """No file of the page has a type that the site would leave out."""
    assert {name for name in TEXTS if not name.endswith(tuple(TYPES))} == set()


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_nothing_comes_from_elsewhere(name: str) -> None:
    """No address of another host, no inline script or style, no way from text to markup."""
    text = TEXTS[name].replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|//cdn|@import|url\(", text) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=\"|javascript:", text) == []
