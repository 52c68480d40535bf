"""The agent's own files in the work dir (app/workspace/guard.py)."""

import os
from pathlib import Path

import pytest

from app.protocol.messages import WorkspaceVerb
from app.workspace.guard import own_files
from app.workspace.workspace import Workspace
from tests.workspace.conftest import DELETE, LIST, MKDIR, READ, WRITE, Yard

CHANGES = [WRITE, DELETE, MKDIR]


@pytest.fixture
def house(yard: Yard) -> Yard:
    """A work dir that holds the agent's home, logs and cache."""
    home = yard.root / "my" / "Home"
    for folder in (home / "logs", yard.root / "logs" / "tasks", yard.root / "cache" / "git"):
        folder.mkdir(parents=True)
    for name in ("journal.db", "journal.db-wal", "agent.lock", "config.yaml", "logs/agent.log"):
        (home / name).write_text("own", encoding="utf-8")
    (yard.root / "logs" / "agent.log").write_text("log", encoding="utf-8")
    (yard.root / "logs" / "tasks" / "t1.log").write_text("log", encoding="utf-8")
    (yard.root / "my" / "Home-work").mkdir()
    token = yard.root / "token.txt"
    token.write_text("secret", encoding="utf-8")
    yard.workspace = Workspace(yard.root, [*own_files(home), token, yard.root / "missing.yaml"])
    return yard


def inside(root: Path) -> list[str]:
    return sorted(str(path) for path in root.rglob("*"))


@pytest.mark.parametrize(
    "path",
    ["logs", "logs/agent.log", "logs/tasks/t1.log", "logs/new", "LOGS/agent.log", "cache", "my",
     "cache/git", "Logs", "my/Home", "my/Home/journal.db", "my/home/new", "token.txt",
     "TOKEN.TXT", "token.txt.old", "missing.yaml", "./logs//"],
)  # fmt: skip
@pytest.mark.parametrize("verb", CHANGES)
def test_own_files_stay(house: Yard, verb: WorkspaceVerb, path: str) -> None:
    """Neither they nor a folder that holds them can be removed, made or overwritten."""
    before = inside(house.root)
    answer = house.ask(verb, path, "x")
    assert inside(house.root) == before
    if (verb, path) != (MKDIR, "my"):  # it is there already, which is fine
        assert not answer.success


@pytest.mark.parametrize("path", ["logs/agent.log", "logs/tasks/t1.log"])
def test_logs_can_be_read(house: Yard, path: str) -> None:
    """The platform's users may look at what happened."""
    assert house.ask(READ, path).data["content"] == "log"
    assert house.ask(LIST, "logs").success


@pytest.mark.parametrize(
    "path", ["my/Home/journal.db", "my/Home/config.yaml", "my/Home/logs/agent.log", "token.txt"]
)
def test_secrets_cannot_be_read(house: Yard, path: str) -> None:
    """Neither by name nor by a link, a hard link included."""
    (house.root / "soft").symlink_to(house.root / path)
    os.link(house.root / path, house.root / "hard")
    asked = [path, "soft"] if path.endswith("agent.log") else [path, "soft", "hard"]
    for name in asked:
        answer = house.ask(READ, name)
        assert not answer.success
        assert "protected" in answer.error


def test_the_home_cannot_be_listed(house: Yard) -> None:
    """Its names are nobody's business; the folder beside it is served."""
    assert not house.ask(LIST, "my/Home").success
    assert house.ask(LIST, "my/Home-work").success
    assert house.ask(WRITE, "my/Home-work/x", "x").success


@pytest.mark.parametrize("home", [".", ".."])
def test_a_home_that_is_or_holds_the_work_dir(yard: Yard, home: str) -> None:
    """The work dir is served, the home's own files in it are not."""
    folder = (yard.root / home).resolve()
    yard.workspace = Workspace(yard.root, own_files(folder))
    (yard.root / "notes.txt").write_text("x", encoding="utf-8")
    assert yard.ask(READ, "notes.txt").success
    for name in ("journal.db", "journal.db-wal", "journal.db.damaged-1", "config.yaml"):
        (yard.root / name).write_text("own", encoding="utf-8")
        assert yard.ask(READ, name).success is (home == "..")


def test_logs_that_are_a_link_are_kept(yard: Yard) -> None:
    """An administrator may have moved them to another disk."""
    (yard.root / "logs").symlink_to(yard.outside)
    for verb in CHANGES:
        assert not yard.ask(verb, "logs", "x").success
    assert (yard.root / "logs").is_symlink()
