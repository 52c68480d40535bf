"""Flags > environment > file > defaults → one frozen Config, checked once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from app.errors import ConfigError
from app.i18n import _, ngettext
from app.setting import Kind, Setting, Value, complaint, complaint_about, plain
from app.settings import BY_KEY, SETTINGS
from app.small_file import decode, read_bounded

if TYPE_CHECKING:
    from app.config_file import FileSettings

FILE_NAME = "config.yaml"  # in the home folder, read when it exists
DEFAULT = "default"  # origin of a value that nobody gave


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything the agent was told, checked; the table in settings.py has units and ranges."""

    server_url: str  # complete, without the token
    token: str = field(repr=False)
    ca_file: Path | None
    log_level: str
    log_max_size: int  # bytes
    log_backup_count: int
    max_concurrent: int
    task_timeout: float  # seconds
    idle_timeout: float  # seconds without output; 0: no limit
    max_log_bytes: int
    keep_tasks: int
    keep_days: int
    result_patterns: tuple[str, ...]  # empty: the usual names
    log_limit: int  # bytes per execution on the platform; 0: none
    screenshot_on_failure: bool
    heartbeat_interval: float  # seconds
    work_dir: Path | None  # the user's own wish, as written: host.paths.resolve_work_dir
    home: Path  # absolute
    headless: bool
    private_files: tuple[Path, ...]  # this configuration's own; the platform may not see them
    origins: Mapping[str, str]  # setting key -> where its value came from
    warnings: tuple[str, ...] = ()  # to be logged once logging is set up


@dataclass(frozen=True, slots=True)
class Entry:
    """One effective setting."""

    value: Value
    origin: str  # "--flag", "environment NAME", "/path/config.yaml:3", "/path/token", "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective settings by key; token and address may still be missing."""

    entries: Mapping[str, Entry]
    warnings: tuple[str, ...]

    def config(self) -> Config:
        """Return the Config; ConfigError when the token or the address is missing."""
        self._require()
        values: dict[str, Any] = {name: self.entries[key].value for name, key in _FIELDS.items()}
        return Config(
            **values,
            work_dir=self._work_dir(),
            private_files=self._private_files(),
            origins=MappingProxyType({key: entry.origin for key, entry in self.entries.items()}),
            warnings=self.warnings,
        )

    def shown(self) -> dict[str, tuple[str | int | float | bool | None, str]]:
        """Return value (None: not set) and origin of each setting, without secrets."""
        return {key: (_shown(key, entry), entry.origin) for key, entry in self.entries.items()}

    def _work_dir(self) -> Path | None:
        wish = self.entries["work_dir"].value
        return Path(cast("str", wish)) if wish else None

    def _private_files(self) -> tuple[Path, ...]:
        values = (self.entries[key].value for key in ("config", "token_file"))
        return tuple(value.absolute() for value in values if isinstance(value, Path))

    def _require(self) -> None:
        if self.entries["server.url"].value is None:
            raise ConfigError(
                _("The platform's address is not known."),
                _("Give --server-url ws://HOST:PORT, set ATS_AGENT_SERVER_URL, or write"
                  " server.url into the configuration file."),
            )  # fmt: skip
        if self.entries["token"].value is None:
            raise ConfigError(
                _("The token is not known."),
                _("Copy it from this computer's environment on the platform into a file and"
                  " give --token-file FILE, or set ATS_AGENT_TOKEN."),
            )  # fmt: skip


_FIELDS = {
    "server_url": "server.url",
    "token": "token",
    "ca_file": "server.ca_file",
    "log_level": "logging.level",
    "log_max_size": "logging.max_size",
    "log_backup_count": "logging.backup_count",
    "max_concurrent": "task.max_concurrent",
    "task_timeout": "task.timeout",
    "idle_timeout": "task.idle_timeout",
    "max_log_bytes": "task.max_log_bytes",
    "keep_tasks": "task.cleanup.keep_tasks",
    "keep_days": "task.cleanup.keep_days",
    "result_patterns": "suite.results",
    "log_limit": "platform.log_limit",
    "screenshot_on_failure": "evidence.screenshot_on_failure",
    "heartbeat_interval": "monitor.interval",
    "home": "home",
    "headless": "headless",
}


def home_of(
    flags: Mapping[str, str], environ: Mapping[str, str], default_home: Callable[[], Path]
) -> Path:
    """Return the home folder alone, as `gather` finds it; no file is read."""
    return cast("Path", _home_entry(_Sources(flags, environ), default_home).value)


def gather(
    flags: Mapping[str, str], environ: Mapping[str, str], default_home: Callable[[], Path]
) -> Effective:
    """Return each setting with its origin; `flags` holds texts by setting key.

    `default_home` is asked only when neither flag nor variable names the home folder.
    Raises ConfigError (one line, no secrets).
    """
    sources = _Sources(flags, environ)
    home = _home_entry(sources, default_home)
    config = _config_entry(sources.take(BY_KEY["config"]), home)
    file = _read(cast("Path", config.value)) if config.value else None
    entries = {setting.key: sources.settle(setting, file) for setting in SETTINGS}
    entries |= {"home": home, "config": config}
    entries["token"] = _token(entries["token"], entries["token_file"], sources)
    entries["server.ca_file"] = _ca_file(entries["server.ca_file"], config)
    return Effective(entries, file.warnings if file else ())


def _home_entry(sources: "_Sources", default_home: Callable[[], Path]) -> Entry:
    home = sources.take(BY_KEY["home"]) or Entry(default_home(), DEFAULT)
    return Entry(_absolute(home), home.origin)


def _read(path: Path) -> "FileSettings":
    from app.config_file import read  # noqa: PLC0415 (PyYAML; most starts read no file)

    return read(path)


class _Sources:
    """The flags and variables of one start; an empty variable counts as not set."""

    def __init__(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self._flags = {key: _unquoted(text) for key, text in flags.items()}
        self._environ = environ

    def settle(self, setting: Setting, file: "FileSettings | None") -> Entry:
        """Return the setting's value from the strongest source that has one."""
        given = self.take(setting)
        if given is not None:
            return given
        if file is not None and setting.key in file.values:
            found = file.values[setting.key]
            return Entry(found.value, f"{file.path}:{found.line}")
        return Entry(setting.default, DEFAULT)

    def take(self, setting: Setting) -> Entry | None:
        """Return what a flag, else a variable says; None when neither does."""
        if setting.key in self._flags:
            text = self._flags[setting.key]
            if text or setting.key != "work_dir":  # the platform's own command may leave it empty
                return Entry(_checked(setting, text, setting.flags[0]), setting.flags[0])
        if text := self._environ.get(setting.env, "").strip():
            return Entry(_checked(setting, text, setting.env), f"environment {setting.env}")
        return None

    def strength(self, entry: Entry) -> int:
        """Return 2 for a flag, 1 for a variable, 0 for less."""
        if entry.origin.startswith("--"):
            return 2
        return 1 if entry.origin.startswith("environment ") else 0


def _unquoted(text: str) -> str:
    """Strip one pair of single quotes: Windows' cmd passes them on as they were typed."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _checked(setting: Setting, text: str, where: str) -> Value:
    if not text:
        what = _("there is no value")
        raise ConfigError(complaint(where, what, setting))
    try:
        return setting.read(text)
    except ValueError as what:
        raise ConfigError(complaint(where, str(what), setting)) from what


def _absolute(entry: Entry) -> Path:
    return cast("Path", entry.value).absolute()


def _config_entry(given: Entry | None, home: Entry) -> Entry:
    """The named file, which must exist (reading it says so), else the one in the home folder."""
    if given is not None:
        return Entry(_absolute(given), given.origin)
    path = cast("Path", home.value) / FILE_NAME
    return Entry(path if _is_there(path.exists) else None, DEFAULT)


def _token(token: Entry, file: Entry, sources: _Sources) -> Entry:
    """The token itself or the content of its file, whichever was given with more emphasis."""
    if file.value is None or sources.strength(token) > sources.strength(file):
        return token
    if token.value is not None and sources.strength(token) == sources.strength(file):
        raise ConfigError(
            _("Both {token} and {file} are given; expected one of them.").format(
                token=token.origin, file=file.origin
            )
        )
    path = _absolute(file)
    return Entry(_token_in(path), str(path))


def _token_in(path: Path) -> Value:
    setting = BY_KEY["token"]
    text = decode(read_bounded(path), path).strip()
    if not text:
        raise ConfigError(
            _("{path}: empty, expected the token and nothing else.").format(path=path)
        )
    return _checked(setting, text, str(path))


def _ca_file(entry: Entry, config: Entry) -> Entry:
    """A relative one in the file lies beside that file; it must exist."""
    if entry.value is None:
        return entry
    path = cast("Path", entry.value)
    from_file = config.value is not None and entry.origin.startswith(f"{config.value}:")
    path = cast("Path", config.value).parent / path if from_file else path.absolute()
    if not _is_there(path.is_file):
        setting = BY_KEY["server.ca_file"]
        what = _("{path} is no file").format(path=path)
        where = f"{entry.origin}: {setting.key}" if from_file else setting.env
        raise ConfigError(complaint_about(where, what, _("a PEM file"), setting.example))
    return Entry(path, entry.origin)


def _is_there(check: Callable[[], bool]) -> bool:
    """What this user may not look at is not there for them."""
    try:
        return check()
    except OSError:
        return False


def _shown(key: str, entry: Entry) -> str | int | float | bool | None:
    if BY_KEY[key].kind is Kind.TOKEN and entry.value is not None:
        length = len(str(entry.value))
        return ngettext("set ({n} character)", "set ({n} characters)", length).format(n=length)
    return plain(entry.value)
