"""The token in the system's credential store, through `keyring`; every call has a time limit."""

import queue
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from app.errors import ConfigError
from app.i18n import _

WANTED_ENV = "ATS_AGENT_KEYRING"  # "1": use the store on Linux as well, "0": not even elsewhere
# Seconds: a locked store waits for a person, who may not be there; macOS asks one after updates.
LIMIT = 60.0 if sys.platform == "darwin" else 10.0
_USER = "token"
_Result = TypeVar("_Result")


class NoBackendError(Exception):
    """This computer has no credential store that works."""


class Backend(Protocol):
    """What we need of a backend of `keyring`."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, None when there is none."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret; an error when there is none."""


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Tell whether a token that is saved now goes into the credential store."""
    said = environ.get(WANTED_ENV, "").strip()
    return said == "1" if said else sys.platform in ("win32", "darwin")


def system_backend() -> Backend:
    """Return the system's own store; ImportError, NoBackendError when there is none.

    The module is named, not searched: a search reads packages that a frozen program lacks.
    """
    if sys.platform == "win32":
        from keyring.backends.Windows import WinVaultKeyring as Keyring  # noqa: PLC0415 (9 MiB)
    elif sys.platform == "darwin":
        from keyring.backends.macOS import Keyring  # noqa: PLC0415 (as above)
    else:
        from keyring.backends.SecretService import Keyring  # noqa: PLC0415 (as above)
    store: Any = Keyring  # its types say less than Backend does
    if not store.viable:
        raise NoBackendError
    backend: Backend = store()
    return backend


class CredentialStore:
    """One token per home folder. Every call blocks, for `limit` seconds at most."""

    def __init__(
        self, backend: Callable[[], Backend] = system_backend, limit: float = LIMIT
    ) -> None:
        self._backend = backend
        self._limit = limit

    def read(self, home: Path) -> str | None:
        """Return the token, None when there is none; ConfigError when nobody can tell."""
        return self._limited(lambda: self._backend().get_password(_service(home), _USER))

    def write(self, home: Path, token: str) -> None:
        """Keep the token; ConfigError when that failed."""
        self._limited(lambda: self._backend().set_password(_service(home), _USER, token))

    def forget(self, home: Path) -> None:
        """Remove the token, if there is one; ConfigError when that failed."""

        def remove() -> None:
            backend = self._backend()
            if backend.get_password(_service(home), _USER) is not None:
                backend.delete_password(_service(home), _USER)

        self._limited(remove)

    def _limited(self, work: Callable[[], _Result]) -> _Result:
        """Do `work` on a thread that is left behind when it hangs."""
        results: queue.SimpleQueue[tuple[_Result] | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.put((work(),))
            except Exception as why:  # noqa: BLE001 (foreign code with errors of its own)
                results.put(why)

        threading.Thread(target=run, name="credential store", daemon=True).start()
        try:
            result = results.get(timeout=self._limit)
        except queue.Empty:
            raise _unusable(_("it is locked, or does not answer")) from None
        if isinstance(result, Exception):
            raise _failed(result) from None  # whose text we do not know, nor whom it quotes
        return result[0]


def _service(home: Path) -> str:
    return f"ats-agent {home}"


def _failed(why: Exception) -> ConfigError:
    if isinstance(why, ImportError):
        return _unusable(_("the package keyring is not installed"))
    if isinstance(why, NoBackendError):
        return _unusable(_("this computer has none that works"))
    return _unusable(type(why).__name__)


def _unusable(why: str) -> ConfigError:
    return ConfigError(
        _("The token cannot be reached in this computer's credential store: {why}.").format(
            why=why
        ),
        _("Unlock it and try again, or run `{command}`: the token then goes to a private file.")
        .format(command=f"{WANTED_ENV}=0 ats-agent login"),
    )  # fmt: skip
