"""A repository that a job could write to: only its data stays, all else is as git makes it.

git runs what a repository's configuration names (filters, hooks, an ssh command), reads it from
elsewhere when told to (`commondir`), and follows links. So before git works in a repository
again, whatever is not data is removed and its configuration is written anew.
"""

import asyncio
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.host.plain_file import open_plain, write_plain
from app.jobs.git_command import Git, Place
from app.jobs.removal import is_junction, is_real_folder, remove

STAMP = "ats-agent.json"  # in a clone: what it is of; only believed about that

_DATA = frozenset(
    {"objects", "refs", "packed-refs", "shallow", "index", "reftable", "lfs", "modules", STAMP}
)
_PART_OF_INDEX = "sharedindex."  # with core.splitIndex
_MISLEADING = (("objects", "info"), ("refs", "replace"))  # objects of others, or other ones
_READ_BY_GIT = (".gitattributes", ".gitignore", ".gitmodules")
_WORK_TREE = re.compile(rb"^\tworktree = .*\n", re.MULTILINE)


def keep_data(git_dir: Path) -> bool:
    """Remove from a repository what is not data, and what killed commands left; blocking.

    Return False when it is none, or holds links, pipes and the like: use nothing of it then.
    Nobody else may be using the repository.
    """
    if not is_real_folder(git_dir):
        return False
    try:
        sparse = os.path.lexists(git_dir / "info" / "sparse-checkout")
        for path in list(git_dir.iterdir()):
            if path.name not in _DATA and not path.name.startswith(_PART_OF_INDEX):
                remove(path)
        if sparse:
            remove(git_dir / "index")  # else the files that it left out stay away
        if not all(_is_plain(entry) for entry in _entries(git_dir)):
            return False
        for names in _MISLEADING:
            remove(git_dir.joinpath(*names))
        for path in _left_over(git_dir):
            path.unlink(missing_ok=True)
    except OSError:  # what cannot be tidied up is made anew
        return False
    return all(is_real_folder(git_dir / name) for name in ("objects", "refs"))


async def restore(git: Git, place: Place, settings: str) -> None:
    """Give a repository the configuration that git itself makes, and `settings` after it.

    Where the work tree is stands there only if `settings` say it.

    To be called when `keep_data` was content with it. Raises GitError.
    """
    bare = () if place.work_tree else ("--bare",)
    for name in ("HEAD", "config"):  # else git takes the repository for one with settings
        await asyncio.to_thread(remove, place.git_dir / name)
    await git.local(place, "init", "--quiet", "--template=", *bare)
    await asyncio.to_thread(_append, place.git_dir / "config", settings)


def origin_settings(url: str, branch: str | None) -> str:
    """Return what `git clone` writes into the configuration, and Windows' long paths.

    They are for the job's own git: the agent's has its settings in the environment.
    """
    settings = "[core]\n\tlongpaths = true\n"
    settings += f'[remote "origin"]\n\turl = {_quoted(url)}\n'
    settings += "\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
    if branch:
        settings += f"[branch {_quoted(branch)}]\n\tremote = origin\n"
        settings += f"\tmerge = {_quoted(f'refs/heads/{branch}')}\n"
    return settings


def connect(place: Place) -> str:
    """Let a submodule's folder lead to its repository; return the setting for the way back."""
    work_tree = place.work_tree or place.git_dir
    way = Path(os.path.relpath(place.git_dir, work_tree)).as_posix()
    write_plain(work_tree / ".git", f"gitdir: {way}\n".encode())
    back = Path(os.path.relpath(work_tree, place.git_dir)).as_posix()
    return f"[core]\n\tworktree = {_quoted(back)}\n"


def remove_pipes(folder: Path) -> None:
    """Remove what would make git wait for ever or read elsewhere; blocking.

    That is every named pipe, and links that have the name of a file which git reads.
    """
    if not hasattr(os, "mkfifo"):
        return
    for entry in _entries(folder, OSError):
        linked = entry.is_symlink() and entry.name in _READ_BY_GIT
        if linked or _is_pipe(entry):
            with suppress(OSError):
                Path(entry).unlink()


def _entries(top: Path, *skipped: type[OSError]) -> Iterator["os.DirEntry[str]"]:
    """Everything below a folder; links are not followed. What raises `skipped` is left out."""
    waiting: list[str] = [str(top)]
    while waiting:
        with suppress(*skipped), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield entry
                if _is_folder(entry):
                    waiting.append(entry.path)


def _is_plain(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False) or _is_folder(entry)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False) and not is_junction(
        entry.stat(follow_symlinks=False)
    )


def _is_pipe(entry: "os.DirEntry[str]") -> bool:
    """Return whether opening it would wait; a link to a pipe is as bad."""
    if _is_plain(entry):
        return False
    with suppress(OSError):
        return stat.S_ISFIFO(entry.stat().st_mode)
    return False


def _left_over(git_dir: Path) -> list[Path]:
    """The locks and half-written packs of git commands that were killed."""
    packs = (git_dir / "objects" / "pack").glob("tmp_*")
    tops = (path for path in git_dir.iterdir() if path.name != "objects" and path.is_dir())
    locks = (lock for top in tops for lock in top.rglob("*.lock") if lock.is_file())
    return [*packs, *locks]


def _append(config: Path, settings: str) -> None:
    with open_plain(config) as file:
        made = _WORK_TREE.sub(b"", file.read())
    write_plain(config, made + settings.encode())


def _quoted(text: str) -> str:
    """Return a value, or the name in a section's head, as git's configuration has it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
