"""Saving and forgetting a connection, with the token in the file or in a credential store."""

import sys
from pathlib import Path

import pytest

from app.config import gather
from app.connection_file import FILE_NAME
from app.errors import ConfigError
from app.host.credentials import CredentialStore
from app.host.saved_connection import ConnectionStore
from tests.fakes.keyrings import MemoryKeyring

URL, TOKEN = "ws://h:8000/ws/agent", "-aB_" + "t" * 39


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that does not exist yet, with a name as users give it."""
    return tmp_path / "用户 home"


def test_token_in_the_private_file(home: Path) -> None:
    """The next start finds it, other users do not."""
    saved = ConnectionStore(home, None).save(URL, TOKEN, "work")
    effective = gather({}, {}, lambda: home)
    config = effective.config()
    assert (config.server_url, config.token, config.work_dir) == (URL, TOKEN, Path("work"))
    assert config.origins["token"] == str(saved.path) == str(home / FILE_NAME)
    assert not saved.in_store
    assert saved.path in config.private_files
    if sys.platform != "win32":
        assert saved.path.stat().st_mode & 0o777 == 0o600


def test_token_in_the_credential_store(home: Path) -> None:
    """The file holds no token then; forgetting takes both away."""
    ring = MemoryKeyring()
    store = CredentialStore(lambda: ring)
    connections = ConnectionStore(home, store)
    assert connections.save(URL, TOKEN).in_store
    assert TOKEN not in (home / FILE_NAME).read_text(encoding="utf-8")
    effective = gather({}, {}, lambda: home, stored_token=store.read)
    assert effective.config().token == TOKEN
    assert effective.shown()["token"][1] == f"{home / FILE_NAME} (keyring)"
    assert connections.forget()
    assert ring.secrets == {}
    assert not connections.forget()


def test_store_that_fails_is_replaced_by_the_file(home: Path) -> None:
    """The user is told why, and the agent works all the same."""

    def broken() -> MemoryKeyring:
        raise OSError("no bus")

    saved = ConnectionStore(home, CredentialStore(broken)).save(URL, TOKEN)
    assert not saved.in_store
    assert str(saved.path) in saved.remark
    assert gather({}, {}, lambda: home).config().token == TOKEN


def test_lost_token_is_a_problem_with_a_next_step(home: Path) -> None:
    """A restored file without its store says what is missing; a token from elsewhere heals it."""
    ConnectionStore(home, CredentialStore(MemoryKeyring)).save(URL, TOKEN)
    empty = CredentialStore(MemoryKeyring)
    effective = gather({}, {}, lambda: home, stored_token=empty.read)
    assert not effective.set_up
    with pytest.raises(ConfigError, match="not in this computer's credential store"):
        effective.config()
    healed = gather({}, {"ATS_AGENT_TOKEN": "T"}, lambda: home, stored_token=empty.read)
    assert healed.set_up
    assert healed.config().warnings == ()


def test_damaged_file_is_forgotten_too(home: Path) -> None:
    """Nobody knows whether the store has a token, so it is asked."""
    ring = MemoryKeyring()
    connections = ConnectionStore(home, CredentialStore(lambda: ring))
    connections.save(URL, TOKEN)
    (home / FILE_NAME).write_text("{", encoding="utf-8")
    assert connections.forget()
    assert ring.secrets == {}


def test_home_that_cannot_be_written(tmp_path: Path) -> None:
    """One line with the path."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be used"):
        ConnectionStore(tmp_path / "file", None).save(URL, TOKEN)


def test_copied_program_keeps_the_token_beside_itself(tmp_path: Path) -> None:
    """What is made to be copied is not tied to one computer's credential store."""
    (tmp_path / "ats-agent.yaml").write_text("", encoding="utf-8")
    wanted = {"ATS_AGENT_KEYRING": "1"}
    home = tmp_path / "ats-agent-data"
    assert not ConnectionStore.of(home, wanted, tmp_path).save(URL, TOKEN).in_store
