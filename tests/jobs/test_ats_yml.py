"""Tests of app.jobs.ats_yml."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.jobs.ats_yml import AtsYml, AtsYmlError, read_ats_yml


def read(folder: Path, text: str | bytes) -> AtsYml:
    """What `.ats.yml` with this text says."""
    data = text.encode() if isinstance(text, str) else text
    (folder / ".ats.yml").write_bytes(data)
    return read_ats_yml(folder)


def test_missing(tmp_path: Path) -> None:
    """Without the file nothing is said; a folder in its place is no file."""
    assert read_ats_yml(tmp_path) == AtsYml()
    (tmp_path / ".ats.yml").mkdir()
    assert read_ats_yml(tmp_path) == AtsYml()


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("", ()),
        ("# nothing yet\n", ()),
        ("results: reports/junit.xml\n", ("reports/junit.xml",)),
        ("results:\n  - a.xml\n  - '**/b.xml'\n", ("a.xml", "**/b.xml")),
        ('results: ["测试/*.xml", out\\c.xml]\n', ("测试/*.xml", "out\\c.xml")),
        ("results: []\n", ()),
        ("\ufeffresults: a.xml\r\n", ("a.xml",)),
    ],
)
def test_results(tmp_path: Path, text: str, results: tuple[str, ...]) -> None:
    """One pattern or a list of them."""
    assert read(tmp_path, text) == AtsYml(results)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("results: *.xml\n", 1, "must stand in quotes"),
        ("results:\n  - a.xml\n  - **/b.xml\n", 3, "must stand in quotes"),
        ("results: [a.xml\n", 2, "expected ',' or ']'"),
        ("results:\n\t- a.xml\n", 2, "a tab"),
        ("- a.xml\n", 1, "not a file of keys and values"),
        ("results: {a: b}\n", 1, "not a file pattern"),
        ("results: [1]\n", 1, "not a file pattern"),
        ("results:\n", 1, "not a file pattern"),
        ("results: [a.xml, [b.xml]]\n", 1, "not a file pattern"),
        ("a: 1\nresults: ../x.xml\n", 2, "leads out"),
        ("results:\n- a.xml\n- /etc/x.xml\n", 3, "relative"),
        ("results: a\nresults: b\n", 2, "given twice, first on line 1"),
        ("results: a\x07b\n", 1, "a character that YAML does not allow"),
        ("results: [" + "a, " * 101 + "]\n", 1, "more than 100"),
        ("[" * 5000, 1, "nested too deeply"),
        ("results: a\n---\nresults: b\n", 2, "expected a list"),
    ],
)
def test_errors(tmp_path: Path, text: str, line: int, words: str) -> None:
    """One line with file, line, what is wrong, what was expected and an example."""
    with pytest.raises(AtsYmlError) as raised:
        read(tmp_path, text)
    said = str(raised.value)
    assert f"{tmp_path / '.ats.yml'}:{line}: " in said
    assert words in said
    assert 'such as results: ["reports/*.xml"]' in said
    assert "\n" not in said


def test_other_bytes(tmp_path: Path) -> None:
    """No UTF-8, and far too large: both say so, with the file's name."""
    for data in ("结果".encode("gbk"), b"#" * 300_000):
        with pytest.raises(AtsYmlError, match=r"\.ats\.yml"):
            read(tmp_path, data)


def test_unknown_keys_are_warnings(tmp_path: Path) -> None:
    """A typo names the nearest key, and the rest still counts."""
    yml = read(tmp_path, "result: a.xml\nxyz: 1\nresults: b.xml\n")
    assert yml.results == ("b.xml",)
    typo, strange = yml.warnings
    assert typo.endswith(".ats.yml:1: result: unknown key, ignored. Did you mean results?")
    assert strange.endswith("2: xyz: unknown key, ignored.")


def test_the_other_spelling_is_named(tmp_path: Path) -> None:
    """`.ats.yaml` is not read, and that is said."""
    (tmp_path / ".ats.yaml").write_text("results: a.xml", encoding="utf-8")
    yml = read_ats_yml(tmp_path)
    assert yml.results == ()
    assert ".ats.yml" in yml.warnings[0]


def test_a_yaml_bomb_does_not_go_off(tmp_path: Path) -> None:
    """Aliases are never built into values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert len(read(tmp_path, "\n".join(lines)).warnings) == 30


@given(st.text(max_size=60) | st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_else_is_raised(tmp_path: Path, text: str | bytes) -> None:
    """Whatever the file holds, it is read or refused with AtsYmlError."""
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    with suppress(AtsYmlError):
        read(tmp_path, data)
