"""The page's files as they are: nothing comes from elsewhere, every text can be translated."""

import re
from pathlib import Path

import pytest

from app.webpage.site import SHARED, TYPES
from tests.dashboard.fake_agent import WEB

FILES = [*sorted(WEB.iterdir()), *sorted(SHARED.iterdir())]
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@each
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    """No address of another host, no inline script or style, no way from text to markup."""
    text = text_of(path).replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|//cdn|@import|url\(", text) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=\"|javascript:", text) == []


@each
def test_files_are_served_and_short(path: Path) -> None:
    """Each file has a type that the site serves, and fewer than 300 lines."""
    assert path.suffix in TYPES
    assert len(text_of(path).splitlines()) < 300


def test_shared_files_are_not_copied() -> None:
    """A page has no file of its own with the name of a shared one."""
    assert {path.name for path in WEB.iterdir()} & {path.name for path in SHARED.iterdir()} == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_texts_are_literal(path: Path) -> None:
    """Every text goes through t() as a plain literal, none is glued or in a template."""
    text = text_of(path)
    assert re.findall(r"(?<!function )\bt\((?!\")", text) == []
    shown = re.findall(
        r"make\(\"(?:p|span|h1|h2|th|td|button|option|label)\", \{[^}]*\}, \"\w", text
    )
    assert shown == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_imports_are_used(path: Path) -> None:
    """No script imports what it does not use, or what the other file does not export."""
    text = text_of(path)
    for names, source in re.findall(r"import \{ ([^}]+) \} from \"\./([\w.]+)\"", text):
        place = WEB / source if (WEB / source).exists() else SHARED / source
        exported = set(
            re.findall(r"export (?:async )?(?:function|class|const) (\w+|\$+)", text_of(place))
        )
        for name in names.split(", "):
            assert name in exported, name
            assert len(re.findall(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text)) > 1, name


def test_icons_exist() -> None:
    """Every icon that a script names is in the page's sprite."""
    drawn = set(re.findall(r"id=\"i-(\w+)\"", text_of(WEB / "index.html")))
    named = {
        name
        for path in SCRIPTS
        for name in re.findall(r"(?:icon\(|icon: |name: )\"(\w+)\"", text_of(path))
    }
    plots = {"cpu", "memory", "disk", "net"}
    assert named - plots - {"unset"} <= drawn | {"unset"}
    assert "unset" in drawn
