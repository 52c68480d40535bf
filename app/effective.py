"""What the sources gave, joined: each setting with its origin → one frozen Config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from app import connection_file
from app.errors import ConfigError
from app.i18n import _, ngettext
from app.setting import Kind, Value, plain
from app.settings import BY_KEY

FILE_NAME = "config.yaml"  # in the home folder, read when it exists
DEFAULT = "default"  # origin of a value that nobody gave
ENVIRONMENT = "environment "  # begins the origin of a value that a variable gave


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything the agent was told, checked; the table in settings.py has units and ranges."""

    server_url: str  # complete, without the token; "" when the agent is not set up
    token: str = field(repr=False)  # "" when the agent is not set up
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
    disk_low: int  # MiB free; 0: never warned of
    keep_awake: str  # "jobs", "always" or "never"
    needs_timeout: float  # seconds that a suite waits for its desktop; 0: it fails
    notify_connected: bool
    notify_refused: bool
    notify_failures: bool
    notify_disk_low: bool
    language: str | None  # None: the system's
    work_dir: Path | None  # the user's own wish, as written: host.paths.resolve_work_dir
    home: Path  # absolute
    headless: bool
    private_files: tuple[Path, ...]  # this configuration's own; the platform may not see them
    origins: Mapping[str, str]  # setting key -> where its value came from
    warnings: tuple[str, ...] = ()  # to be logged once logging is set up

    @property
    def set_up(self) -> bool:
        """Address and token are known: the agent can connect."""
        return bool(self.server_url and self.token)


@dataclass(frozen=True, slots=True)
class Entry:
    """One effective setting."""

    value: Value = field(repr=False)  # it may be the token
    origin: str  # "--flag", "environment NAME", "/path/config.yaml:3", "/path/token", "default"


def in_words(origin: str) -> str:
    """Return an origin for a person; Config.origins and `--json` have it as it is."""
    variable = origin.removeprefix(ENVIRONMENT)
    if variable != origin:
        return _("environment {name}").format(name=variable)
    return _("default") if origin == DEFAULT else origin


@dataclass(frozen=True, slots=True)
class Effective:
    """The effective settings by key; token and address may still be missing.

    `problem` is why what was saved cannot be used, where nothing stronger makes up for it.
    """

    entries: Mapping[str, Entry]
    warnings: tuple[str, ...]
    problem: ConfigError | None = None

    @property
    def set_up(self) -> bool:
        """Address and token are known: the agent can connect."""
        return all(self.entries[key].value is not None for key in ("server.url", "token"))

    @property
    def home(self) -> Path:
        """The home folder, absolute."""
        return cast("Path", self.entries["home"].value)

    def config(self) -> Config:
        """Return the Config; ConfigError when the token or the address is missing."""
        self._require()
        return self.config_so_far()

    def config_so_far(self) -> Config:
        """Return the Config of an agent that need not be set up: `Config.set_up` tells."""
        values: dict[str, Any] = {name: self.entries[key].value for name, key in _FIELDS.items()}
        for name in ("server_url", "token"):
            values[name] = values[name] if self.set_up else ""
        return Config(
            **values,
            work_dir=self._work_dir(),
            private_files=self._private_files(),
            origins=MappingProxyType({key: entry.origin for key, entry in self.entries.items()}),
            warnings=self.all_warnings(),
        )

    def all_warnings(self) -> tuple[str, ...]:
        """Return the warnings, and the problem with what was saved as one of them."""
        return self.warnings if self.problem is None else (*self.warnings, str(self.problem))

    @property
    def usual_file(self) -> Path:
        """Where the configuration file is when nobody names one; it may not exist."""
        return self.home / FILE_NAME

    def files(self) -> tuple[Path, ...]:
        """Return the files whose change may change a setting, those that do not exist included."""
        named = (self.entries[key].value for key in ("config", "token_file"))
        given = [path.absolute() for path in named if isinstance(path, Path)]
        usual = (self.usual_file, self.home / connection_file.FILE_NAME)
        return tuple(dict.fromkeys((*given, *usual)))

    def overruled(self, server_url: str, token: str) -> tuple[str, ...]:
        """Return one sentence per saved value that has no effect, and what wins over it."""
        saved = {"server.url": server_url, "token": token}
        names = {"server.url": _("address"), "token": _("token")}
        text = _("The saved {name} has no effect: {origin} says otherwise, and wins over it.")
        return tuple(
            text.format(name=names[key], origin=in_words(self.entries[key].origin))
            for key, value in saved.items()
            if value and self._is_stronger(key) and self.entries[key].value != value
        )

    def _is_stronger(self, key: str) -> bool:
        """Tell whether a source wins over what login and the page save."""
        origin = self.entries[key].origin
        weak = str(self.home / connection_file.FILE_NAME)
        return origin != DEFAULT and not origin.startswith(weak)

    def shown(self) -> dict[str, tuple[str | int | float | bool | None, str]]:
        """Return value (None: not set) and origin of each setting, without secrets."""
        return {key: (_shown(key, entry), entry.origin) for key, entry in self.entries.items()}

    def _work_dir(self) -> Path | None:
        wish = self.entries["work_dir"].value
        return Path(cast("str", wish)) if wish else None

    def _private_files(self) -> tuple[Path, ...]:
        """HOME's own files are guarded by their name."""
        return tuple(path for path in self.files() if path != self.usual_file)

    def _require(self) -> None:
        if self.problem is not None and not self.set_up:
            raise self.problem
        if self.entries["server.url"].value is None:
            raise ConfigError(
                _("The platform's address is not known."),
                _("Run `ats-agent login`, give --server-url ws://HOST:PORT, set"
                  " ATS_AGENT_SERVER_URL, or write server.url into the configuration file."),
            )  # fmt: skip
        if self.entries["token"].value is None:
            raise ConfigError(
                _("The token is not known."),
                _("Copy it from this computer's environment on the platform and run"
                  " `ats-agent login`; or put it into a file and give --token-file FILE, or set"
                  " ATS_AGENT_TOKEN."),
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
    "disk_low": "monitor.disk_low",
    "keep_awake": "desktop.keep_awake",
    "needs_timeout": "desktop.needs_timeout",
    "notify_connected": "notifications.connected",
    "notify_refused": "notifications.refused",
    "notify_failures": "notifications.failures",
    "notify_disk_low": "notifications.disk_low",
    "language": "language",
    "home": "home",
    "headless": "headless",
}


def _shown(key: str, entry: Entry) -> str | int | float | bool | None:
    if BY_KEY[key].kind is Kind.TOKEN and entry.value is not None:
        length = len(str(entry.value))
        return ngettext("set ({n} character)", "set ({n} characters)", length).format(n=length)
    return plain(entry.value)
