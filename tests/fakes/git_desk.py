"""What the tests of a checkout share: an isolated git, a bench that remembers what is said."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.host.containment import new_marker
from app.jobs.git import Checkout, GitBench, GitLimits, GitSource, checkout
from tests.fakes.git_remote import Remote


@dataclass
class Desk:
    """One suite's folder, its mirror cache, and what was said."""

    home: Path
    folder: Path
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    limits: GitLimits = field(default_factory=GitLimits)
    marker: str = field(default_factory=new_marker)

    @property
    def cache(self) -> Path:
        """Where the mirrors are."""
        return self.home / "cache" / "git"

    @property
    def mirrors(self) -> list[Path]:
        """The mirrors that there are."""
        return sorted(self.cache.glob("*.git"))

    def bench(self) -> GitBench:
        """What `checkout` works with; its pauses take no time."""
        return GitBench(self.cache, self.marker, self.said.append, self.limits, self._sleep)

    async def check_out(
        self, url: str | Remote, branch: str | None = None, token: str | None = None
    ) -> Checkout:
        """Check out into the folder."""
        address = str(url.path) if isinstance(url, Remote) else url
        return await checkout(GitSource(address, branch, token), self.folder, self.bench())

    def read(self, name: str) -> str:
        """Return the text of a file in the folder."""
        return (self.folder / name).read_text(encoding="utf-8")

    def names(self) -> set[str]:
        """Return what is in the folder besides .git."""
        return {path.name for path in self.folder.iterdir()} - {".git"}

    def git(self, *arguments: str) -> str:
        """Run git in the folder as a job would."""
        return Remote(self.folder).git(*arguments)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(name="own_git")
def isolated_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git with no configuration but the returned file, whoever runs the tests."""
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Tester\nemail = tester@example.com\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return config


@pytest.fixture(name="desk")
def empty_desk(tmp_path: Path, own_git: Path) -> Desk:
    """A suite that has not run yet."""
    return Desk(tmp_path, tmp_path / "suites" / "one" / "repo")


@pytest.fixture(name="remote")
def small_remote(tmp_path: Path, own_git: Path) -> Remote:
    """A repository with one commit."""
    return Remote.make(tmp_path / "remotes" / "测试 remote")
