"""A work dir in a tree whose other parts nobody may touch."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.host import confined
from app.host._confined_path import PathFolder
from app.protocol.messages import WorkspaceAnswer, WorkspaceRequest, WorkspaceVerb
from app.workspace.workspace import Workspace

LIST, READ, WRITE, DELETE, MKDIR = WorkspaceVerb

SECRET = "the secret outside"


class Yard:
    """A work dir `<base>/work` with things around it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "work"
        self.outside = base / "outside"
        for folder in (self.root, self.outside, self.outside / "deep", base / "work-beside"):
            folder.mkdir(parents=True)
        for folder in (base, self.outside, self.outside / "deep", base / "work-beside"):
            (folder / "secret.txt").write_text(SECRET, encoding="utf-8")
        self.workspace = Workspace(self.root)

    def ask(
        self,
        verb: WorkspaceVerb,
        path: str,
        content: str = "",
        *,
        encoding: str = "utf-8",
        is_base64: bool = False,
    ) -> WorkspaceAnswer:
        """Ask as the platform does."""
        request = WorkspaceRequest(verb, "r1", path, encoding, content, is_base64)
        return self.workspace.answer(request)

    def around(self) -> str:
        """Return a fingerprint of everything outside the work dir."""
        digest = hashlib.sha256()
        for parent, folders, files in os.walk(self.base):
            if Path(parent) == self.base:
                folders.remove("work")
            folders.sort()
            for name in sorted(files):
                path = Path(parent, name)
                status = path.lstat()
                digest.update(f"{path} {status.st_mode} {status.st_mtime_ns}\n".encode())
                digest.update(path.read_bytes())
            digest.update(f"{parent} {folders}\n".encode())
        return digest.hexdigest()


@pytest.fixture(params=["this system's", "by path"])
def any_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to reach files: this system's, and the one that Windows gets."""
    if request.param == "by path":
        monkeypatch.setattr(confined, "_Folder", PathFolder)
    return str(request.param)


@pytest.fixture
def yard(tmp_path: Path, any_system: str) -> Iterator[Yard]:
    yard = Yard(tmp_path / "盘 one")
    before = yard.around()
    yield yard
    assert yard.around() == before, f"something outside was touched ({any_system})"
