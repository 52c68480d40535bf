"""The suite's own clone: brought to a commit, whatever the last run left in it."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

from app.host.plain_file import open_plain, write_plain
from app.jobs.git_command import Git, Place
from app.jobs.git_mirror import Mirror, Target
from app.jobs.git_restore import (
    STAMP,
    keep_data,
    origin_settings,
    remove_pipes,
    restore,
)
from app.jobs.removal import empty_trash, is_real_folder, remove_aside


class Clone:
    """A folder with a work tree.

    What the repository ignores (virtual environments, node_modules, build results) stays from
    run to run; every other file that is not in the commit is removed, every changed one
    restored, and of `.git` nothing stays but its data: the job's code could write there.
    """

    def __init__(self, git: Git, folder: Path) -> None:
        self.place = Place(folder / ".git", folder)
        self._folder = folder
        self._git = git

    async def bring(self, mirror: Mirror, target: Target) -> None:
        """Get the commit's objects, in a new clone if need be; nothing is checked out yet."""
        if not await asyncio.to_thread(self._is_ours):
            await self.remove()
            await self._make(mirror)
        settings = origin_settings(self._git.address.url, target.branch)
        await restore(self._git, self.place, settings)
        what = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*", target.commit)
        options = ("--quiet", "--force", "--prune", "--no-tags", "--update-shallow")
        await self._git.local(
            self.place, "fetch", *options, "--no-write-fetch-head", "--", str(mirror.path), *what
        )

    async def check_out(self, target: Target) -> None:
        """Make the files those of the commit, and remove what is not ignored."""
        branch = ("--no-track", "-B", target.branch) if target.branch else ("--detach",)
        how = ("--force", "--progress", *branch)
        # With sparse checkouts on, git forgets "skip-worktree" where the file is there.
        seen = ("-c", "core.sparseCheckout=true")
        await self._git.local(self.place, *seen, "checkout", *how, target.commit)
        await self._git.local(self.place, "clean", "-ffd", "--quiet")
        await self._git.pack(self.place)

    async def subject(self, target: Target) -> str:
        """Return the first line of the commit's message."""
        question = ("log", "-1", "--format=%s", "--encoding=UTF-8", target.commit, "--")
        lines = await self._git.local(self.place, *question)
        return lines[0] if lines else ""

    async def remove(self) -> None:
        """Throw the clone away, or whatever has its name."""
        bench = self._git.bench
        await remove_aside(self._folder, bench.limits.locked, bench.sleep)

    async def _make(self, mirror: Mirror) -> None:
        """Clone from the mirror; on one disk this makes hard links, not copies."""
        await asyncio.to_thread(self._folder.parent.mkdir, parents=True, exist_ok=True)
        options = ("--quiet", "--no-checkout", "--origin=origin", "--template=")
        source, folder = str(mirror.path), str(self._folder)
        await self._git.local(None, "clone", *options, "--", source, folder)
        await asyncio.to_thread(self._write_stamp)

    def _is_ours(self) -> bool:
        """Return whether this is a clone of the address; undo what a job did to it; blocking."""
        empty_trash(self._folder.parent)
        git_dir = self.place.git_dir
        if not is_real_folder(self._folder) or not keep_data(git_dir):
            return False
        if self._stamped() != self._git.address.url:
            return False
        remove_pipes(self._folder)
        return True

    def _write_stamp(self) -> None:
        stamp = {"address": self._git.address.url}
        write_plain(self.place.git_dir / STAMP, json.dumps(stamp).encode())

    def _stamped(self) -> object:
        """Return the address that the clone is said to be of; None when that is not known."""
        with suppress(OSError, ValueError):
            with open_plain(self.place.git_dir / STAMP) as file:
                stamp = json.loads(file.read())
            return stamp.get("address") if isinstance(stamp, dict) else None
        return None
