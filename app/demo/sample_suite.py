"""The demo's suite: an example repository, made on the spot with git when git is there."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.demo import players
from app.demo.rows import Git

CODES = ("100003", "100001", "100002", "100004", "100005", "100006")  # in a user's order
EXPECTED = {
    "100001": "passed",
    "100002": "passed",
    "100003": "failed",
    "100004": "passed",
    "100005": "skipped",
    "100006": "passed",
}
BRANCH = "demo"
_SAMPLE = Path(__file__).with_name("sample")
_IDENTITY = ("-c", "user.name=ATS demo", "-c", "user.email=demo@localhost")
_LIMIT = 30.0  # seconds for one git command


@dataclass(frozen=True, slots=True)
class Sample:
    """What a suite of it needs: its repository (None: there is no git) and its command."""

    git: Git | None
    command: str


def make_sample(folder: Path) -> Sample:
    """Make the example in `folder`; blocking. Without git it runs from where it is.

    Raises OSError and subprocess.SubprocessError.
    """
    if shutil.which("git") is None:
        return Sample(None, players.command_of_tests(_SAMPLE))
    repository = folder / "example repository"
    (repository / "xat").mkdir(parents=True)
    for source in _SAMPLE.glob("*.py"):
        shutil.copy(source, repository)
    (repository / "xat" / ".gitkeep").touch()
    _git(repository, "init", "--quiet", "--initial-branch", BRANCH)
    _git(repository, "add", "--all")
    _git(repository, *_IDENTITY, "commit", "--quiet", "--message", "Add a small shop (示例)")
    return Sample(Git(repository.as_uri(), BRANCH), players.command_of_tests())


def _git(repository: Path, *words: str) -> None:
    subprocess.run(
        ["git", *words],  # noqa: S607 (whichever git the user has)
        cwd=repository,
        check=True,
        timeout=_LIMIT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
