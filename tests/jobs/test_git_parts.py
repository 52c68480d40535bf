"""Submodules and large files: fetched when the repository has them, with the right credentials."""

import base64
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from app.jobs.git import GitError, GitLimits
from tests.fakes.git_desk import (  # noqa: F401 (the fixtures)
    Desk,
    empty_desk,
    isolated_git,
    small_remote,
)
from tests.fakes.git_remote import Remote, http_server

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")
TOKEN = "glpat-S3cretOfTheRepository"
BASIC = "Basic " + base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()
FILES_ALLOWED = ("-c", "protocol.file.allow=always")

pytestmark = pytest.mark.slow  # real repositories, many of them


@pytest.fixture
def inner(tmp_path: Path, remote: Remote) -> Remote:
    """A repository that `remote` has as a submodule, by a relative address, in `lib/inner`."""
    made = Remote.make(tmp_path / "remotes" / "inner")
    made.commit("inner", {"inner.txt": "one\n"})
    add_submodule(remote, "../inner", "lib/inner")
    return made


def add_submodule(remote: Remote, address: str, path: str) -> None:
    """Add a submodule whose address is then written as `address`."""
    source = remote.path.parent / address.rpartition("/")[2]
    remote.git(*FILES_ALLOWED, "submodule", "--quiet", "add", str(source), path)
    remote.git("config", "--file", ".gitmodules", f"submodule.{path}.url", address)
    remote.commit(f"with {path}", {})


async def test_submodules_are_checked_out(desk: Desk, remote: Remote, inner: Remote) -> None:
    """A submodule with a relative address is there, at the commit that the repository names."""
    await desk.check_out(remote)
    assert desk.read("lib/inner/inner.txt") == "one\n"
    inner.commit("newer", {"inner.txt": "two\n"})
    await desk.check_out(remote)
    assert desk.read("lib/inner/inner.txt") == "one\n"
    Remote(remote.path / "lib/inner").git("pull", "--quiet", str(inner.path))
    remote.commit("newer inner", {})
    await desk.check_out(remote)
    assert desk.read("lib/inner/inner.txt") == "two\n"
    assert desk.git("status", "--porcelain") == ""


async def test_submodules_of_submodules(
    desk: Desk, remote: Remote, inner: Remote, tmp_path: Path
) -> None:
    """They come as well."""
    Remote.make(tmp_path / "remotes" / "innermost")
    add_submodule(inner, "../innermost", "deep")
    Remote(remote.path / "lib/inner").git("pull", "--quiet", str(inner.path))
    remote.commit("deeper", {})
    await desk.check_out(remote)
    assert desk.read("lib/inner/deep/readme.txt") == "one\n"


async def test_dirt_in_a_submodule_is_removed(desk: Desk, remote: Remote, inner: Remote) -> None:
    """Changes, own commits and new files there do not survive; damage is repaired."""
    await desk.check_out(remote)
    there = desk.folder / "lib" / "inner"
    (there / "inner.txt").write_text("changed", encoding="utf-8")
    (there / "new.txt").write_text("new", encoding="utf-8")
    (desk.folder / ".git" / "modules" / "lib" / "inner" / "index.lock").touch()
    await desk.check_out(remote)
    assert desk.read("lib/inner/inner.txt") == "one\n"
    assert not (there / "new.txt").exists()
    Remote(there).git("commit", "--quiet", "--allow-empty", "--message", "own")
    await desk.check_out(remote)
    assert Remote(there).git("rev-parse", "HEAD") == inner.git("rev-parse", "HEAD")
    shutil.rmtree(desk.folder / ".git" / "modules" / "lib" / "inner" / "objects")
    await desk.check_out(remote)
    assert Remote(there).git("fsck") == ""


async def test_a_submodule_that_went_away_or_moved(
    desk: Desk, remote: Remote, inner: Remote, tmp_path: Path
) -> None:
    """A new address is taken over; a removed submodule leaves no files."""
    await desk.check_out(remote)
    shutil.copytree(inner.path, tmp_path / "remotes" / "moved")
    shutil.rmtree(inner.path)
    Remote(tmp_path / "remotes" / "moved").commit("moved", {"inner.txt": "moved\n"})
    remote.git("config", "--file", ".gitmodules", "submodule.lib/inner.url", "../moved")
    Remote(remote.path / "lib/inner").git("pull", "--quiet", str(tmp_path / "remotes" / "moved"))
    remote.commit("moved", {})
    await desk.check_out(remote)
    assert desk.read("lib/inner/inner.txt") == "moved\n"
    remote.git("rm", "--quiet", "--force", "lib/inner")
    remote.commit("without", {})
    await desk.check_out(remote)
    assert not (desk.folder / "lib").exists()


async def test_a_submodule_of_the_same_host_gets_the_token(
    desk: Desk, remote: Remote, inner: Remote, tmp_path: Path
) -> None:
    """Over HTTP the relative address leads to the same host, where the token is good."""
    with http_server(remote.path.parent, tmp_path / "server") as server:
        remote.git("config", "--file", ".gitmodules", "submodule.lib/inner.url", "../../inner/.git")
        remote.commit("address", {})
        server.order(users=[BASIC], secret=TOKEN)
        await desk.check_out(f"{server.url}/{quote(remote.path.name)}/.git", token=TOKEN)
        assert desk.read("lib/inner/inner.txt") == "one\n"
        assert [one["leaks"] for one in server.requests() if one["leaks"]] == []
        assert any("inner" in one["path"] and one["auth"] for one in server.requests())
    for path in (desk.folder / ".git").rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes()


async def test_a_submodule_of_another_host_does_not_get_the_token(
    desk: Desk, remote: Remote, inner: Remote, tmp_path: Path
) -> None:
    """Another host asks for credentials in vain."""
    servers = remote.path.parent
    with (
        http_server(servers, tmp_path / "server") as server,
        http_server(servers, tmp_path / "other") as other,
    ):
        remote.git(
            "config", "--file", ".gitmodules", "submodule.lib/inner.url", f"{other.url}/inner/.git"
        )
        remote.commit("elsewhere", {})
        server.order(users=[BASIC])
        other.order(users=[BASIC])
        with pytest.raises(GitError, match="refused access"):
            await desk.check_out(f"{server.url}/{quote(remote.path.name)}/.git", token=TOKEN)
        assert {one["auth"] for one in other.requests()} == {None}


@pytest.mark.parametrize("address", ["{inner}", "file://{inner}", "ext::touch {home}/hacked"])
async def test_a_submodule_may_not_lead_to_this_computer(
    desk: Desk, remote: Remote, inner: Remote, tmp_path: Path, address: str
) -> None:
    """A repository from elsewhere reaches neither local folders nor commands by a submodule."""
    bad = address.format(inner=inner.path, home=desk.home)
    remote.git("config", "--file", ".gitmodules", "submodule.lib/inner.url", bad)
    remote.commit("hostile", {})
    with (
        http_server(remote.path.parent, tmp_path / "server") as server,
        pytest.raises(GitError, match="not allowed"),
    ):
        await desk.check_out(f"{server.url}/{quote(remote.path.name)}/.git")
    assert not (desk.home / "hacked").exists()


async def test_a_missing_submodule_commit_is_explained(
    desk: Desk, remote: Remote, inner: Remote
) -> None:
    """Somebody forgot to push the submodule: the error says so."""
    Remote(remote.path / "lib/inner").commit("not pushed", {})
    remote.commit("too early", {})
    with pytest.raises(GitError, match="Push the submodule's commit"):
        await desk.check_out(remote)


# ------------------------------------------------------------------------------------ LFS


@pytest.fixture
def large(remote: Remote) -> Remote:
    """The repository with a large file; this computer has git-lfs, set up for nobody."""
    remote.git("lfs", "install", "--local")
    remote.commit(
        "large",
        {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": "L" * 99},
    )
    assert remote.git("show", "HEAD:a.bin").startswith("version https://git-lfs")
    return remote


async def test_large_files_are_fetched(desk: Desk, large: Remote) -> None:
    """The file is there instead of its pointer, also after a change and in a second checkout."""
    await desk.check_out(large)
    assert desk.read("a.bin") == "L" * 99
    assert desk.git("status", "--porcelain") == ""
    large.commit("larger", {"dir/b.bin": "M" * 99})
    (desk.folder / "a.bin").write_text("changed", encoding="utf-8")
    await desk.check_out(large)
    assert (desk.read("a.bin"), desk.read("dir/b.bin")) == ("L" * 99, "M" * 99)
    assert desk.git("status", "--porcelain") == ""


@posix
async def test_a_repository_without_large_files_needs_no_lfs(
    desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without git-lfs other repositories work as ever."""
    without_lfs(monkeypatch, tmp_path)
    assert (await desk.check_out(remote)).subject == "first"


@posix
async def test_missing_lfs_is_explained(
    desk: Desk, large: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error says what to install; nothing is made anew for it."""
    without_lfs(monkeypatch, tmp_path)
    with pytest.raises(GitError, match="Install git-lfs"):
        await desk.check_out(large)
    assert not [line for line in desk.said if "anew" in line]


def without_lfs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let PATH lead to git and what it needs, but not to git-lfs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("git", "sh", "sed", "basename", "uname"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("GIT_EXEC_PATH", os.environ.get("GIT_EXEC_PATH", "/usr/lib/git-core"))


async def test_a_large_file_that_is_gone_is_explained(desk: Desk, large: Remote) -> None:
    """The server does not have the large file (any more)."""
    shutil.rmtree(large.path / ".git" / "lfs" / "objects")
    desk.limits = GitLimits(pauses=())
    with pytest.raises(GitError, match="large files"):
        await desk.check_out(large)


async def test_large_files_of_a_submodule(desk: Desk, remote: Remote, inner: Remote) -> None:
    """They are fetched too."""
    inner.git("lfs", "install", "--local")
    inner.commit("large", {".gitattributes": "*.bin filter=lfs\n", "a.bin": "L" * 99})
    there = Remote(remote.path / "lib/inner")
    there.git("pull", "--quiet", str(inner.path))
    remote.commit("newer", {})
    await desk.check_out(remote)
    assert desk.read("lib/inner/a.bin") == "L" * 99
