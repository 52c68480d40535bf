"""Flags > environment > file > defaults."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.config import Config, Effective, gather, home_of
from app.errors import ConfigError

URL = {"server.url": "ws://h:8000"}
TOKEN = {"token": "T" * 43}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The default home folder of this test."""
    return tmp_path / "home"


class Start:
    """A start of the agent with a default home folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def config(self, flags: Mapping[str, str], **environ: str) -> Config:
        """Load the configuration; token and address are given unless told otherwise."""
        return self.effective(flags, **environ).config()

    def effective(self, flags: Mapping[str, str], **environ: str) -> Effective:
        """Gather the settings."""
        return gather(flags, environ, lambda: self.home)

    def error(self, flags: Mapping[str, str], **environ: str) -> str:
        """Return the line with which the start is refused."""
        with pytest.raises(ConfigError) as caught:
            self.config(flags, **environ)
        return str(caught.value)

    def file(self, text: str) -> Path:
        """Write the default file."""
        self.home.mkdir(exist_ok=True)
        path = self.home / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def start(home: Path) -> Start:
    """A start with the default home folder of this test."""
    return Start(home)


def test_the_home_alone_needs_no_file(home: Path, start: Start, tmp_path: Path) -> None:
    """Flag, variable, default: found as with all the rest, though the file is broken."""
    start.file("task: [")
    other = tmp_path / "other"
    assert home_of({}, {}, lambda: home) == home
    assert home_of({}, {"ATS_AGENT_HOME": str(other)}, lambda: home) == other
    assert home_of({"home": str(tmp_path)}, {"ATS_AGENT_HOME": "x"}, lambda: home) == tmp_path


def test_defaults_are_those_of_the_issue(start: Start, home: Path) -> None:
    """Only token and address have to be given."""
    config = start.config(URL | TOKEN)
    assert (config.server_url, config.token) == ("ws://h:8000/ws/agent", "T" * 43)
    assert (config.log_level, config.log_max_size, config.log_backup_count) == (
        "INFO",
        10_485_760,
        5,
    )
    assert (config.max_concurrent, config.task_timeout) == (1, 3600)
    assert (config.keep_tasks, config.keep_days, config.heartbeat_interval) == (10, 7, 5)
    assert (config.home, config.work_dir, config.ca_file) == (home, None, None)
    assert config.headless is False
    assert config.origins["task.timeout"] == "default"


def test_token_is_not_in_the_repr(start: Start) -> None:
    """A Config in a log line or traceback does not show the token."""
    assert "TTTT" not in repr(start.config(URL | TOKEN))


def test_flag_beats_variable_beats_file_beats_default(start: Start) -> None:
    """One step at a time, each with its origin."""
    steps, path = [], start.home / "config.yaml"
    for flags, environ, text in [
        ({}, {}, ""),
        ({}, {}, "logging:\n  level: ERROR"),
        ({}, {"ATS_AGENT_LOG_LEVEL": "warning"}, "logging:\n  level: ERROR"),
        ({"logging.level": "debug"}, {"ATS_AGENT_LOG_LEVEL": "warning"}, "logging:\n  level: x"),
    ]:
        start.file(text.replace("x", "ERROR"))
        config = start.config(URL | TOKEN | flags, **environ)
        steps.append((config.log_level, config.origins["logging.level"]))
    assert steps == [
        ("INFO", "default"),
        ("ERROR", f"{path}:2"),
        ("WARNING", "environment ATS_AGENT_LOG_LEVEL"),
        ("DEBUG", "--log-level"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("ATS_AGENT_TASK_TIMEOUT", "1.5", "task_timeout", 1.5),
        ("ATS_AGENT_TASK_MAX_CONCURRENT", "4", "max_concurrent", 4),
        ("ATS_AGENT_TASK_CLEANUP_KEEP_DAYS", "0", "keep_days", 0),
        ("ATS_AGENT_TASK_CLEANUP_KEEP_TASKS", "3", "keep_tasks", 3),
        ("ATS_AGENT_MONITOR_INTERVAL", "10", "heartbeat_interval", 10),
        ("ATS_AGENT_LOGGING_MAX_SIZE", "4096", "log_max_size", 4096),
        ("ATS_AGENT_LOGGING_BACKUP_COUNT", "1", "log_backup_count", 1),
        ("ATS_AGENT_HEADLESS", "1", "headless", True),
        ("ATS_AGENT_HEADLESS", "off", "headless", False),
        ("ATS_AGENT_WORK_DIR", "~/work", "work_dir", Path("~/work")),
        ("ATS_AGENT_HOME", "/h", "home", Path("/h").absolute()),
        ("ATS_AGENT_HOME", "", "home", None),
    ],
)
def test_variables(start: Start, name: str, text: str, field: str, value: object) -> None:
    """Every setting has a variable; an empty one counts as not set."""
    config = start.config(URL | TOKEN, **{name: text})
    assert getattr(config, field) == (start.home if value is None else value)


def test_pasted_start_command(start: Start) -> None:
    """Single quotes, which Windows' cmd keeps, are stripped; an empty work dir is none."""
    quoted = {"server.url": "'ws://h:1/ws/agent'", "token": f"'{'-a' * 20}'", "work_dir": "''"}
    config = start.config(quoted)
    assert (config.server_url, config.token) == ("ws://h:1/ws/agent", "-a" * 20)
    assert config.work_dir is None
    assert start.config(URL | TOKEN | {"work_dir": "'my dir'"}).work_dir == Path("my dir")


def test_missing_address_or_token_says_what_to_do(start: Start) -> None:
    """One line each."""
    assert "--server-url" in start.error(TOKEN)
    assert "--token-file" in start.error(URL)


@pytest.mark.parametrize("key", ["token", "server.url", "home", "config", "logging.level"])
def test_empty_flag_is_refused(start: Start, key: str) -> None:
    """An unset shell variable does not silently become another setting."""
    assert "there is no value" in start.error(URL | TOKEN | {key: ""})


@pytest.mark.parametrize(
    "token", ["s3cret s3cret", "s3cret+/=", "“s3cret”", "\uff533cret", '"s3cret"']
)
def test_impossible_token_is_refused_unseen(start: Start, token: str) -> None:
    """Characters that no token has are an error that does not show the token."""
    for text in (start.error(URL | {"token": token}), start.error(URL, ATS_AGENT_TOKEN=token)):
        assert "token" in text.lower()
        assert "s3cret" not in text


class TestTokenFile:
    """Where the token comes from when a file is named."""

    def write(self, tmp_path: Path, data: bytes) -> str:
        """Write the file and return its path."""
        path = tmp_path / "token"
        path.write_bytes(data)
        return str(path)

    @pytest.mark.parametrize(
        "data", [b"-abc_9", b" -abc_9\r\n\n", b"\xef\xbb\xbf-abc_9\n", "-abc_9\n".encode("utf-16")]
    )
    def test_editors_traces_are_tolerated(self, start: Start, tmp_path: Path, data: bytes) -> None:
        """White space, line ends and byte order marks around the token do not matter."""
        path = self.write(tmp_path, data)
        config = start.config(URL | {"token_file": path})
        assert (config.token, config.origins["token"]) == ("-abc_9", path)

    @pytest.mark.parametrize("data", [b"", b"\n", b"s3cret\nsecond", b"\xffs3cret", b"s3=cret"])
    def test_no_token_in_it(self, start: Start, tmp_path: Path, data: bytes) -> None:
        """An unusable file is an error with its path and without its content."""
        path = self.write(tmp_path, data)
        text = start.error(URL | {"token_file": path})
        assert path in text
        assert "cret" not in text.replace(path, "")

    def test_missing_file(self, start: Start) -> None:
        """The path and the system's reason are named."""
        assert "/nowhere/token: cannot be read" in start.error(
            URL | {"token_file": "/nowhere/token"}
        )

    def test_flag_beats_variable(self, start: Start, tmp_path: Path) -> None:
        """The more emphatic source wins, whichever of the two it is."""
        path = self.write(tmp_path, b"fromfile")
        assert start.config(URL | {"token_file": path}, ATS_AGENT_TOKEN="v").token == "fromfile"
        assert start.config(URL | TOKEN, ATS_AGENT_TOKEN_FILE="/nowhere").token == "T" * 43

    def test_both_at_once_is_refused(self, start: Start, tmp_path: Path) -> None:
        """Nobody has to guess which token is used."""
        path = self.write(tmp_path, b"fromfile")
        assert "--token-file" in start.error(URL | TOKEN | {"token_file": path})
        environ = {"ATS_AGENT_TOKEN": "a", "ATS_AGENT_TOKEN_FILE": path}
        assert "ATS_AGENT_TOKEN_FILE" in start.error(URL, **environ)


def test_named_file_must_exist_and_default_need_not(start: Start, tmp_path: Path) -> None:
    """Only the file that was asked for is missed."""
    start.config(URL | TOKEN)
    missing = str(tmp_path / "no.yaml")
    assert missing in start.error(URL | TOKEN | {"config": missing})
    assert missing in start.error(URL | TOKEN, ATS_AGENT_CONFIG=missing)


def test_home_of_the_flag_decides_which_file_is_read(start: Start, tmp_path: Path) -> None:
    """The default file lies in the effective home, not in the default one."""
    start.file("task: {timeout: 1}")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.yaml").write_text("task: {timeout: 2}", encoding="utf-8")
    assert start.config(URL | TOKEN).task_timeout == 1
    assert start.config(URL | TOKEN | {"home": str(other)}).task_timeout == 2


def test_unknown_key_becomes_a_warning_of_the_config(start: Start) -> None:
    """It is logged later, once there is a log."""
    start.file("tusk: 1")
    (warning,) = start.config(URL | TOKEN).warnings
    assert "Did you mean task?" in warning


def test_ca_file_lies_beside_the_file_that_names_it(start: Start, home: Path) -> None:
    """A relative path in the file is relative to the file; one that is missing is an error."""
    path = start.file("server:\n  ca_file: ca.pem\n")
    assert start.error(URL | TOKEN).startswith(f"{path}:2: server.ca_file: {home / 'ca.pem'} is no")
    (home / "ca.pem").write_text("x", encoding="utf-8")
    assert start.config(URL | TOKEN).ca_file == home / "ca.pem"
    assert "ATS_AGENT_SERVER_CA_FILE" in start.error(URL | TOKEN, ATS_AGENT_SERVER_CA_FILE="/no")


def test_paths_that_cannot_even_be_looked_at(start: Start) -> None:
    """A name that is too long is a missing file, not a crash."""
    long = "/" + "x" * 5000
    assert start.config(URL | TOKEN | {"home": long}).home == Path(long)
    assert "is no file" in start.error(URL | TOKEN, ATS_AGENT_SERVER_CA_FILE=long)
    assert "cannot be read" in start.error(URL | TOKEN | {"config": long})


def test_wrong_variable_is_named(start: Start) -> None:
    """The line begins with the variable, as it begins with the file elsewhere."""
    assert start.error(URL | TOKEN, ATS_AGENT_TASK_TIMEOUT="soon") == (
        "ATS_AGENT_TASK_TIMEOUT: 'soon' is not a number,"
        " expected a number from 1 to 2592000 seconds (e.g. 3600)."
    )


def test_shown_settings_hide_the_token(start: Start) -> None:
    """`config show` tells that a token is set, how long it is and where it came from."""
    shown = start.effective(TOKEN).shown()
    assert shown["token"] == ("set (43 characters)", "--token")
    assert shown["server.url"] == (None, "default")
    assert shown["task.timeout"] == (3600, "default")
