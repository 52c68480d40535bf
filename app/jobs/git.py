"""Checkout of a repository into a suite's folder: quick, without prompts, without leaks."""

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from app.i18n import _
from app.jobs.git_address import Transport, read_address
from app.jobs.git_bench import GitBench, GitLimits, GitSource
from app.jobs.git_command import Git
from app.jobs.git_env import access_to, holds_nothing_of_git, warning_about
from app.jobs.git_failure import GitBrokenError, GitError, GitUnreachableError
from app.jobs.git_folder import Clone
from app.jobs.git_mirror import Mirror, Target, lock_of
from app.jobs.git_parts import fetch_lfs, prepare_lfs
from app.jobs.git_submodules import fetch_submodules
from app.redaction import Redactor

__all__ = [
    "Checkout",
    "GitBench",
    "GitError",
    "GitLimits",
    "GitSource",
    "GitUnreachableError",
    "checkout",
    "holds_nothing_of_git",
    "secrets_of",
]

SHORT = 10  # hex digits of a commit that a line shows


@dataclass(frozen=True, slots=True)
class Checkout:
    """What stands in the folder now."""

    commit: str  # full hash
    subject: str  # first line of its message


class _Repair(IntEnum):
    """What is made anew before an attempt."""

    NOTHING = 0
    CLONE = 1
    MIRROR_TOO = 2


async def checkout(source: GitSource, folder: Path, bench: GitBench) -> Checkout:
    """Make `folder` a clone of the repository at the wanted branch, tag or commit.

    Files that the repository ignores stay from the last checkout, all others are as in the
    commit. A damaged or foreign folder is repaired or made anew; while this runs, nobody else
    may use it. Raises GitError with cause and next step. When the awaiting task is cancelled,
    git's whole process tree is ended at once; the next checkout repairs what is left.
    """
    address = read_address(source.url)
    redactor = Redactor()
    for secret in secrets_of(source):
        redactor.add(secret)
    access = access_to(address, source.token)
    git = Git(bench, address, access, redactor)
    try:
        if warning := warning_about(address, access, source.token):
            git.say(warning)
        async with asyncio.timeout(bench.limits.whole):
            return await _Work(git, folder, (source.branch or "").strip() or None).done()
    except TimeoutError as why:
        text = _("The checkout did not end within {seconds:g} s.")
        raise GitError(
            text.format(seconds=bench.limits.whole),
            _("Look at the network and at the size of the repository."),
        ) from why
    except OSError as why:
        raise _of_disk(why) from why


def secrets_of(source: GitSource) -> Sequence[str]:
    """Return what of a source must never be shown; never raises."""
    try:
        address = read_address(source.url)
    except GitError:
        return [source.token or ""]
    shown = address.transport is not Transport.HTTP or bool(address.password or source.token)
    return [source.token or "", address.password, "" if shown else address.user]


class _Work:
    """One checkout, with as many repairs as it takes."""

    def __init__(self, git: Git, folder: Path, wanted: str | None) -> None:
        self._git = git
        self._wanted = wanted
        self._mirror = Mirror(git, git.bench.cache / git.address.name)
        self._clone = Clone(git, folder)

    async def done(self) -> Checkout:
        """Check out; what turns out to be damaged is made anew, once each."""
        await asyncio.to_thread(self._git.bench.cache.mkdir, parents=True, exist_ok=True)
        await self._git.prepare()
        for repair in _Repair:
            try:
                return await self._attempt(repair)
            except GitBrokenError as why:
                if repair is _Repair.MIRROR_TOO:
                    raise
                text = _("The checkout is damaged and made anew. {cause}")
                self._git.say(text.format(cause=why.cause))
        raise AssertionError("the last repair returns or raises")

    async def _attempt(self, repair: _Repair) -> Checkout:
        target = await self._brought(repair)
        large = await prepare_lfs(self._git, self._clone.place, target.commit)
        await self._clone.check_out(target)
        if large:
            await fetch_lfs(self._git, self._clone.place, target.commit)
        anew = repair is _Repair.MIRROR_TOO
        await fetch_submodules(self._git, self._clone.place, target.commit, anew)
        subject = await self._clone.subject(target)
        text = _("Checked out {commit} {subject}")
        self._git.say(text.format(commit=target.commit[:SHORT], subject=subject))
        return Checkout(target.commit, subject)

    async def _brought(self, repair: _Repair) -> Target:
        """Get all objects of the wanted commit into the clone."""
        lock = lock_of(self._mirror.path)
        if lock.locked():
            self._git.say(_("Another suite is fetching the same repository; waiting for it."))
        async with lock:
            if repair >= _Repair.CLONE:
                await self._clone.remove()
            if repair >= _Repair.MIRROR_TOO:
                await self._mirror.remove()
            self._git.say(_("Fetching {url}").format(url=self._git.address.url))
            target = await self._mirror.update(self._wanted)
            await self._clone.bring(self._mirror, target)
        return target


def _of_disk(why: OSError) -> GitError:
    place = why.filename or ""
    text = _("The checkout cannot be written: {path}: {why}.")
    text = text.format(path=place, why=why.strerror or why)
    if why.errno in (errno.ENOSPC, errno.EDQUOT):
        return GitError(text, _("Free some space on the disk and run the suite again."))
    return GitError(
        text, _("Close the programs that use files there and check the folder's permissions.")
    )
