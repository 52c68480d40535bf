"""Saves and forgets the connection: `<home>/connection.json`, and the token where it is safe."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.connection_file import FILE_NAME, encoded, read_saved
from app.errors import ConfigError
from app.host.credentials import CredentialStore, is_wanted
from app.host.paths import portable_file, prepare_home
from app.host.private_file import write_private
from app.i18n import _


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a token was put."""

    in_store: bool  # the system's credential store; else the file itself
    path: Path
    remark: str = ""  # why the store was not used although it was wanted


class ConnectionStore:
    """What is saved for one home folder; every method blocks.

    `store` is where the token goes; `None`: into the file, readable by this user only.
    """

    def __init__(
        self, home: Path, store: CredentialStore | None, reader: CredentialStore | None = None
    ) -> None:
        self._path = home / FILE_NAME
        self._home = home
        self._store = store
        self._reader = reader or store or CredentialStore()

    @classmethod
    def of(
        cls, home: Path, environ: Mapping[str, str], beside: Path | None = None
    ) -> "ConnectionStore":
        """Return the one of this home folder; a copied program's token goes where it goes."""
        file = portable_file(beside)
        copied = file is not None and file.parent in home.parents
        return cls(home, CredentialStore() if is_wanted(environ) and not copied else None)

    def save(self, server_url: str, token: str, work_dir: str = "") -> Saved:
        """Save a connection in the place of what is there; ConfigError when it cannot be."""
        prepare_home(self._home)
        remark = self._keep(token)
        in_store = self._store is not None and not remark
        data = encoded(server_url, work_dir, None if in_store else token)
        try:
            write_private(self._path, data)
        except OSError as why:
            raise self._failed(why) from why
        return Saved(in_store, self._path, remark)

    def forget(self) -> bool:
        """Remove what is saved; False when nothing was. ConfigError when it cannot be."""
        try:
            saved = read_saved(self._home)
        except ConfigError:  # damaged: nobody knows whether the token is in the store
            saved = None
            with suppress(ConfigError):
                self._reader.forget(self._home)
        if saved is not None and saved.in_keyring:
            self._reader.forget(self._home)
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as why:
            raise self._failed(why) from why
        return True

    def _keep(self, token: str) -> str:
        """Put the token into the store; return why it is not there, "" when it is."""
        if self._store is None:
            return ""
        try:
            self._store.write(self._home, token)
        except ConfigError as why:
            text = _("{why} It is in {path} instead, which only this user can read.")
            return text.format(why=why.cause, path=self._path)
        return ""

    def _failed(self, why: OSError) -> ConfigError:
        return ConfigError(
            _("{path} cannot be written: {why}.").format(path=self._path, why=why.strerror),
            _("Make the folder writable for this user."),
        )
