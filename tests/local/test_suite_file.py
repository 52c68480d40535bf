"""Tests of app.local.suite_file."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigError
from app.local.suite_file import Case, SuiteFile, read_suite


def read(folder: Path, text: str) -> SuiteFile:
    """What a file with this text says."""
    path = folder / "套件 1.yml"
    path.write_text(text, encoding="utf-8")
    return read_suite(path)


def test_only_the_command_is_needed(tmp_path: Path) -> None:
    """Without cases every test is one; the command runs beside the file."""
    assert read(tmp_path, "command: pytest -q\n") == SuiteFile(
        path=tmp_path / "套件 1.yml", folder=tmp_path, command="pytest -q"
    )


def test_every_key(tmp_path: Path) -> None:
    """A code stands for its id where there is none, and a number needs no quotes."""
    (tmp_path / "测试").mkdir()
    suite = read(
        tmp_path,
        """
command: |
  echo one
  echo two
cases: [000012, TC-2, {code: 100003, id: c3}]
folder: 测试
results: ["out/*.xml", report.json]
timeout: 1.5
""",
    )
    assert suite.command == "echo one\necho two\n"
    assert suite.cases == (Case("000012", "000012"), Case("TC-2", "TC-2"), Case("100003", "c3"))
    assert suite.folder == tmp_path / "测试"
    assert suite.results == ("out/*.xml", "report.json")
    assert suite.timeout == 1.5
    assert suite.warnings == ()
    assert suite.name == "套件 1"


def test_git(tmp_path: Path) -> None:
    """Address and branch; a branch may look like a number."""
    suite = read(tmp_path, "command: x\ngit: {url: https://h/p.git, branch: 1.0}")
    assert (suite.git_url, suite.git_branch) == ("https://h/p.git", "1.0")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "there is no command, expected the key command"),
        ("cases: [a]", 0, "there is no command"),
        ("- a", 1, "not a section with keys, expected keys with values"),
        ("command: x\n\tcases: []", 2, "a tab, where only spaces may indent"),
        ("command: [a, b]", 1, "command: a list or section, not one value, expected a text"),
        ("command:", 1, "command: there is no value, expected a text (e.g. pytest"),
        ("command: yes", 1, "command: 'yes' is no text without quotes"),
        ("command: x\ncommand: y", 2, "command: given twice, first on line 1"),
        ("command: x\ncases: abc", 2, "cases: not a list, expected a list of case codes"),
        ("command: x\ncases:\n- a\n- ''", 4, "cases: there is no value"),
        ("command: x\ncases:\n- a\n- b\n- a", 5, "'a' is there twice, first on line 3"),
        ("command: x\ncases: [{id: a}]", 2, "a case without a code"),
        ("command: x\ncases: [[a]]", 2, "a list or section, not one value"),
        ("command: x\ngit: https://h/p.git", 2, "git: not a section with keys"),
        ("command: x\ngit: {branch: main}", 2, "git: there is no address"),
        ("command: x\ngit: {url: ext::sh}", 2, "git.url: The repository's address"),
        ("command: x\ngit: {url: 'https://h/p'}\nfolder: .", 3, "git or folder, not both"),
        ("command: x\nfolder: nowhere", 2, "nowhere is no folder, expected a folder that is there"),
        ('command: x\nfolder: "a\\0b"', 2, "is no folder"),
        ("command: x\nresults: [../x.xml]", 2, "results: '../x.xml': "),
        ("command: x\nresults: [3]", 2, "is no text without quotes"),
        ("command: x\ntimeout: 0", 2, "timeout: '0' is out of range, expected a number from 1 to"),
        ("command: x\ntimeout: [1]", 2, "timeout: '?' is not a number"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """File, line, key, what was expected and an example; nothing was started."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    said = str(caught.value)
    path = tmp_path / "套件 1.yml"
    assert said.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "text",
    [
        "command: x\ntoken: s3cret-s3cret",
        "command: x\ngit_token: s3cret-s3cret",
        "command: x\ngit: {url: 'https://h/p.git', token: s3cret-s3cret}",
        "command: x\ngit: {url: 'https://user:s3cret-s3cret@h/p.git'}",
    ],
)
def test_secrets_are_refused(tmp_path: Path, text: str) -> None:
    """The file goes into repositories: the token comes from the environment, and is not shown."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert "ATS_GIT_TOKEN" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_unknown_keys_warn(tmp_path: Path) -> None:
    """A newer file still runs; the nearest known key is named."""
    suite = read(tmp_path, "command: x\ncasses: [a]\nzzz: 1\ngit: {url: 'https://h/p', brunch: b}")
    path = tmp_path / "套件 1.yml"
    assert suite.warnings == (
        f"{path}:2: casses: unknown key, ignored. Did you mean cases?",
        f"{path}:3: zzz: unknown key, ignored.",
        f"{path}:4: git.brunch: unknown key, ignored. Did you mean branch?",
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(ConfigError, match=r"nowhere\.yml: cannot be read"):
        read_suite(tmp_path / "nowhere.yml")


@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever a file holds, it is a suite or a ConfigError."""
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(data)
    with suppress(ConfigError):
        assert read_suite(path).command.strip()
