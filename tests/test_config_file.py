"""The YAML file: every mistake is one line with file, line, key, what and an example."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config_file import read
from app.errors import ConfigError

FULL = """\
server:
  url: ws://h:8000
  ca_file: ca.pem
logging: {level: debug, max_size: 10_485_760, backup_count: 0}
task:
  max_concurrent: 2
  timeout: 90.5
  cleanup:
    keep_tasks: 0
    keep_days: 30
monitor:
  interval: 1e1
suite:
  results: ["build/*.xml", "out/**/r.json"]
platform: {log_limit: 0}
evidence:
  screenshot_on_failure: yes
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of this test lies."""
    return tmp_path / "config.yaml"


def error_of(path: Path, content: str | bytes) -> str:
    """Return the one line with which `content` is refused."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{path}:")
    return text.removeprefix(f"{path}:")


def test_all_keys_are_read_with_their_lines(path: Path) -> None:
    """Exactly the documented keys are known; values are typed and remember their line."""
    path.write_text(FULL, encoding="utf-8")
    settings = read(path)
    assert settings.warnings == ()
    assert {key: (found.value, found.line) for key, found in settings.values.items()} == {
        "server.url": ("ws://h:8000/ws/agent", 2),
        "server.ca_file": (Path("ca.pem"), 3),
        "logging.level": ("DEBUG", 4),
        "logging.max_size": (10_485_760, 4),
        "logging.backup_count": (0, 4),
        "task.max_concurrent": (2, 6),
        "task.timeout": (90.5, 7),
        "task.cleanup.keep_tasks": (0, 9),
        "task.cleanup.keep_days": (30, 10),
        "monitor.interval": (10.0, 12),
        "suite.results": (("build/*.xml", "out/**/r.json"), 14),
        "platform.log_limit": (0, 15),
        "evidence.screenshot_on_failure": (True, 17),
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            "task:\n  timeout: soon",
            "2: task.timeout: 'soon' is not a number,"
            " expected a number from 1 to 2592000 seconds (e.g. 3600).",
        ),
        (
            'task:\n  timeout: "3600"',
            "2: task.timeout: '3600' in quotes is text,"
            " expected a number from 1 to 2592000 seconds (e.g. 3600).",
        ),
        (
            "task: {max_concurrent: yes}",
            "1: task.max_concurrent: this is a yes/no value,"
            " expected a whole number from 1 to 64 (e.g. 1).",
        ),
        (
            "logging:\n\n  level: loud\n",
            "3: logging.level: 'loud' is not a level,"
            " expected one of DEBUG, INFO, WARNING, ERROR (e.g. INFO).",
        ),
    ],
)
def test_error_line_in_full(path: Path, content: str, error: str) -> None:
    """The whole line, word by word."""
    assert error_of(path, content) == error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "start"),
    [
        ("monitor: {interval: .nan}", "1: monitor.interval: '.nan' is not a number"),
        ("monitor: {interval: .inf}", "1: monitor.interval: '.inf' is not a number"),
        ("monitor: {interval: nan}", "1: monitor.interval: 'nan' is not a number"),
        ("monitor: {interval: 1e999}", "1: monitor.interval: '1e999' is not a number"),
        ("monitor: {interval: 0}", "1: monitor.interval: '0' is out of range"),
        ("monitor: {interval: 1:30}", "1: monitor.interval: '1:30' is not a number"),
        ("task: {max_concurrent: 0}", "1: task.max_concurrent: '0' is out of range"),
        ("task: {max_concurrent: -1}", "1: task.max_concurrent: '-1' is out of range"),
        ("task: {max_concurrent: 1.5}", "1: task.max_concurrent: this is a number with a fra"),
        ("task: {max_concurrent: 0x10}", "1: task.max_concurrent: '0x10' is not a whole"),
        (f"task: {{max_concurrent: {'9' * 5000}}}", "1: task.max_concurrent: '99999"),
        ("task: {max_concurrent: }", "1: task.max_concurrent: this is nothing"),
        ("task: {max_concurrent: [1]}", "1: task.max_concurrent: a list or section"),
        ("task: {max_concurrent: 2026-11-22}", "1: task.max_concurrent: this is a date"),
        ("logging: {level: off}", "1: logging.level: this is a yes/no value"),
        ("server: {url: 8000}", "1: server.url: this is a number"),
        ("server: ws://h:8000", "1: server: not a section with keys"),
        ("- server", "1: not a section with keys"),
        ("server:\n\turl: ws://h", "2: a tab, where only spaces may indent"),
        ("server: {url: ws://h", "1: expected ',' or '}'"),
        ("server: [", "1: "),
        ("a: b: c", "1: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "2: but found another document"),
        ("a: *nobody", "1: found undefined alias"),
        ("task:\n  timeout: 1\n  timeout: 2\n", "3: task.timeout: given twice, first on line 2"),
        ("task: {}\nmonitor: {}\ntask: {}\n", "3: task: given twice, first on line 1"),
        (b"a: 1\nb: \xc4\xe3\xba\xc3\n", "2: not UTF-8 text"),
        (b"a: 1\nb: \x00\n", "2: a character that YAML does not allow"),
        ("[" * 10_000, "1: nested too deeply, expected lines such as server: "),
    ],
)
def test_mistake_is_named_with_its_line(path: Path, content: str | bytes, start: str) -> None:
    """Whatever is wrong with a file, the line begins with where and what."""
    assert error_of(path, content).startswith(start)


@pytest.mark.parametrize(
    "content",
    ["suite: {results: a.xml}", "suite:\n  results:\n  - a.xml\n", "suite: {results: 'a.xml'}"],
)
def test_list_may_be_written_as_one_text(path: Path, content: str) -> None:
    """One result file needs no brackets."""
    path.write_text(content, encoding="utf-8")
    assert read(path).values["suite.results"].value == ("a.xml",)


def test_list_holds_texts_only(path: Path) -> None:
    """A list inside the list is named with its line."""
    error = error_of(path, "suite:\n  results:\n  - [a, b]\n")
    assert error.startswith("3: suite.results: a list or section inside the list, expected a list")


def test_pasted_token_is_not_repeated(path: Path) -> None:
    """An address with a token in it is refused without showing the token."""
    text = error_of(path, "server: {url: 'ws://h/ws/agent?token=s3cret'}")
    assert "--token" in text
    assert "s3cret" not in text


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xef\xbb\xbf", b"task:\n"])
def test_empty_file_says_nothing(path: Path, content: bytes) -> None:
    """No content, only comments, only a byte order mark, an empty section: the defaults stay."""
    path.write_bytes(content)
    assert read(path).values == {}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_windows_editors_files_are_read(path: Path, encoding: str) -> None:
    """A byte order mark, as Notepad and PowerShell write it, is no mistake."""
    path.write_text("task: {timeout: 5}  # 超时\n", encoding=encoding)
    assert read(path).values["task.timeout"].value == 5.0


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("task: {timout: 5}", "task.timout: unknown key, ignored. Did you mean task.timeout?"),
        ("timeout: 5", "timeout: unknown key, ignored. Did you mean task.timeout?"),
        ("sever: {url: x}", "sever: unknown key, ignored. Did you mean server?"),
        ("task: {keep_days: 5}", "Did you mean task.cleanup.keep_days?"),
        ("url: ws://h", "Did you mean server.url?"),
        ("zzz: 1", "zzz: unknown key, ignored."),
        ("? [1, 2]\n: 3", "?: unknown key, ignored."),
    ],
)
def test_unknown_key_is_a_warning_with_the_nearest_one(path: Path, content: str, hint: str) -> None:
    """A key we do not know changes nothing but is never passed over in silence."""
    path.write_text(content, encoding="utf-8")
    (warning,) = read(path).warnings
    assert warning.startswith(f"{path}:1: ")
    assert warning.endswith(hint)


def test_anchor_bomb_does_not_go_off(path: Path) -> None:
    """Aliases that would expand to 10^9 values cost nothing."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert len(read(path).warnings) == 10


def test_huge_or_missing_file_is_refused(path: Path) -> None:
    """A file that is no configuration is not read into memory."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read(path)
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(ConfigError, match="larger than"):
        read(path)


@given(st.one_of(st.binary(), st.text(alphabet="ab: \n-[]{}&*!|>'\"%@`,?#\t0").map(str.encode)))
def test_no_file_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Any bytes are read or refused with a ConfigError."""
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    try:
        read(path)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either outcome is right)
