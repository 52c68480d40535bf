"""The READMEs keep in step with each other and with the program, and links lead somewhere."""

import re
from itertools import chain
from pathlib import Path

import pytest

from app import cli_autostart, cli_control, cli_login
from app.cli_help import help_epilog
from app.exit_codes import ExitCode
from app.i18n import DOMAIN
from app.settings import SETTINGS
from tests.catalogs import committed, strings, translations

ROOT = Path(__file__).parent.parent
ENGLISH = ROOT / "README.md"
CHINESE = ROOT / "docs" / "README.zh-CN.md"
READMES = [ENGLISH, CHINESE]
SUITES = ROOT / "docs" / "suites.md"
CHINESE_SUITES = ROOT / "docs" / "suites.zh-CN.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"(?ms)^ *```[^\n]*\n.*?^ *```$")
_HEADING = re.compile(r"(?m)^(#+) ")
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(<?([^)\s>]+)")
_VALUE = re.compile(r"…|\d+")  # in a quoted text: what the program fills in
_COMMANDS = {*cli_autostart.COMMANDS, *cli_control.COMMANDS, *cli_login.COMMANDS}
_COMMANDS |= {"run-local", "selftest"}


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


def table(page: Path, head: str) -> list[list[str]]:
    """The rows of the table whose first column is called `head`, each as its cells."""
    _before, heads, rows = text_of(page).partition(f"\n| {head} |")
    assert heads, f"{name(page)} has no table {head!r}"
    lines = rows.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def quotes(cell: str) -> list[str]:
    """The texts of the program that a cell quotes: code of several words, or in Chinese."""
    spans = (span.strip("`") for span in _SPAN.findall(cell))
    return [span for span in spans if " " in span or not span.isascii()]


def says(text: str, quoted: str) -> bool:
    """Whether the program's `text` holds what is quoted, in this order, whatever is filled in."""
    known = (re.escape(piece.strip()) for piece in _VALUE.split(quoted))
    return re.search(".*".join(known), text) is not None


def commands_in(text: str) -> set[str]:
    """The sub-commands that a text names as words."""
    return set(re.findall(r"(?<![\w-])[a-z]+(?:-[a-z]+)?(?![\w/-])", text, re.ASCII)) & _COMMANDS


def commands_of_help(text: str) -> dict[int, set[str]]:
    """The commands that the end of --help names for each exit code."""
    entries = re.findall(r"(?m)^  (\d+) +(.*(?:\n {7}.*)*)", text)
    return {int(code): commands_in(meaning) for code, meaning in entries}


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


@pytest.mark.parametrize(("page", "head"), [(ENGLISH, "code"), (CHINESE, "退出码")])
def test_readme_and_help_name_the_same_commands(page: Path, head: str) -> None:
    """A command that uses an exit code stands beside it in both, and in both languages."""
    shown = committed("zh_CN", DOMAIN).get(help_epilog())
    assert shown is not None
    rows = table(page, head)
    named = {int(row[0]): commands_in(" ".join(_SPAN.findall(row[1]))) for row in rows}
    assert named[ExitCode.STOPPED] == {"run-local", "stop", "status", "login"}
    assert commands_of_help(help_epilog()) == named
    assert commands_of_help("".join(strings(shown))) == named


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ((ENGLISH, "what you see"), (CHINESE, "现象")),
        ((SUITES, "the log says"), (CHINESE_SUITES, "日志里的提示")),
    ],
    ids=["README", "suites"],
)
def test_quoted_messages_are_the_program_s(
    english: tuple[Path, str], chinese: tuple[Path, str]
) -> None:
    """Each language quotes what the program says in it, of the same message, to be searched for."""
    rows = zip(table(*english), table(*chinese), strict=True)
    told = [zip(quotes(ours[0]), quotes(theirs[0]), strict=True) for ours, theirs in rows]
    pairs = list(chain.from_iterable(told))
    texts = [(str(m.id), str(m.string)) for m in translations(committed("zh_CN", DOMAIN))]
    known = {pair for pair in pairs for text in texts if all(map(says, text, pair))}
    assert len(pairs) > 10
    assert set(pairs) - known == set()


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
