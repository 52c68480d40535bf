"""The large files (LFS) of a repository."""

from app.i18n import _
from app.jobs.git_command import Git, Place
from app.jobs.git_failure import Kind, explain, failure

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
        raise failure(Kind.LFS_MISSING)
    await git.local(place, "lfs", "install", "--local", "--skip-repo")
    return True


async def fetch_lfs(git: Git, place: Place, commit: str) -> None:
    """Replace the pointers by the large files; raises GitError.

    Only the transfer has the credentials, in a clone whose configuration was written by us;
    it runs no filter.
    """
    git.say(_("Fetching large files (git LFS)"))
    await git.remote(place, "lfs", "fetch", "origin", commit)
    await git.local(place, "lfs", "checkout")
