"""The local mirror of a repository: only what is new comes over the network."""

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from weakref import WeakValueDictionary

from app.i18n import _
from app.jobs.git_command import Git, Place
from app.jobs.git_failure import GitBrokenError, GitError, Kind, failure
from app.jobs.git_restore import keep_data, restore
from app.jobs.removal import empty_trash, remove_aside

NAMED = 5  # branches and tags that an error names

_ALL = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_FETCH = (
    "fetch", "--progress", "--force", "--no-tags", "--update-shallow", "--no-write-fetch-head",
)  # fmt: skip
# A folder is brought a commit that no branch holds any more.
_SETTINGS = "[uploadpack]\n\tallowAnySHA1InWant = true\n"
_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")
_FULL_COMMIT = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")
# What git-check-ref-format forbids, and what would be an option.
_NO_NAME = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|/$|\.lock$|\.$")

_locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be checked out."""

    commit: str  # full hash
    branch: str | None  # None: no branch was asked for, the head is detached


def lock_of(mirror: Path) -> asyncio.Lock:
    """Return the lock that all who use this mirror share; one agent uses a cache."""
    lock = _locks.get(mirror)
    if lock is None:
        lock = _locks[mirror] = asyncio.Lock()
    return lock


class _NothingNamedError(GitError):
    """The repository was reached and has nothing of the wanted name."""


class Mirror:
    """A bare repository with all branches and tags; use it under `lock_of(path)`.

    No alternates lead to it: what was cloned from it lives on when it is deleted.
    """

    def __init__(self, git: Git, path: Path) -> None:
        self.path = path
        self._git = git
        self._place = Place(path)

    async def update(self, wanted: str | None) -> Target:
        """Fetch what is new and find `wanted`; a damaged mirror is made anew. Raises GitError."""
        existed = await asyncio.to_thread(self._exists)
        try:
            try:
                return await self._update(wanted)
            except GitBrokenError:
                if not existed:
                    raise
            await self._ask_head()  # if this fails as well, the mirror is not to blame
            self._git.say(_("The local copy of the repository is damaged and made anew."))
            await self.remove()
            return await self._update(wanted)
        except GitBrokenError as why:
            raise GitError(why.cause, why.next_step) from why  # nothing here is left to repair

    async def hold(self, commit: str) -> None:
        """Have a commit that a repository wants of its submodule; GitError when there is none."""
        if await self._make_ready() and await self._commit(commit, None):
            return
        try:
            await self.update(commit)
        except _NothingNamedError as why:
            raise failure(Kind.SUBMODULE) from why

    async def remove(self) -> None:
        """Throw the mirror away."""
        bench = self._git.bench
        await remove_aside(self.path, bench.limits.locked, bench.sleep)

    def _exists(self) -> bool:
        """Return whether there is anything that may be damaged; blocking."""
        empty_trash(self.path.parent)
        return os.path.lexists(self.path)

    async def _make_ready(self) -> bool:
        """Have a repository here whose configuration is ours; return whether it is an old one."""
        old = await asyncio.to_thread(keep_data, self.path)
        if not old:
            await self.remove()
        await restore(self._git, self._place, _SETTINGS)
        return old

    async def _update(self, wanted: str | None) -> Target:
        await self._make_ready()
        if wanted is None:
            wanted = await self._default_branch()
        return await self._fetched(wanted)

    async def _default_branch(self) -> str:
        """Return the branch that the remote's HEAD names, or the commit it is at."""
        told = await self._ask_head()
        for name, _head in told:
            if name.startswith("ref: refs/heads/"):
                return name.removeprefix("ref: refs/heads/")
        if told:
            return told[0][0]
        raise GitError(
            _("The repository has no default branch; it may be empty."),
            _("Push a first commit to it or name a branch in the suite."),
        )

    async def _ask_head(self) -> list[list[str]]:
        url = self._git.address.url
        lines = await self._git.remote(None, "ls-remote", "--symref", "--", url, "HEAD")
        return [line.split("\t") for line in lines if line.endswith("\tHEAD")]

    async def _fetched(self, wanted: str) -> Target:
        special = wanted.startswith("refs/") and not wanted.startswith(
            ("refs/heads/", "refs/tags/")
        )
        named = [f"+{wanted}:{wanted}"] if special and not _NO_NAME.search(wanted) else []
        await self._fetch(*_ALL, *named)
        await self._git.pack(self._place)
        target = await self._find(wanted)
        if target is None and _FULL_COMMIT.fullmatch(wanted):
            target = await self._fetch_commit(wanted)
        if target is None:
            raise await self._nothing_named(wanted)
        return target

    async def _fetch(self, *what: str) -> None:
        url = self._git.address.url
        await self._git.remote(self._place, *_FETCH, "--prune", "--", url, *what)

    async def _fetch_commit(self, commit: str) -> Target | None:
        """Get a commit that no branch or tag holds (any more), where the server gives it away."""
        with suppress(GitError):
            url = self._git.address.url
            await self._git.remote(self._place, *_FETCH, "--", url, commit.lower())
        return await self._commit(commit, None)

    async def _find(self, wanted: str) -> Target | None:
        """Return the branch, else the tag, else the commit of that name."""
        if not _NO_NAME.search(wanted):
            for name in (f"refs/heads/{wanted}", f"refs/tags/{wanted}", wanted):
                if name.startswith("refs/") and (found := await self._ref(name)):
                    return found
        if _COMMIT.fullmatch(wanted):
            return await self._commit(wanted, None)
        return None

    async def _ref(self, name: str) -> Target | None:
        found = await self._git.run(self._place, "show-ref", "--verify", "--quiet", name)
        branch = name.removeprefix("refs/heads/")
        return (
            await self._commit(name, branch if branch != name else None)
            if found.code == 0
            else None
        )

    async def _commit(self, name: str, branch: str | None) -> Target | None:
        question = ("rev-parse", "--verify", f"{name}^{{commit}}")
        answer = await self._git.run(self._place, *question)
        if any("ambiguous" in line for line in answer.err):
            text = _("More than one commit begins with {name}.").format(name=name)
            raise GitError(text, _("Write more of the commit's hash."))
        return Target(answer.out[0], branch) if answer.code == 0 and answer.out else None

    async def _nothing_named(self, wanted: str) -> _NothingNamedError:
        text = _("The repository {url} has no branch, tag or commit {name}.")
        text = text.format(url=self._git.address.url, name=ascii(wanted)[1:-1])
        question = ("for-each-ref", "--format=%(refname:strip=2)", "refs/heads", "refs/tags")
        names = await self._git.local(self._place, *question)
        if not names:
            return _NothingNamedError(text, _("It is empty: push a first commit to it."))
        known = ", ".join(_nearest(wanted, names))
        return _NothingNamedError(
            text, _("Correct the suite's branch. Known here: {names}.").format(names=known)
        )


def _nearest(wanted: str, names: Sequence[str]) -> list[str]:
    """Return the names most like the wanted one, else the usual and the first ones."""
    near = get_close_matches(wanted, names, NAMED, 0.6)
    usual = [name for name in ("main", "master", "develop") if name in names]
    return list(dict.fromkeys([*near, *usual, *names]))[:NAMED]
