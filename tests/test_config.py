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


class TestSaved:
    """What login saved is the weakest source."""

    def save(self, start: Start, text: str) -> str:
        """Write the saved connection and return its path."""
        start.home.mkdir(exist_ok=True)
        path = start.home / "connection.json"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_it_sets_up_the_agent(self, start: Start) -> None:
        """Address, token and work folder come from it, and say so."""
        assert not start.effective({}).set_up
        path = self.save(start, '{"server_url": "ws://h", "token": "S", "work_dir": "W"}')
        effective = start.effective({})
        assert effective.set_up
        config = effective.config()
        assert (config.server_url, config.token) == ("ws://h/ws/agent", "S")
        assert config.work_dir == Path("W")
        assert {config.origins[key] for key in ("server.url", "token", "work_dir")} == {path}

    def test_everything_else_wins(self, start: Start) -> None:
        """And whoever saves anew is told what wins, with its line."""
        self.save(start, '{"server_url": "ws://saved", "token": "S", "work_dir": "W"}')
        file = start.file("server:\n  url: ws://file")
        effective = start.effective({"work_dir": "F"}, ATS_AGENT_TOKEN="E")
        config = effective.config()
        assert (config.server_url, config.token) == ("ws://file/ws/agent", "E")
        assert config.work_dir == Path("F")
        assert effective.overruled("ws://new/ws/agent", "N") == (
            f"The saved address has no effect: {file}:2 says otherwise, and wins over it.",
            "The saved token has no effect: environment ATS_AGENT_TOKEN says otherwise,"
            " and wins over it.",
        )
        assert effective.overruled("ws://file/ws/agent", "E") == ()
        assert start.effective({}).overruled("", "N") == ()

    def test_damage_stops_only_who_needs_it(self, start: Start) -> None:
        """With address and token from elsewhere it is a warning; `login` can always repair it."""
        path = self.save(start, "{")
        assert start.error({}).startswith(f"{path}:1: ")
        assert "ats-agent login" in start.error({})
        effective = start.effective(URL | TOKEN)
        assert effective.warnings == ()
        assert [path in warning for warning in effective.config().warnings] == [True]

    def test_agent_that_is_not_set_up(self, start: Start) -> None:
        """Its Config has all but address and token, of which one alone is none."""
        config = start.effective(TOKEN | {"logging.level": "debug"}).config_so_far()
        assert not config.set_up
        assert (config.server_url, config.token, config.log_level) == ("", "", "DEBUG")
        assert start.config(URL | TOKEN).set_up

    def test_files_to_watch(self, start: Start, tmp_path: Path) -> None:
        """Those that do not exist yet are among them."""
        token = tmp_path / "token"
        token.write_text("T", encoding="utf-8")
        names = {"config.yaml", "connection.json"}
        usual = {start.home / name for name in names}
        assert set(start.effective({}).files()) == usual
        assert set(start.effective({"token_file": str(token)}).files()) == usual | {token}


class TestPortable:
    """A file beside the program takes the place of the one in the home folder."""

    def effective(
        self, tmp_path: Path, text: str, home: Path | None = None, **flags: str
    ) -> Effective:
        """Gather with this content of the file."""
        path = tmp_path / "ats-agent.yaml"
        path.write_text(text, encoding="utf-8")
        beside = home or tmp_path / "ats-agent-data"
        return gather(flags, {}, lambda: beside, portable=path)

    def test_token_and_settings_in_one_file(self, tmp_path: Path) -> None:
        """All keys of the other file, and the token, which is not shown."""
        text = "server: {url: ws://h}\ntoken: s3cret-s3cret\nstate: beside\ntask: {timeout: 60}"
        effective = self.effective(tmp_path, text)
        config = effective.config()
        assert (config.token, config.task_timeout, config.warnings) == ("s3cret-s3cret", 60, ())
        assert config.private_files[0] == tmp_path / "ats-agent.yaml"
        shown = effective.shown()["token"]
        assert shown == ("set (13 characters)", f"{tmp_path / 'ats-agent.yaml'}:2")
        assert "s3cret" not in repr(effective)

    def test_token_that_looks_like_something_else(self, tmp_path: Path) -> None:
        """Chance may make a token a number in YAML's eyes."""
        for token in ("123", "1_000", "yes", "-1e5", "2026-11-22"):
            effective = self.effective(tmp_path, f"server: {{url: h}}\ntoken: {token}")
            assert effective.config().token == token

    def test_token_file_lies_beside_it(self, tmp_path: Path) -> None:
        """A missing one is named with the line that wants it."""
        text = "server: {url: ws://h}\ntoken_file: my-token"
        with pytest.raises(ConfigError) as caught:
            self.effective(tmp_path, text)
        place = tmp_path / "ats-agent.yaml"
        assert str(caught.value).startswith(f"{place}:2: token_file: {tmp_path / 'my-token'}: can")
        (tmp_path / "my-token").write_text("T\n", encoding="utf-8")
        effective = self.effective(tmp_path, text)
        assert effective.config().token == "T"
        assert tmp_path / "my-token" in effective.files()

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("state: desk", "1: state: 'desk' is none of these, expected one of beside, user"),
            ("token: s3cret s3cret", "1: token: it holds characters"),
            ("token: [s3cret]", "1: token: a list or section"),
            ("token: T\ntoken_file: F", "Both"),
        ],
    )
    def test_mistakes_have_their_line(self, tmp_path: Path, text: str, words: str) -> None:
        """As everywhere, and without the token."""
        with pytest.raises(ConfigError) as caught:
            self.effective(tmp_path, text)
        assert words in str(caught.value)
        assert "s3cret" not in str(caught.value)

    def test_named_file_wins(self, tmp_path: Path) -> None:
        """--config leaves the file beside the program unread; that one may hold no token."""
        other = tmp_path / "other.yaml"
        other.write_text("token: T", encoding="utf-8")
        effective = self.effective(tmp_path, "task: [", config=str(other))
        assert not effective.set_up
        assert "--token-file" in effective.warnings[0]

    def test_memory_that_had_to_move_is_told_of(self, tmp_path: Path) -> None:
        """A write-protected folder means the user's; who asked for that is not warned."""
        home = tmp_path / "user"
        (warning,) = self.effective(tmp_path, "", home).warnings
        assert str(tmp_path / "ats-agent-data") in warning
        assert str(home) in warning
        assert self.effective(tmp_path, "state: user", home).warnings == ()
