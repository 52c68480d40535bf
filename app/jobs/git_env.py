"""The environment of every git command: no prompt, no hook, no secret where others see it."""

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.host.containment import clean_environment
from app.i18n import _
from app.jobs.git_address import Address, Transport
from app.jobs.git_bench import GitLimits
from app.jobs.git_failure import GitError

USER = "ATS_GIT_USER"
PASSWORD = "ATS_GIT_PASSWORD"  # noqa: S105 (the name of a variable)

# A user name that goes with a token as password where the address names none. GitLab wants
# "oauth2" for OAuth tokens and takes any name for the others (gitlab-org/gitlab issue 212953,
# merge request 152282), GitHub looks at the password only (its own example says
# "x-access-token"), Gitea and Azure DevOps likewise. Bitbucket Cloud wants its own one
# (support.atlassian.com, "Using repository access tokens").
_TOKEN_USER = "oauth2"  # noqa: S105 (no secret)
_TOKEN_USERS = {"bitbucket.org": "x-token-auth"}

# A helper that answers from the environment, so that the password is in no argument list and
# no file. Not http.extraHeader: git keeps sending that header after a redirect to another
# host (measured with git 2.39: the POST to the second host carried it), while credentials are
# looked up anew for the host that is asked. `printf` is built into the shell.
_HELPER = (
    f'!f() {{ test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    f'"${USER}" "${PASSWORD}"; }}; f'
)

_KEPT = (  # how this computer reaches repositories; anything else of git's is not for us
    "GIT_CONFIG_",
    "GIT_EXEC_PATH",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_SSH",
    "GIT_SSL_",
)

_FIXED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # set and empty: git asks neither core.askPass nor SSH_ASKPASS
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_TRACE2": "0",  # over a trace that the system's configuration switches on
    "GIT_TRACE2_EVENT": "0",
    "GIT_TRACE2_PERF": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",  # its files come in a step of their own
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit is what its hash says
    "LC_ALL": "C.UTF-8",  # the texts that failures are recognised by
    "LANGUAGE": "",
}

_CONFIG = (
    ("credential.helper", ""),  # empties the list: no window asks, nobody stores the token
    ("core.askPass", ""),
    ("credential.interactive", "false"),
    ("core.hooksPath", "/dev/null"),  # Git for Windows knows it too
    ("core.fsmonitor", "false"),  # no daemon
    ("core.longpaths", "true"),  # Windows: more than 260 characters
    ("core.quotePath", "false"),
    ("core.excludesFile", "/dev/null"),  # only the repository says what is ignored
    ("init.templateDir", ""),
    ("init.defaultBranch", "main"),
    ("clone.rejectShallow", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("log.showSignature", "false"),  # would start gpg
    ("advice.detachedHead", "false"),
    ("gc.auto", "0"),
    ("gc.autoDetach", "false"),
    ("maintenance.auto", "false"),
    ("safe.directory", "*"),  # the folders are the agent's own, whoever the system says owns them
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
    ("filter.lfs.required", "true"),
)


@dataclass(frozen=True, slots=True)
class Access:
    """What a git command may reach, and as whom."""

    protocols: str  # names with colons between, as GIT_ALLOW_PROTOCOL has them
    scope: str = ""  # "https://host:port" that the credentials are for; "" for none
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    mirrored: tuple[str, Path] | None = None  # this address is taken from that mirror


LOCAL = Access("file")  # from the mirror to the folder: no network, no credentials


def access_to(address: Address, token: str | None) -> Access:
    """Return how the repository is reached; credentials go with http and https only.

    Raises GitError for credentials with a line break and the like.
    """
    token = (token or "").strip()
    protocols = address.transport.value
    if address.transport is not Transport.HTTP or not (token or address.user):
        return Access(protocols)
    user, password = address.user, address.password
    if token:
        user = address.user or _TOKEN_USERS.get(address.host.lower(), _TOKEN_USER)
        password = token
    if not (user + password).isprintable():  # the helper answers in lines
        raise GitError(
            _("The git token or password holds a line break or a character that cannot be used."),
            _("Enter it again."),
        )
    return Access(protocols, address.scope, user, password)


def warning_about(address: Address, access: Access, token: str | None) -> str:
    """Return what the user should know of where the credentials go; mostly nothing."""
    if access.scope and address.is_plain_http:
        text = _("Warning: the git token travels unencrypted to {host}; use https.")
        return text.format(host=address.host)
    if token and not access.scope:
        return _("The git token is not used: the repository's address is not an https one.")
    return ""


def environment(marker: str, access: Access, limits: GitLimits, ssh_command: str) -> dict[str, str]:
    """Return the whole environment of a git command of the job with `marker`.

    Nothing of it is set anywhere else: the job's own environment is made without it."""
    extra = {
        **_FIXED,
        "GIT_ALLOW_PROTOCOL": access.protocols,
        "GIT_SSH_COMMAND": ssh_command,
    }
    if access.scope:
        extra |= {USER: access.user, PASSWORD: access.password}
    env = clean_environment(extra, marker)
    kept = {name: value for name, value in env.items() if name in extra or not _is_gits(name)}
    return {**kept, **_numbered(kept, [*_CONFIG, *_way(access, limits)])}


def holds_nothing_of_git(variables: Mapping[str, str]) -> bool:
    """Return whether an environment, a job's say, is free of all that git commands get here."""
    ours = {USER, PASSWORD}
    return not ours & variables.keys() and _HELPER not in variables.values()


def ssh_command(variables: Mapping[str, str], configured: str, limits: GitLimits) -> str:
    """Return the user's own ssh command, or plain ssh, so that it never asks anything.

    `configured` is core.sshCommand. A host that was never met is trusted, one whose key has
    changed is refused; options that the user's command already has come first and win.
    """
    own = variables.get("GIT_SSH_COMMAND") or configured
    command = own or shlex.quote(variables.get("GIT_SSH") or "ssh")
    if "plink" in command.lower():  # PuTTY's, also TortoiseGit's
        return f"{command} -batch"
    return (
        f"{command} -o BatchMode=yes -o StrictHostKeyChecking=accept-new"
        f" -o ConnectTimeout={limits.connect}"
        f" -o ServerAliveInterval={limits.connect // 2} -o ServerAliveCountMax=4"
    )


def _is_gits(name: str) -> bool:
    return name.startswith("GIT_") and not name.startswith(_KEPT)


def _way(access: Access, limits: GitLimits) -> Iterable[tuple[str, str]]:
    yield "http.lowSpeedLimit", str(limits.slow_bytes)
    yield "http.lowSpeedTime", str(limits.slow_time)
    if access.scope:
        yield f"credential.{access.scope}.helper", _HELPER
    if access.mirrored:
        address, mirror = access.mirrored
        yield f"url.{mirror}.insteadOf", address


def _numbered(variables: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return `pairs` as git reads them from the environment, after those that are there."""
    told = variables.get("GIT_CONFIG_COUNT", "")
    first = int(told) if told.isdecimal() else 0
    numbered = {}
    count = first
    for count, (key, value) in enumerate(pairs, first):
        numbered[f"GIT_CONFIG_KEY_{count}"] = key
        numbered[f"GIT_CONFIG_VALUE_{count}"] = value
    return {**numbered, "GIT_CONFIG_COUNT": str(count + 1)}


def inherited() -> Mapping[str, str]:
    """Return the agent's own variables, where the user's ssh command may stand."""
    return os.environ
