"""Checkouts from a repository at a local path: what is checked out, and how quickly."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from app.jobs.git import GitError, GitLimits
from app.jobs.removal import remove
from tests.fakes.git_desk import (  # noqa: F401 (the fixtures)
    Desk,
    empty_desk,
    isolated_git,
    small_remote,
)
from tests.fakes.git_remote import Remote

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")


async def test_a_checkout_has_the_files_and_names_the_commit(desk: Desk, remote: Remote) -> None:
    """The default branch is checked out, and the commit with its subject is known and said."""
    done = await desk.check_out(remote)
    assert (done.commit, done.subject) == (remote.git("rev-parse", "HEAD"), "first")
    assert desk.read("readme.txt") == "one\n"
    assert desk.git("rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert desk.git("status", "--porcelain") == ""
    assert desk.said == [f"Fetching {remote.path}", f"Checked out {done.commit[:10]} first"]


async def test_what_is_new_arrives_with_the_next_checkout(desk: Desk, remote: Remote) -> None:
    """A second checkout has the new commit, its new files, and not the removed ones."""
    await desk.check_out(remote)
    second = remote.commit("第二", {"new.txt": "two\n", "readme.txt": None})
    done = await desk.check_out(remote)
    assert (done.commit, done.subject) == (second, "第二")
    assert desk.names() == {"new.txt", ".gitignore"}


async def test_a_rewritten_branch_is_followed(desk: Desk, remote: Remote) -> None:
    """After a forced push the folder is at the new commit."""
    remote.commit("second", {"readme.txt": "two\n"})
    await desk.check_out(remote)
    remote.git("reset", "--quiet", "--hard", "HEAD~1")
    forced = remote.commit("other second", {"readme.txt": "other\n"})
    assert (await desk.check_out(remote)).commit == forced


@pytest.mark.parametrize(
    ("wanted", "subject"),
    [
        (None, "third"),
        ("", "third"),
        ("main", "third"),
        ("feature/中文", "on the branch"),
        ("v1", "first"),
        ("v2", "second"),
        ("refs/heads/main", "third"),
        ("refs/tags/v1", "first"),
        ("refs/pull/5/head", "of a pull request"),
        ("both", "on the branch"),
        ("{second}", "second"),
        ("{short}", "second"),
        ("{lost}", "of a pull request"),
    ],
)
async def test_branches_tags_and_commits_are_found(
    desk: Desk, remote: Remote, wanted: str | None, subject: str
) -> None:
    """A branch, a tag (plain or annotated), a commit, an abbreviation, any full ref name."""
    remote.git("tag", "v1")
    second = remote.commit("second", {})
    remote.git("tag", "-a", "-m", "annotated", "v2")
    remote.git("checkout", "--quiet", "-b", "feature/中文")
    remote.commit("on the branch", {})
    remote.git("branch", "both")
    remote.git("tag", "both", "v1")
    lost = remote.commit("of a pull request", {})
    remote.git("update-ref", "refs/pull/5/head", lost)
    remote.git("reset", "--quiet", "--hard", "HEAD~1")
    remote.git("checkout", "--quiet", "main")
    remote.commit("third", {})
    names = {"second": second, "short": second[:7], "lost": lost}
    assert (await desk.check_out(remote, wanted and wanted.format(**names))).subject == subject


async def test_another_branch_another_time(desk: Desk, remote: Remote) -> None:
    """Branch, tag and back: each checkout is at what was asked for, whatever came before."""
    remote.git("tag", "v1")
    remote.git("branch", "a")
    remote.commit("second", {"readme.txt": "two\n"})
    assert (await desk.check_out(remote, "a")).subject == "first"
    assert (await desk.check_out(remote, "main")).subject == "second"
    assert (await desk.check_out(remote, "v1")).subject == "first"
    assert desk.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"
    remote.git("branch", "-D", "a")
    remote.git("branch", "a/b", "main")
    assert (await desk.check_out(remote, "a/b")).subject == "second"


@pytest.mark.parametrize(
    "wanted",
    ["mian", "--upload-pack=touch hacked", "-f", "main~1", "main^{tree}", "a b", "*", "deadbeef",
     "0" * 40, "refs/pull/9/head", "../main", "@{-1}", "main:readme.txt", "x\ny"],
)  # fmt: skip
async def test_a_wrong_name_is_explained(desk: Desk, remote: Remote, wanted: str) -> None:
    """What is no branch, tag or commit, an option above all, is an error that says what to do."""
    remote.git("branch", "develop")
    with pytest.raises(GitError) as caught:
        await desk.check_out(remote, wanted)
    assert caught.value.next_step
    assert "Correct the suite's branch" in caught.value.next_step
    assert not list(desk.home.rglob("hacked"))


async def test_a_wrong_name_names_the_right_ones(desk: Desk, remote: Remote) -> None:
    """The error names branches and tags that exist, the most similar first, and few."""
    for number in range(20):
        remote.git("tag", f"v{number}")
    with pytest.raises(GitError, match="Known here: main, ") as caught:
        await desk.check_out(remote, "mian")
    assert caught.value.next_step.count(",") < 6


async def test_an_empty_repository_is_explained(desk: Desk, tmp_path: Path) -> None:
    """A repository without any commit says so, with and without a branch."""
    (tmp_path / "empty").mkdir()
    Remote(tmp_path / "empty").git("init", "--quiet")
    for branch in (None, "main"):
        with pytest.raises(GitError, match="empty"):
            await desk.check_out(str(tmp_path / "empty"), branch)


async def test_an_ambiguous_commit_is_explained(desk: Desk, remote: Remote) -> None:
    """An abbreviation that fits two commits asks for more of the hash."""
    stream = "".join(
        f"commit refs/heads/b{n}\ncommitter T <t@example.com> {n} +0000\ndata 0\n\n"
        for n in range(1000)
    )
    remote.git("fast-import", "--quiet", stdin=stream)
    starts = Counter(line[:4] for line in remote.git("rev-list", "--all").splitlines())
    twice = next(start for start, count in starts.items() if count > 1)
    with pytest.raises(GitError, match=f"More than one commit begins with {twice}"):
        await desk.check_out(remote, twice)


async def test_an_address_that_changed_is_cloned_anew(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    """Nothing of the old repository stays, ignored files included."""
    await desk.check_out(remote)
    (desk.folder / "ignored").mkdir()
    other = Remote.make(tmp_path / "other repository")
    other.commit("of the other", {"other.txt": "x"})
    assert (await desk.check_out(other)).subject == "of the other"
    assert desk.names() == {"other.txt", "readme.txt", ".gitignore"}
    assert desk.git("config", "remote.origin.url") == str(other.path)
    assert len(desk.mirrors) == 2


async def test_the_second_checkout_takes_from_the_mirror(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    """Another suite's clone shares the objects on the disk and outlives the mirror."""
    remote.commit("big", {"big.txt": "line\n" * 10_000})
    await desk.check_out(remote)
    other = Desk(desk.home, tmp_path / "suites" / "two" / "repo")
    await other.check_out(remote)
    objects = [path for path in (desk.folder / ".git" / "objects").rglob("*") if path.is_file()]
    assert {path.stat().st_nlink for path in objects} == {3}
    remove(desk.cache)
    assert other.git("fsck", "--full") == ""
    assert not (other.folder / ".git/objects/info/alternates").exists()
    assert (await other.check_out(remote)).subject == "big"


async def test_two_suites_at_once_share_a_mirror(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    """Checkouts of one repository at the same time do not disturb each other."""
    desks = [Desk(desk.home, tmp_path / "suites" / f"{number}" / "repo") for number in range(4)]
    done = await asyncio.gather(*(one.check_out(remote) for one in desks))
    assert {one.subject for one in done} == {"first"}
    assert len(desk.mirrors) == 1
    assert any("Another suite" in line for one in desks for line in one.said)


async def test_a_missing_repository_is_explained(desk: Desk, tmp_path: Path) -> None:
    """A path with nothing behind it is not repaired but explained, and nothing is kept of it."""
    with pytest.raises(GitError, match="was not found") as caught:
        await desk.check_out(str(tmp_path / "nothing"))
    assert "address" in caught.value.next_step


async def test_git_is_not_installed(
    desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without git the error says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="Install git"):
        await desk.check_out(remote)


@posix
async def test_git_is_too_old(
    desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A git that would not take its configuration from the environment is refused."""
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.25.1\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent))
    with pytest.raises(GitError, match=r"git 2\.25\.1 is too old.*2\.31 or newer"):
        await desk.check_out(remote)


async def test_a_checkout_has_a_time_limit(desk: Desk, remote: Remote) -> None:
    """A checkout that takes too long is given up."""
    desk.limits = GitLimits(whole=0.0)
    with pytest.raises(GitError, match="did not end within 0 s"):
        await desk.check_out(remote)


async def test_a_folder_that_cannot_be_made_is_explained(desk: Desk, remote: Remote) -> None:
    """A file where the parent folder should be is named."""
    desk.folder.parent.parent.mkdir(parents=True)
    desk.folder.parent.write_text("in the way", encoding="utf-8")
    with pytest.raises(GitError, match="cannot be written"):
        await desk.check_out(remote)


async def test_hooks_and_templates_of_the_user_do_not_run(
    desk: Desk, remote: Remote, own_git: Path, tmp_path: Path
) -> None:
    """Neither template hooks nor configured ones run, and no odd setting breaks the checkout."""
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    hook = hooks / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    with own_git.open("a", encoding="utf-8") as file:
        file.write(
            f"[init]\ntemplateDir = {hooks.parent}\n[core]\nhooksPath = {hooks}\n"
            "[clone]\ndefaultRemoteName = upstream\n[submodule]\nrecurse = true\n"
            "[log]\nshowSignature = true\n[fetch]\nprune = false\n[color]\nui = always\n"
        )
    assert (await desk.check_out(remote)).subject == "first"
    assert not (tmp_path / "ran").exists()
    assert desk.git("remote") == "origin"
