"""The READMEs keep in step with each other and with the program, and links lead somewhere."""

import re
from pathlib import Path

import pytest

from app.exit_codes import ExitCode
from app.settings import SETTINGS

ROOT = Path(__file__).parent.parent
ENGLISH = ROOT / "README.md"
CHINESE = ROOT / "docs" / "README.zh-CN.md"
READMES = [ENGLISH, CHINESE]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"(?ms)^ *```[^\n]*\n.*?^ *```$")
_HEADING = re.compile(r"(?m)^(#+) ")
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(<?([^)\s>]+)")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[str]:
    return _BLOCK.findall(text_of(page))


def levels(page: Path) -> list[str]:
    """The page's headings in order, each as its `#` signs."""
    return _HEADING.findall(_BLOCK.sub("", text_of(page)))


def settings_rows(page: Path) -> list[list[str]]:
    """The cells key, flag and variable of each row about a setting."""
    rows = (line.strip("| ").split(" | ") for line in text_of(page).splitlines())
    return [row[:3] for row in rows if len(row) == 6 and "ATS_AGENT_" in row[2]]


def links(page: Path) -> list[str]:
    """The targets of the page's links to files; code shows links, it has none."""
    prose = _SPAN.sub("", _BLOCK.sub("", text_of(page)))
    targets = (target.partition("#")[0] for target in _LINK.findall(prose))
    return [target for target in targets if target and "://" not in target]


def test_both_languages_have_the_same_sections() -> None:
    """A section that is added to one README is added to the other."""
    assert levels(ENGLISH)
    assert levels(CHINESE) == levels(ENGLISH)


def test_both_languages_show_the_same_commands() -> None:
    """Code is not translated; only the tree of folders has words in it."""
    english, chinese = blocks(ENGLISH), blocks(CHINESE)
    assert len(chinese) == len(english) > 0
    pairs = [pair for pair in zip(chinese, english, strict=True) if "├──" not in pair[1]]
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_both_languages_list_the_same_settings() -> None:
    """Names of settings are not translated; the English table is the program's own."""
    assert len(settings_rows(ENGLISH)) == len(SETTINGS)
    assert settings_rows(CHINESE) == settings_rows(ENGLISH)


@pytest.mark.parametrize("page", READMES, ids=name)
def test_readme_names_every_exit_code(page: Path) -> None:
    """Each exit code, and no other, has a row of its own."""
    rows = re.findall(r"(?m)^\| (\d+) \|", text_of(page))
    assert [int(code) for code in rows] == sorted(ExitCode)


@pytest.mark.parametrize("page", READMES, ids=name)
def test_readme_names_every_flag(page: Path) -> None:
    """Each flag of the table of settings stands in the text as code."""
    flags = {flag for setting in SETTINGS for flag in setting.flags}
    named = {span.strip("`") for span in _SPAN.findall(_BLOCK.sub("", text_of(page)))}
    assert flags - named == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link points to something that exists, seen from its page."""
    dead = [target for target in links(page) if not (page.parent / target).exists()]
    assert dead == []


def test_links_are_found() -> None:
    """The search for links sees those of both READMEs."""
    assert "docs/README.zh-CN.md" in links(ENGLISH)
    assert "../README.md" in links(CHINESE)
