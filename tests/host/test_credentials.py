"""The credential store, with backends that keep, refuse and hang."""

import threading
from pathlib import Path

import pytest

from app.errors import ConfigError
from app.host.credentials import CredentialStore, NoBackendError, is_wanted
from tests.fakes.keyrings import MemoryKeyring

HOME, OTHER = Path("/homes/one"), Path("/homes/two")


def test_each_home_has_its_token() -> None:
    """Two agents on one computer do not know each other's."""
    ring = MemoryKeyring()
    store = CredentialStore(lambda: ring)
    store.write(HOME, "T1")
    store.write(OTHER, "T2")
    store.write(HOME, "T3")
    assert (store.read(HOME), store.read(OTHER)) == ("T3", "T2")
    store.forget(HOME)
    store.forget(HOME)
    assert (store.read(HOME), store.read(OTHER)) == (None, "T2")


def test_locked_store_is_given_up() -> None:
    """A store that waits for a person holds up nobody longer than the limit."""
    gate = threading.Event()

    def hangs() -> MemoryKeyring:
        gate.wait()
        return MemoryKeyring()

    with pytest.raises(ConfigError, match="locked") as caught:
        CredentialStore(hangs, limit=0.05).read(HOME)
    gate.set()
    assert "ATS_AGENT_KEYRING=0" in caught.value.next_step


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ImportError("keyring"), "not installed"),
        (NoBackendError(), "has none that works"),
        (OSError("it quotes s3cret"), "OSError"),
    ],
)
def test_broken_store_is_explained(error: Exception, words: str) -> None:
    """Whatever it raises becomes one line; its own text may quote the token, so it is not said."""

    def broken() -> MemoryKeyring:
        raise error

    with pytest.raises(ConfigError, match=words) as caught:
        CredentialStore(broken).write(HOME, "s3cret")
    assert "s3cret" not in str(caught.value)


def test_the_user_may_choose() -> None:
    """The variable says yes or no, whatever the system's habit is."""
    assert is_wanted({"ATS_AGENT_KEYRING": "1"})
    assert not is_wanted({"ATS_AGENT_KEYRING": "0"})
    assert is_wanted({}) == is_wanted({"ATS_AGENT_KEYRING": " "})
