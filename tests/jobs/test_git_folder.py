"""A folder in any state becomes a good checkout; what the repository ignores stays."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
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

pytestmark = pytest.mark.slow  # real repositories, many of them

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")
Harm = Callable[[Path], None]


def damage(folder: Path, pattern: str, keep: int = 0) -> None:
    """Cut every file that fits off after `keep` bytes, in place: hard links share it."""
    for path in folder.glob(pattern):
        if path.is_file():
            path.chmod(0o644)
            with path.open("r+b") as file:
                file.truncate(keep)


def write(path: Path, text: str = "left over") -> None:
    """Write a file, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    """Run git as a job would."""
    Remote(folder).git(*arguments)


def merge_in_progress(folder: Path) -> None:
    """Leave a merge with a conflict."""
    git(folder, "checkout", "-q", "-b", "mine")
    write(folder / "readme.txt", "mine")
    git(folder, "commit", "-q", "-a", "-m", "mine")
    git(folder, "checkout", "-q", "--detach", "HEAD~1")
    write(folder / "readme.txt", "theirs")
    git(folder, "commit", "-q", "-a", "-m", "theirs")
    with pytest.raises(Exception, match="merge"):
        git(folder, "merge", "mine")
    assert (folder / ".git" / "MERGE_HEAD").exists()


def replaced_by(folder: Path, *makes: Harm) -> None:
    """Put something else where the folder is."""
    remove(folder)
    for make in makes:
        make(folder)


def nested_repository(folder: Path) -> None:
    """Leave a repository inside the work tree."""
    (folder / "nested").mkdir()
    git(folder / "nested", "init", "-q")
    write(folder / "nested" / "file")


def read_only(folder: Path) -> None:
    """Leave a changed file and a new folder that nobody may write."""
    write(folder / "readme.txt", "changed")
    write(folder / "closed" / "file")
    for path in (folder / "readme.txt", folder / "closed" / "file"):
        path.chmod(0o444)
    (folder / "closed").chmod(0o555)


def gitfile(folder: Path) -> None:
    """Let .git be a file that leads to another repository."""
    elsewhere = folder.parent.parent / "elsewhere"
    (folder / ".git").rename(elsewhere)
    write(folder / ".git", f"gitdir: {elsewhere}\n")


def wrote(name: str, text: str = "left over") -> Harm:
    """Something that writes a file below a folder."""
    return lambda folder: write(folder / name, text)


def ran(*arguments: str) -> Harm:
    """Something that runs git in a folder."""
    return lambda folder: git(folder, *arguments)


def gone(name: str) -> Harm:
    """Something that removes a file or folder below a folder."""
    return lambda folder: remove(folder / name)


def cut(pattern: str, keep: int = 0) -> Harm:
    """Something that cuts files off."""
    return lambda folder: damage(folder, pattern, keep)


def became(*makes: Harm) -> Harm:
    """Something that puts something else where the folder is."""
    return lambda folder: replaced_by(folder, *makes)


HARMS: dict[str, Sequence[Harm]] = {
    "changed file": [wrote("readme.txt")],
    "removed file": [gone("readme.txt")],
    "new file": [wrote("new.txt")],
    "new folder": [wrote("new/deep/file.txt")],
    "folder in place of a file": [gone("readme.txt"), wrote("readme.txt/file")],
    "staged changes": [wrote("a.txt"), ran("add", "a.txt")],
    "own commit": [ran("commit", "-q", "--allow-empty", "-m", "mine")],
    "detached": [ran("checkout", "-q", "--detach")],
    "merge in progress": [merge_in_progress],
    "nested repository": [nested_repository],
    "read-only files": [read_only],
    "stale index.lock": [wrote(".git/index.lock", "")],
    "stale HEAD.lock": [wrote(".git/HEAD.lock", "")],
    "stale ref lock": [wrote(".git/refs/heads/main.lock", "")],
    "corrupt index": [wrote(".git/index", "nonsense")],
    "index of nothing": [wrote(".git/index", "")],
    "missing HEAD": [gone(".git/HEAD")],
    "HEAD of nothing": [wrote(".git/HEAD", "")],
    "HEAD of nonsense": [wrote(".git/HEAD", "ref: refs/heads/none\n")],
    "empty ref": [wrote(".git/refs/heads/main", "")],
    "empty packed refs": [wrote(".git/packed-refs", "x")],
    "missing objects": [gone(".git/objects")],
    "missing packs": [gone(".git/objects/pack")],
    "truncated objects": [cut(".git/objects/??/*")],
    "cut objects": [cut(".git/objects/??/*", keep=9)],
    "truncated packs": [cut(".git/objects/pack/*.pack", keep=50)],
    "truncated pack index": [cut(".git/objects/pack/*.idx", keep=50)],
    "other configuration": [ran("config", "core.bare", "true")],
    "broken configuration": [wrote(".git/config", "[core")],
    "no configuration": [gone(".git/config")],
    "another work tree": [ran("config", "core.worktree", "/nowhere")],
    "own exclude": [wrote(".git/info/exclude", "*"), wrote("hidden")],
    "hidden change": [ran("update-index", "--skip-worktree", "readme.txt"), wrote("readme.txt")],
    "unchanged by claim": [
        ran("update-index", "--assume-unchanged", "readme.txt"),
        wrote("readme.txt"),
    ],
    "sparse": [ran("sparse-checkout", "set", "--no-cone", "/none")],
    "own branch in the way": [
        ran("checkout", "-q", "-b", "x"),
        ran("branch", "-D", "main"),
        ran("branch", "main/sub"),
    ],
    "shallow": [wrote(".git/shallow", f"{'0' * 40}\n")],
    "half a clone": [gone(".git/ats-agent.json")],
    "broken stamp": [wrote(".git/ats-agent.json", '{"address')],
    "no .git": [gone(".git")],
    "empty folder": [became(Path.mkdir)],
    "foreign folder": [became(wrote("file"))],
    "file": [became(write)],
    "read-only file": [became(write, lambda path: path.chmod(0o444))],
    ".git is a file": [gitfile],
}


@pytest.mark.parametrize(
    ("harm", "packed"),
    [(harm, packed) for harm in HARMS for packed in (False, True) if not packed or "pack" in harm],
)
async def test_a_folder_in_any_state_is_repaired(
    desk: Desk, remote: Remote, harm: str, packed: bool
) -> None:
    """Whatever the last run or a crash left, the next checkout is exactly the commit."""
    if packed:
        remote.git("gc", "--quiet")
        desk.cache.mkdir(parents=True)
    await desk.check_out(remote)
    if packed:
        desk.git("gc", "--quiet")
    for step in HARMS[harm]:
        step(desk.folder)
    assert (await desk.check_out(remote)).subject == "first"
    assert desk.read("readme.txt") == "one\n"
    assert desk.names() == {"readme.txt", ".gitignore"}
    assert desk.git("status", "--porcelain", "--ignored") == ""
    assert desk.git("rev-parse", "--abbrev-ref", "HEAD") == "main"
    assert desk.git("config", "remote.origin.url") == str(remote.path)
    assert sorted(path.name for path in desk.folder.parent.iterdir()) == ["repo"]


MIRROR_HARMS: dict[str, Sequence[Harm]] = {
    "no HEAD": [gone("HEAD")],
    "HEAD of nothing": [wrote("HEAD", "")],
    "objects gone": [gone("objects")],
    "objects truncated": [cut("objects/??/*")],
    "refs cut": [cut("refs/heads/*")],
    "packed refs": [wrote("packed-refs", "nonsense")],
    "configuration": [wrote("config", "[core")],
    "stale locks": [
        wrote("packed-refs.lock", ""),
        wrote("refs/heads/main.lock", ""),
        wrote("shallow.lock", ""),
    ],
    "a file": [became(write)],
    "gone": [remove],
}


@pytest.mark.parametrize("harm", MIRROR_HARMS)
@pytest.mark.parametrize("changed", [False, True], ids=["old", "new"])
async def test_a_damaged_mirror_is_made_anew(
    desk: Desk, remote: Remote, harm: str, changed: bool
) -> None:
    """A mirror in any state does not stop a checkout, of an old commit or a new one."""
    await desk.check_out(remote)
    for step in MIRROR_HARMS[harm]:
        step(desk.mirrors[0])
    if changed:
        remote.commit("second", {"readme.txt": "two\n"})
    other = Desk(desk.home, desk.home / "suites" / "two" / "repo")
    for one in (desk, other):
        assert (await one.check_out(remote)).subject == ("second" if changed else "first")
        assert one.read("readme.txt") == ("two\n" if changed else "one\n")
        assert one.git("fsck", "--full") == ""


async def test_ignored_files_stay(desk: Desk, remote: Remote) -> None:
    """Virtual environments and the like, ignored by the repository, survive; others do not."""
    await desk.check_out(remote)
    write(desk.folder / "ignored" / "venv")
    write(desk.folder / "other")
    remote.commit("second", {"readme.txt": "two\n"})
    await desk.check_out(remote)
    assert desk.names() == {"ignored", "readme.txt", ".gitignore"}


async def test_what_only_the_user_ignores_does_not_stay(
    desk: Desk, remote: Remote, own_git: Path
) -> None:
    """An ignore file of this computer's user has no say in a checkout."""
    write(desk.home / "mine", "*.log\n")
    with own_git.open("a", encoding="utf-8") as file:
        file.write(f"[core]\nexcludesFile = {desk.home / 'mine'}\n")
    await desk.check_out(remote)
    write(desk.folder / "old.log")
    await desk.check_out(remote)
    assert desk.names() == {"readme.txt", ".gitignore"}


@posix
async def test_a_link_in_place_of_the_folder_is_not_followed(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    """A job that replaces its folder by a link does not make us delete what it leads to."""
    await desk.check_out(remote)
    precious = tmp_path / "precious"
    desk.folder.rename(precious)
    write(precious / "untracked")
    desk.folder.symlink_to(precious)
    await desk.check_out(remote)
    assert not desk.folder.is_symlink()
    assert (precious / "untracked").exists()


async def test_a_repository_around_the_folder_is_not_touched(
    desk: Desk, remote: Remote, tmp_path: Path
) -> None:
    """A broken .git does not make git clean the repository that the work dir lies in."""
    git(tmp_path, "init", "-q")
    write(tmp_path / "precious")
    await desk.check_out(remote)
    (desk.folder / ".git" / "HEAD").unlink()
    await desk.check_out(remote)
    assert (tmp_path / "precious").exists()


async def test_hooks_of_the_last_run_do_not_run(desk: Desk, remote: Remote, tmp_path: Path) -> None:
    """What a job put into .git/hooks or configured there is not started by the next checkout."""
    await desk.check_out(remote)
    hook = desk.folder / ".git" / "hooks" / "post-checkout"
    write(hook, f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git(desk.folder, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    remote.commit("second", {"readme.txt": "two\n"})
    await desk.check_out(remote)
    assert not (tmp_path / "ran").exists()
    assert not hook.exists()


@posix
async def test_a_folder_in_use_is_tried_again_and_then_explained(
    desk: Desk, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be moved away (Windows: open files) gets time, then an error."""
    await desk.check_out(remote)
    (desk.folder / ".git" / "ats-agent.json").unlink()
    desk.limits = GitLimits(locked=(1.0, 2.0))

    def held(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "is used by another process", str(desk.folder))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", held)
        with pytest.raises(GitError, match="another process") as caught:
            await desk.check_out(remote)
    assert "Close the programs" in caught.value.next_step
    assert desk.slept == [1.0, 2.0]
    await desk.check_out(remote)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.03, 0.05, 0.08])
async def test_a_checkout_cancelled_anywhere_is_repaired(
    desk: Desk, remote: Remote, after: float
) -> None:
    """Cancelled at any moment it ends at once, and the next checkout is whole."""
    remote.commit("second", {f"{number}.txt": "x" * 1000 for number in range(50)})
    done = False
    with suppress(TimeoutError):
        async with asyncio.timeout(after):
            await desk.check_out(remote)
            done = True
    assert not done or after > 0.03, "a quick machine has ended by the later moments"
    assert (await desk.check_out(remote)).subject == "second"
    assert desk.git("status", "--porcelain") == ""
    assert len(list(desk.folder.iterdir())) == 53
