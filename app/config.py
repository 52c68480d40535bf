"""Flags > environment > file > what login saved > defaults: each setting and its origin."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.connection_file import KEYRING, SavedConnection, read_saved
from app.effective import DEFAULT, ENVIRONMENT, FILE_NAME, Config, Effective, Entry, in_words
from app.errors import ConfigError
from app.i18n import _
from app.setting import Setting, Value, complaint, complaint_about
from app.settings import BY_KEY, SETTINGS
from app.small_file import decode, read_bounded

if TYPE_CHECKING:
    from app.config_file import FileSettings

__all__ = ["Config", "Effective", "Entry", "gather", "home_of", "nothing_stored"]


def nothing_stored(_home: Path) -> str | None:
    """Stand for a credential store that is not there."""
    return None


def home_of(
    flags: Mapping[str, str], environ: Mapping[str, str], default_home: Callable[[], Path]
) -> Path:
    """Return the home folder alone, as `gather` finds it; no file is read."""
    return cast("Path", _home_entry(_Sources(flags, environ), default_home).value)


def gather(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    default_home: Callable[[], Path],
    *,
    portable: Path | None = None,
    stored_token: Callable[[Path], str | None] = nothing_stored,
) -> Effective:
    """Return each setting with its origin; `flags` holds texts by setting key.

    `default_home` is asked only when neither flag nor variable names the home folder;
    `portable` is the file beside the program, `stored_token` looks into the system's
    credential store for the token of a home folder and may raise ConfigError.
    Raises ConfigError (one line, no secrets).
    """
    sources = _Sources(flags, environ)
    home = _home_entry(sources, default_home)
    named = sources.take(BY_KEY["config"])
    config = _config_entry(named, home, portable)
    copied = named is None and portable is not None
    file = _read(cast("Path", config.value), copied=copied) if config.value else None
    saved = _Saved(cast("Path", home.value), stored_token)
    entries = {setting.key: sources.settle(setting, file) for setting in SETTINGS}
    entries |= {"home": home, "config": config}
    entries["token_file"] = _beside(entries["token_file"], config)
    entries["token"] = _token(entries["token"], entries["token_file"], sources)
    entries["server.ca_file"] = _ca_file(entries["server.ca_file"], config)
    entries |= saved.fill(entries)
    warnings = [*file.warnings] if file else []
    if file is not None and copied and home.origin == DEFAULT:
        warnings += _moved_away(file, cast("Path", home.value))
    return Effective(entries, tuple(warnings), saved.problem)


class _Saved:
    """What login saved, for the settings that nobody else gave; its damage is no end."""

    def __init__(self, home: Path, stored_token: Callable[[Path], str | None]) -> None:
        self.problem: ConfigError | None = None
        self._home = home
        self._stored_token = stored_token
        self._found: SavedConnection | None = None
        try:
            self._found = read_saved(home)
        except ConfigError as why:
            self.problem = why

    def fill(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Return the entries of the settings that are known from here only."""
        found = self._found
        if found is None:
            return {}
        filled = {
            key: Entry(value, str(found.path))
            for key, value in found.values.items()
            if entries[key].value is None
        }
        if found.in_keyring and entries["token"].value is None and "token" not in filled:
            filled["token"] = self._from_keyring(found.path)
        return filled

    def _from_keyring(self, path: Path) -> Entry:
        try:
            text = self._stored_token(self._home)
            if text is None:
                self.problem = _not_stored(path)
                return Entry(None, DEFAULT)
            return Entry(_checked(BY_KEY["token"], text, KEYRING), f"{path} ({KEYRING})")
        except ConfigError as why:
            self.problem = why
            return Entry(None, DEFAULT)


def _not_stored(path: Path) -> ConfigError:
    return ConfigError(
        _("{path}: the token is not in this computer's credential store.").format(path=path),
        _("Run `ats-agent login` again."),
    )


def _moved_away(file: "FileSettings", home: Path) -> list[str]:
    """Say that the memory of a copied program had to go elsewhere."""
    from app import portable  # noqa: PLC0415 (PyYAML; most starts read no file)

    state = file.values.get("state")
    beside = file.path.parent / portable.DATA_NAME
    if home == beside or (state and state.value == portable.USER):
        return []
    text = _("{path} cannot be written, so the agent's memory is in {home}.")
    return [text.format(path=beside, home=home)]


def _home_entry(sources: "_Sources", default_home: Callable[[], Path]) -> Entry:
    home = sources.take(BY_KEY["home"]) or Entry(default_home(), DEFAULT)
    return Entry(_absolute(home), home.origin)


def _read(path: Path, *, copied: bool) -> "FileSettings":
    from app.config_file import read  # noqa: PLC0415 (PyYAML; most starts read no file)

    return read(path, beside_program=copied)


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
            return Entry(_checked(setting, text, setting.env), f"{ENVIRONMENT}{setting.env}")
        return None

    def strength(self, entry: Entry) -> int:
        """Return 2 for a flag, 1 for a variable, 0 for less."""
        if entry.origin.startswith("--"):
            return 2
        return 1 if entry.origin.startswith(ENVIRONMENT) else 0


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


def _config_entry(given: Entry | None, home: Entry, portable: Path | None) -> Entry:
    """The named file, which must exist (reading it says so), else one that lies where it may."""
    if given is not None:
        return Entry(_absolute(given), given.origin)
    if portable is not None:
        return Entry(portable.absolute(), DEFAULT)
    path = cast("Path", home.value) / FILE_NAME
    return Entry(path if _is_there(path.exists) else None, DEFAULT)


def _beside(entry: Entry, config: Entry) -> Entry:
    """A relative path in a file is relative to that file."""
    if entry.value is None or not _is_from(config, entry):
        return entry
    folder = cast("Path", config.value).parent
    return Entry(folder / cast("Path", entry.value), entry.origin)


def _is_from(config: Entry, entry: Entry) -> bool:
    return config.value is not None and entry.origin.startswith(f"{config.value}:")


def _token(token: Entry, file: Entry, sources: _Sources) -> Entry:
    """The token itself or the content of its file, whichever was given with more emphasis."""
    if file.value is None or sources.strength(token) > sources.strength(file):
        return token
    if token.value is not None and sources.strength(token) == sources.strength(file):
        raise ConfigError(
            _("Both {token} and {file} are given; expected one of them.").format(
                token=in_words(token.origin), file=in_words(file.origin)
            )
        )
    path = _absolute(file)
    try:
        return Entry(_token_in(path), str(path))
    except ConfigError as why:
        if sources.strength(file):
            raise
        raise ConfigError(f"{file.origin}: token_file: {why.cause}") from why


def _token_in(path: Path) -> Value:
    setting = BY_KEY["token"]
    text = decode(read_bounded(path), path).strip()
    if not text:
        raise ConfigError(
            _("{path}: empty, expected the token and nothing else.").format(path=path)
        )
    return _checked(setting, text, str(path))


def _ca_file(entry: Entry, config: Entry) -> Entry:
    """It must exist."""
    if entry.value is None:
        return entry
    from_file = _is_from(config, entry)
    path = _absolute(_beside(entry, config))
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
