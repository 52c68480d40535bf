"""Run git: masked words, progress now and then, another attempt when the network failed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.i18n import _
from app.jobs.git_address import Address, read_address
from app.jobs.git_bench import GitBench
from app.jobs.git_env import LOCAL, Access, access_to, environment, inherited, ssh_command
from app.jobs.git_failure import GitError, GitUnreachableError, Kind, explain, failure
from app.jobs.process import StartError, Stream
from app.jobs.tool import Call, run
from app.redaction import Redactor

NEEDED = (2, 31)  # the first git that takes its configuration from the environment
_KEPT_LINES = 200  # of stderr: the last ones say why

_PROGRESS = re.compile(r"(?:remote: )?(?P<step>[A-Z][A-Za-z ]+): +(?P<share>\d+)% ")


@dataclass(frozen=True, slots=True)
class Place:
    """Which repository a command is about. git never goes looking for another one."""

    git_dir: Path
    work_tree: Path | None = None  # None: bare


@dataclass(frozen=True, slots=True)
class Answer:
    """What a git command printed, free of secrets."""

    code: int
    out: list[str]
    err: list[str]


class Git:
    """The git program, for one job and one repository."""

    def __init__(
        self, bench: GitBench, address: Address, access: Access, redactor: Redactor
    ) -> None:
        self.bench = bench
        self.address = address
        self._access = access
        self._redactor = redactor
        self._mask = redactor.mask
        self._ssh = ssh_command(inherited(), "", bench.limits)

    def say(self, text: str) -> None:
        """Write a line into the job's log."""
        self.bench.say(self._mask(text))

    async def prepare(self) -> None:
        """Look whether git is there and new enough, and how this user calls ssh."""
        version = await self.run(None, "version")
        found = re.search(r"(\d+)\.(\d+)\S*", " ".join(version.out))
        if found and (int(found[1]), int(found[2])) < NEEDED:
            text = _("git {version} is too old for this agent.").format(version=found[0])
            raise GitError(
                text,
                _("Install git {major}.{minor} or newer.").format(major=NEEDED[0], minor=NEEDED[1]),
            )
        configured = await self.run(None, "config", "--get", "core.sshCommand")
        self._ssh = ssh_command(inherited(), "".join(configured.out[-1:]), self.bench.limits)

    def toward(self, url: str) -> "Git":
        """Return the same for a submodule's repository; raises GitError for a forbidden address.

        The credentials go along when it is on the same host, and only then.
        """
        address = read_address(url)
        own, _colon, _others = address.transport.value.partition(":")
        if own not in self._access.protocols.split(":"):
            raise failure(Kind.PROTOCOL)
        self._redactor.add(address.password)
        access = self._access
        if address.scope != access.scope:
            access = replace(access_to(address, None), protocols=access.protocols)
        other = Git(self.bench, address, access, self._redactor)
        other._ssh = self._ssh
        return other

    async def local(
        self, place: Place | None, *arguments: str, access: Access = LOCAL
    ) -> list[str]:
        """Run git without network and credentials; GitBrokenError when it fails unexpectedly."""
        answer = await self.run(place, *arguments, access=access)
        if answer.code != 0:
            raise explain(answer.err, local=True)
        return answer.out

    async def remote(self, place: Place | None, *arguments: str) -> list[str]:
        """Run git where it may reach the repository; repeated while the network fails."""
        pauses = iter(self.bench.limits.pauses)
        attempts = 0
        while True:
            attempts += 1
            answer = await self.run(place, *arguments, access=self._access)
            if answer.code == 0:
                return answer.out
            why = explain(answer.err)
            if not isinstance(why, GitUnreachableError):
                raise why
            pause = next(pauses, None)
            if pause is None:
                text = _("{cause} ({count} attempts)").format(cause=why.cause, count=attempts)
                raise GitUnreachableError(text, why.next_step)
            text = _("{cause} Next attempt in {pause:g} s.")
            self.say(text.format(cause=why.cause, pause=pause))
            await self.bench.sleep(pause)

    async def pack(self, place: Place) -> None:
        """Let git tidy up once in a while: thousands of small packs make it slow."""
        settings = ("-c", "gc.auto=6700", "-c", "gc.autoPackLimit=50")  # git's own defaults
        await self.run(place, *settings, "gc", "--auto", "--quiet")

    async def run(self, place: Place | None, *arguments: str, access: Access = LOCAL) -> Answer:
        """Run git and return whatever it answers."""
        hearing = _Hearing(self.bench, self._mask)
        try:
            code = await run(self._call(place, arguments, access), hearing.take)
        except StartError as why:
            text = _("git cannot be started: {why}").format(why=why.cause)
            raise GitError(
                text, _("Install git (git-scm.com, or the package “git”) and restart the agent.")
            ) from why
        return Answer(code, hearing.out, hearing.err)

    def _call(self, place: Place | None, arguments: Sequence[str], access: Access) -> Call:
        cwd = self.bench.cache
        where: list[str] = []
        if place is not None:
            where = [f"--git-dir={place.git_dir}"]
            if place.work_tree is not None:
                where.append(f"--work-tree={place.work_tree}")
                cwd = place.work_tree
        env = environment(self.bench.marker, access, self.bench.limits, self._ssh)
        if place is None:  # nor is a repository that the work dir lies in any concern of ours
            env["GIT_CEILING_DIRECTORIES"] = str(cwd.parent)
        return Call(["git", *where, *arguments], cwd, env)


class _Hearing:
    """Collects the lines of one command and shows its progress."""

    def __init__(self, bench: GitBench, mask: Callable[[str], str]) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self._bench = bench
        self._mask = mask
        self._said_at = bench.clock()  # quick commands need no progress

    def take(self, stream: Stream, line: str) -> None:
        """Take one line."""
        if stream is Stream.OUT:
            self.out.append(self._mask(line))
        elif progress := _PROGRESS.match(line):
            self._show(progress)
        else:
            self.err.append(self._mask(line))
            del self.err[:-_KEPT_LINES]

    def _show(self, progress: "re.Match[str]") -> None:
        now = self._bench.clock()
        if now - self._said_at >= self._bench.limits.progress_every:
            self._said_at = now
            text = _("{step}: {share} %")
            self._bench.say(text.format(step=progress["step"], share=progress["share"]))
