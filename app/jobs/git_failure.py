"""What went wrong with git, told by its stderr: the cause and the next step for a person."""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto

from app.errors import AgentError
from app.i18n import _

_QUOTED = 300  # characters of git's own words in a message


class GitError(AgentError):
    """The checkout failed; nothing will be better without somebody doing something."""


class GitUnreachableError(GitError):
    """The repository could not be reached just now: worth another attempt."""


class GitBrokenError(GitError):
    """Unknown, so perhaps the files here are damaged: worth making them anew."""


class Kind(Enum):
    """The failures that have words of their own."""

    PROXY = auto()
    NAME = auto()
    CERTIFICATE = auto()
    HOST_KEY = auto()
    SSH_KEY = auto()
    SSH_MISSING = auto()
    NO_ACCESS = auto()
    NOT_FOUND = auto()
    DISK_FULL = auto()
    LONG_PATH = auto()
    BAD_PATH = auto()
    OWNER = auto()
    PROTOCOL = auto()
    NO_REF = auto()
    SUBMODULE = auto()
    LFS_MISSING = auto()
    LFS = auto()
    NETWORK = auto()


_FAR = frozenset({Kind.PROXY, Kind.NAME, Kind.NETWORK})  # time may cure these

# In this order: a failed proxy is not a failed name, a refused certificate no lost connection.
# The texts are those of git, its remote helpers, curl, OpenSSH, git-lfs and the big hosts.
_SIGNS = (
    (Kind.DISK_FULL, r"No space left on device|Disk quota exceeded|not enough space on the disk"),
    (Kind.LONG_PATH, r"File ?name too long|path too long"),
    (Kind.BAD_PATH, r"error: invalid path|cannot create .*: Invalid argument"),
    (
        Kind.LFS_MISSING,
        r"git-lfs: (command )?not found|'git-lfs' is not recognized|'lfs' is not a git",
    ),
    (Kind.NO_REF, r"couldn't find remote ref"),
    (
        Kind.SUBMODULE,
        r"not our ref|but it did not contain|Unable to find current revision in submodule"
        r"|No url found for submodule",
    ),
    (Kind.PROXY, r"resolve proxy|from proxy after CONNECT|CONNECT tunnel failed|error: 407"),
    (Kind.NAME, r"Could not resolve host|Name or service not known|Temporary failure in name res"),
    (Kind.CERTIFICATE, r"certificate|SSL_ERROR|SSL connect error|schannel|gnutls_handshake|SEC_E_"),
    (
        Kind.HOST_KEY,
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is not",
    ),
    (Kind.SSH_KEY, r"Permission denied \((publickey|password|keyboard|gssapi)|Too many auth"),
    (Kind.SSH_MISSING, r"cannot run .*ssh|ssh: (command )?not found|'ssh' is not recognized"),
    (Kind.PROTOCOL, r"transport '[^']*' not allowed"),
    (Kind.OWNER, r"dubious ownership|is owned by someone else"),
    (
        Kind.NO_ACCESS,
        r"Authentication failed|could not read (Username|Password)|terminal prompts disabled"
        r"|error: 40[13]|HTTP 40[13]|Access denied|Authorization failed|Authentication required"
        r"|Permission to .* denied|Forbidden",
    ),
    (
        Kind.NOT_FOUND,
        r"[Rr]epository .*not found|error: 404|does not appear to be a git repository"
        r"|[Pp]roject you were looking for could not be found|repository '[^']*' does not exist",
    ),
    (
        Kind.NETWORK,
        r"Failed to connect|Could(n't| not) connect|Connection (refused|timed out|reset|closed)"
        r"|Operation too slow|timed out|early EOF|RPC failed|hung up|error: (429|5\d\d)"
        r"|Empty reply|unexpected disconnect|Network is unreachable|No route to host"
        r"|kex_exchange_identification|transfer closed|unable to connect|Broken pipe"
        r"|Connection was (reset|aborted)|unexpected EOF|i/o timeout|Recv failure|Send failure",
    ),
    (
        Kind.LFS,
        r"smudge filter lfs failed|[Ff]ailed to fetch some objects|batch response|LFS:"
        r"|Object does not exist on the server",
    ),
)
_PATTERNS = [(kind, re.compile(signs)) for kind, signs in _SIGNS]


_WORDS: dict[Kind, Callable[[], tuple[str, str]]] = {
    Kind.DISK_FULL: lambda: (
        _("The disk is full."),
        _("Free some space on it, in the work folder say, and run the suite again."),
    ),
    Kind.LONG_PATH: lambda: (
        _("A path in the repository is too long for this system."),
        _("Choose a shorter work folder with --work-dir; on Windows also switch on long paths."),
    ),
    Kind.BAD_PATH: lambda: (
        _("The repository holds a file name that this system cannot have."),
        _("Rename the file in the repository."),
    ),
    Kind.LFS_MISSING: lambda: (
        _("The repository uses git LFS, which is not installed on this computer."),
        _("Install git-lfs (git-lfs.com, or the package “git-lfs”) and run the suite again."),
    ),
    Kind.NO_REF: lambda: (
        _("The repository has nothing of the wanted name."),
        _("Correct the suite's branch."),
    ),
    Kind.SUBMODULE: lambda: (
        _("A submodule is to be at a commit that its repository does not have."),
        _("Push the submodule's commit, or correct .gitmodules."),
    ),
    Kind.PROXY: lambda: (
        _("The proxy that git is to use does not let it through."),
        _("Check the variables HTTPS_PROXY and NO_PROXY and git's own setting http.proxy."),
    ),
    Kind.NAME: lambda: (
        _("The name of the repository's host cannot be resolved."),
        _("Check the address, the network and, where there is one, the proxy."),
    ),
    Kind.CERTIFICATE: lambda: (
        _("The certificate of the repository's host is not trusted, or TLS failed."),
        _(
            "Tell git the certificate of your organisation with http.sslCAInfo; on Windows "
            "“git config --global http.sslBackend schannel” takes the system's."
        ),
    ),
    Kind.HOST_KEY: lambda: (
        _("The ssh key of the repository's host is not the one known here."),
        _("Ask its administrator; if the new key is right, run “ssh-keygen -R HOST” once."),
    ),
    Kind.SSH_KEY: lambda: (
        _("The repository's host accepts no ssh key of this user."),
        _(
            "Give the host this user's public key, load a key with a passphrase into the ssh "
            "agent, or use an https address with a token."
        ),
    ),
    Kind.SSH_MISSING: lambda: (
        _("The ssh program was not found."),
        _("Install OpenSSH or use an https address with a token."),
    ),
    Kind.PROTOCOL: lambda: (
        _("The repository or a submodule has an address of a kind that is not allowed."),
        _("Use https or ssh; local paths are only for submodules of a repository at a local path."),
    ),
    Kind.OWNER: lambda: (
        _("The repository's folder belongs to another user, so git does not trust it."),
        _("Run “git config --global --add safe.directory FOLDER” as the agent's user."),
    ),
    Kind.NO_ACCESS: lambda: (
        _("The repository's host refused access."),
        _("Check that the suite has a git token, that it is valid and may read the repository."),
    ),
    Kind.NOT_FOUND: lambda: (
        _("The repository was not found, or may not be seen with this token."),
        _("Check the address, and that the suite's git token may read the repository."),
    ),
    Kind.NETWORK: lambda: (
        _("The connection to the repository's host failed."),
        _("Check the network, a VPN or proxy, and whether the host is up."),
    ),
    Kind.LFS: lambda: (
        _("The large files (git LFS) of the repository could not be fetched."),
        _("Check that they are on the server and that the suite's git token may read them."),
    ),
}


def failure(kind: Kind) -> GitError:
    """Return the error for a failure that was seen without git's telling it."""
    return GitError(*_WORDS[kind]())


def explain(lines: Sequence[str], *, local: bool = False) -> GitError:
    """Return what the stderr `lines` of a failed git command mean; they are free of secrets.

    `local`: nothing but this computer was involved, so a broken connection is a broken file.
    """
    text = "\n".join(lines)
    kind = next((kind for kind, signs in _PATTERNS if signs.search(text)), None)
    if kind is None or (local and kind in (Kind.NETWORK, Kind.NOT_FOUND)):
        text = _("git failed: {words}").format(words=_own_words(lines) or "?")
        return GitBrokenError(
            text, _("Run the suite again; if it stays so, delete the suite's folder.")
        )
    cause, next_step = _WORDS[kind]()
    error = GitUnreachableError if kind in _FAR else GitError
    return error(
        _("{cause} git says: {words}").format(cause=cause, words=_own_words(lines)), next_step
    )


def _own_words(lines: Sequence[str]) -> str:
    """Return the most telling line that git wrote: the first error, not the last consequence."""
    told = [line for line in lines if re.match(r"(fatal|error|ssh|batch response): ", line)]
    remote = [line for line in lines if line.startswith(("remote: ", "ERROR: "))]
    shown = [*remote[-1:], *told[:1]] or [line for line in lines if line.strip()][-1:]
    return " / ".join(line.strip() for line in shown)[:_QUOTED]
