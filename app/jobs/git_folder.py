"""The suite's own clone: brought to a commit, whatever the last run left in it."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.jobs.git_command import Git, Place
from app.jobs.git_mirror import Mirror, Target, tidy
from app.jobs.plain_file import open_plain, write_plain
from app.jobs.removal import empty_trash, remove, remove_aside

_STAMP = "ats-agent.json"  # in .git: what the clone is of, and its configuration as it was made
_UNFINISHED = (  # merges, rebases and the like that a job has begun; and what hides changes
    "MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD",
    "AUTO_MERGE", "BISECT_LOG", "BISECT_START", "rebase-merge", "rebase-apply", "sequencer",
    "info/exclude", "info/attributes", "info/sparse-checkout", "info/grafts", "hooks",
)  # fmt: skip


class Clone:
    """A folder with a work tree.

    What the repository ignores (virtual environments, node_modules, build results) stays from
    run to run; every other file that is not in the commit is removed, every changed one
    restored, and the configuration of the clone is again what it was when it was made.
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
        longer = ("--config", "core.longpaths=true")  # for the job's own git, on Windows
        source, folder = str(mirror.path), str(self._folder)
        await self._git.local(None, "clone", *options, *longer, "--", source, folder)
        url = self._git.address.url
        await self._git.local(self.place, "config", "remote.origin.url", url)
        await asyncio.to_thread(self._write_stamp)

    def _is_ours(self) -> bool:
        """Return whether this is a clone of the address; undo what a job did to it; blocking."""
        empty_trash(self._folder.parent)
        git_dir = self.place.git_dir
        if self._folder.is_symlink() or git_dir.is_symlink() or not git_dir.is_dir():
            return False
        stamp = self._read_stamp()
        if stamp.get("address") != self._git.address.url:
            return False
        with suppress(OSError):  # what cannot be tidied up is made anew
            tidy(git_dir)
            if (git_dir / "info" / "sparse-checkout").exists():
                remove(git_dir / "index")  # else the files that it left out stay away
            for name in _UNFINISHED:
                remove(git_dir / name)
            _write_again(git_dir / "config", stamp["config"])
            return True
        return False

    def _write_stamp(self) -> None:
        config = (self.place.git_dir / "config").read_text(encoding="utf-8")
        stamp = {"address": self._git.address.url, "config": config}
        write_plain(self.place.git_dir / _STAMP, json.dumps(stamp).encode())

    def _read_stamp(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            with open_plain(self.place.git_dir / _STAMP) as file:
                stamp = json.loads(file.read())
            if isinstance(stamp, dict) and isinstance(stamp.get("config"), str):
                return stamp
        return {}


def _write_again(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text("utf-8", "replace") != text:
        remove(file)
        file.write_text(text, encoding="utf-8", newline="\n")
