"""Submodules: fetched into mirrors of their own, checked out from there without credentials."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.i18n import _
from app.jobs.git_command import Git, Place
from app.jobs.git_env import LOCAL
from app.jobs.git_failure import Kind, failure
from app.jobs.git_mirror import Mirror, lock_of
from app.jobs.git_parts import fetch_lfs, prepare_lfs
from app.jobs.git_restore import connect, keep_data, origin_settings, restore
from app.jobs.removal import is_real_folder, remove

AT_ONCE = 4  # submodules that are fetched at the same time

_GITLINK = "160000 commit "


@dataclass(frozen=True, slots=True)
class _Submodule:
    """What a repository says of one, and the mirror of it."""

    place: Place
    path: str  # in the work tree around it, with "/"
    url: str  # as git has it
    commit: str
    git: Git  # with the credentials only where they belong
    mirror: Mirror


async def fetch_submodules(git: Git, place: Place, commit: str, anew: bool = False) -> None:
    """Bring the submodules, theirs too, to the commits that the repository names.

    They get the repository's credentials when they are on its host, others get none; and only
    the fetch into a mirror has them, for what a job may have left in the clone runs in there.
    `anew`: the mirrors are taken for damaged. Raises GitError.
    """
    if place.work_tree is None or not await asyncio.to_thread(_has_modules, place.work_tree):
        return
    git.say(_("Fetching submodules"))
    await git.local(place, "submodule", "--quiet", "init")
    wanted = await _wanted(git, place, commit)
    await _fetch(wanted, anew)
    for one in wanted:
        await _check_out(git, place, one)
        if await prepare_lfs(one.git, one.place, one.commit):
            await fetch_lfs(one.git, one.place, one.commit)
        await fetch_submodules(git, one.place, one.commit, anew)


def _has_modules(folder: Path) -> bool:
    modules = folder / ".gitmodules"
    return modules.is_file() and not modules.is_symlink()


async def _wanted(git: Git, place: Place, commit: str) -> list[_Submodule]:
    """Return those that git has just taken into the clone's configuration, as it read them."""
    question = ("config", "--local", "--name-only", "--get-regexp", r"^submodule\..*\.url$")
    keys = (await git.run(place, *question)).out
    names = [key.removeprefix("submodule.").removesuffix(".url") for key in keys]
    found = [await _look_at(git, place, commit, name) for name in dict.fromkeys(names)]
    return [one for one in found if one is not None]


async def _look_at(git: Git, place: Place, commit: str, name: str) -> _Submodule | None:
    """Return the submodule; None when it is not to be checked out."""
    of_commit = ("config", f"--blob={commit}:.gitmodules", "--get", f"submodule.{name}.path")
    path = "\n".join((await git.run(place, *of_commit)).out)
    update = await git.run(place, "config", "--get", f"submodule.{name}.update")
    if not path or update.out == ["none"]:
        return None
    entries = await git.local(place, "ls-tree", "--full-tree", commit, "--", path)
    if len(entries) != 1 or not entries[0].startswith(_GITLINK):
        return None
    url = "\n".join(await git.local(place, "config", "--get", f"submodule.{name}.url"))
    theirs = git.toward(url)
    mirror = Mirror(theirs, git.bench.cache / theirs.address.name)
    pinned = entries[0].removeprefix(_GITLINK).partition("\t")[0]
    return _Submodule(_inside(place, name, path), path, url, pinned, theirs, mirror)


def _inside(place: Place, name: str, path: str) -> Place:
    """Return where a submodule is; raises GitError when that would be elsewhere."""
    work_tree = place.work_tree or place.git_dir
    tops = (place.git_dir / "modules", work_tree)
    git_dir, folder = (
        Path(os.path.normpath(top / inner)) for top, inner in zip(tops, (name, path), strict=True)
    )
    if tops[0] not in git_dir.parents or tops[1] not in folder.parents:
        raise failure(Kind.BAD_PATH)
    return Place(git_dir, folder)


async def _fetch(wanted: Sequence[_Submodule], anew: bool) -> None:
    """Have all commits in the mirrors."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def hold(one: _Submodule) -> None:
        async with turns, lock_of(one.mirror.path):
            if anew:
                await one.mirror.remove()
            await one.mirror.hold(one.commit)

    try:
        async with asyncio.TaskGroup() as tasks:
            for one in wanted:
                tasks.create_task(hold(one), name=f"submodule {one.path}")
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def _check_out(git: Git, place: Place, one: _Submodule) -> None:
    """Bring one to its commit, from its mirror; what its repository ignores stays."""
    if await asyncio.to_thread(_make_ready, place, one.place):
        way_back = await asyncio.to_thread(connect, one.place)
        await restore(git, one.place, way_back + origin_settings(one.url, None))
    access = replace(LOCAL, mirrored=(one.url, one.mirror.path))
    update = ("submodule", "--quiet", "update", "--force", "--", one.path)
    async with lock_of(one.mirror.path):
        await git.local(place, "--literal-pathspecs", *update, access=access)
    await git.local(one.place, "clean", "-ffd", "--quiet")


def _make_ready(outer: Place, inner: Place) -> bool:
    """Undo what a job did to a submodule; return whether its repository is there; blocking."""
    folder, top = inner.work_tree, outer.work_tree
    if folder is None or top is None:
        return False
    for step in [*reversed(folder.relative_to(top).parents), folder.relative_to(top)][1:]:
        if not is_real_folder(top / step):
            remove(top / step)
            (top / step).mkdir()
    remove(folder / ".git")  # it may lead to a repository of the job's
    if keep_data(inner.git_dir):
        return True
    remove(inner.git_dir)
    remove(folder)  # git clones into empty folders only
    folder.mkdir()
    return False
