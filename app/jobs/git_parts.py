"""What a repository has besides its own files: submodules and large files (LFS)."""

import asyncio
from contextlib import suppress
from pathlib import Path

from app.i18n import _
from app.jobs.git_command import Git, Place
from app.jobs.git_failure import explain, lfs_missing

_ATTRIBUTES = ":(glob)**/.gitattributes"


async def prepare_lfs(git: Git, place: Place, commit: str) -> bool:
    """Return whether the commit uses LFS, and set the clone up for it before its checkout.

    Raises GitError saying what to install when it does and git-lfs is missing.
    """
    question = ("grep", "--quiet", "-e", "filter=lfs", commit, "--", _ATTRIBUTES)
    answer = await git.run(place, *question)
    if answer.code > 1:
        raise explain(answer.err, local=True)
    if answer.code == 1:
        return False
    if (await git.run(None, "lfs", "version")).code != 0:
        raise lfs_missing()
    await git.local(place, "lfs", "install", "--local", "--skip-repo")
    return True


async def fetch_lfs(git: Git, place: Place) -> None:
    """Replace the pointers by the large files; raises GitError."""
    git.say(_("Fetching large files (git LFS)"))
    await git.remote(place, "lfs", "pull", "origin")


async def fetch_submodules(git: Git, place: Place) -> None:
    """Bring the submodules, theirs too, to the commits that the repository names.

    They get the repository's credentials when they are on its host, others get none.
    """
    if place.work_tree is None or not await asyncio.to_thread(_has_modules, place.work_tree):
        return
    git.say(_("Fetching submodules"))
    await git.local(place, "submodule", "--quiet", "init")
    await git.local(place, "submodule", "--quiet", "sync", "--recursive")
    update = ("submodule", "update", "--init", "--recursive", "--force", "--jobs", "4")
    await git.remote(place, *update)
    each = ("submodule", "--quiet", "foreach", "--recursive")
    await git.local(place, *each, "git clean -ffd --quiet")


def _has_modules(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / ".gitmodules").is_file()
    return False
