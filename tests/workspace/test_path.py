"""Paths from the platform: into parts, or refused (app/workspace/path.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workspace.path import PATH_CHARS, check_makeable, parts_of
from app.workspace.refused import RefusedError

WAYS_OUT = [
    "..",
    "../x",
    "..\\x",
    "/..",
    "/../x",
    "a/../../x",
    "a\\..\\..\\x",
    "a/..\\x",
    "a/..",
    "foo/../bar",
    ".. /x",
    "../ ",
    " ../x",
    "...",
    "a/.../b",
    ". .",
    "a/.. ./b",
    " ",
    "%2e%2e/x",
    "%2E%2E%2Fx",
    "..%2fx",
    "..%5cx",
    "%252e%252e%252fx",
    "a%2f..%2f..%2fx",
    "．．/x",  # noqa: RUF001 (full-width dots)
    "‥/x",
    "a／../x",  # noqa: RUF001 (a full-width slash)
    "..／x",  # noqa: RUF001
    "C:",
    "c:x",
    "C:/x",
    "C:\\x",
    "/C:/x",
    "\\C:\\x",
    "./C:/x",
    "//server/share/x",
    "\\\\server\\share\\x",
    "/\\server\\share",
    "\\/server/share",
    "\\\\?\\C:\\x",
    "\\\\.\\PhysicalDrive0",
    "//?/C:/x",
    "\\??\\..\\x",
    "a\0b",
    "a\nb",
    "a\x1b[31m",
    "a\x7f",
    "a\x85",
    "a/" + "x" * 256,
    "😀" * 128,
    "x/" * (PATH_CHARS // 2) + "x",
]

ODD = [
    "CON",
    "con",
    "nul.txt",
    "NUL .txt",
    "aux.tar.gz",
    "PRN ",
    "COM1",
    "com9.log",
    "LPT0",
    "COM¹",
    "lpt³.x",
    "CONIN$",
    "conout$.txt",
    "COM1:",
    "a:b",
    "file.txt:stream",
    "file.txt::$DATA",
    "x.",
    "x ",
    "x. .",
    "a<b",
    'a"b',
    "a|b",
    "what?",
    "*.py",
]


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("", ()),
        ("/", ()),
        (".", ()),
        ("./", ()),
        ("a", ("a",)),
        ("/a/b", ("a", "b")),
        ("a//b/./c/", ("a", "b", "c")),
        ("a\\b\\c", ("a", "b", "c")),
        ("\\a", ("a",)),
        ("测试 结果/报告.txt", ("测试 结果", "报告.txt")),
        (".hidden/..b/c..d", (".hidden", "..b", "c..d")),
        ("100%25/50% done", ("100%25", "50% done")),
        ("x/12:30:05.log", ("x", "12:30:05.log")),
    ],
)
def test_ordinary_paths(path: str, parts: tuple[str, ...]) -> None:
    """One slash at the beginning is stripped, a backslash separates, dots alone mean nothing."""
    assert parts_of(path) == parts


@pytest.mark.parametrize("path", WAYS_OUT)
def test_hostile_paths_are_refused(path: str) -> None:
    """Whatever leads out on any system is refused on every system, in printable words."""
    with pytest.raises(RefusedError) as refused:
        parts_of(path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("name", ODD)
def test_names_that_windows_cannot_have_are_not_made(name: str) -> None:
    """Such a name is refused at any depth, wherever the agent runs."""
    for path in (name, f"a/{name}", f"{name}/b"):
        with pytest.raises(RefusedError, match="is refused"):
            check_makeable(path, tuple(path.split("/")))


@pytest.mark.parametrize("name", ["console.txt", "com10", "null", "a.con", "auxiliary", "lpt"])
def test_names_that_only_look_reserved_are_made(name: str) -> None:
    """Only the devices themselves are reserved."""
    check_makeable(name, (name,))


@given(st.text(st.sampled_from("./\\.: %2eEfF5cCa\0\n．／‥")))  # noqa: RUF001
def test_no_text_gets_out(path: str) -> None:
    """Whatever the text: refused, or parts without separator, dots alone, drive or NUL."""
    try:
        parts = parts_of(path)
    except RefusedError:
        return
    for part in parts:
        assert part.strip(". ")
        assert not set(part) & set("/\\\0")
    assert not parts or parts[0][1:2] != ":" or parts[0][0] not in "aCcEeFf"
