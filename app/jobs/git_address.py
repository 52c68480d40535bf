"""What a repository's address says: where it is, how to get there, which secrets it holds."""

import hashlib
import re
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from app.i18n import _
from app.jobs.git_failure import GitError

_SCHEMES = ("https", "http", "ssh", "git", "file")
_SSH_ALIASES = ("git+ssh", "ssh+git")  # git takes them for ssh
_REMOTE_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")  # "ext::sh -c …" would run any command
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SCP_LIKE = re.compile(r"(?:(?P<user>[^/@:]+)@)?(?P<host>\[[^\]/]+\]|[^/:\[\]@]+):(?P<path>.+)")
_READABLE = 40  # characters of the address in the name of its mirror: Windows paths are short
_DIGEST = 16  # hex digits of its hash


class Transport(Enum):
    """How git reaches a repository; the value is what GIT_ALLOW_PROTOCOL permits for it.

    Submodules may be reached by each of them, by `file` only where the repository itself is.
    """

    HTTP = "http:https:ssh:git"
    SSH = "ssh:http:https:git"
    GIT = "git:https:http:ssh"
    FILE = "file:http:https:ssh:git"


@dataclass(frozen=True, slots=True)
class Address:
    """A repository's address without its credentials, which stand beside it."""

    url: str  # safe to show, to store and to give to git
    transport: Transport
    host: str = ""
    scope: str = ""  # "https://host:port", what credentials are for
    user: str = field(default="", repr=False)  # may be a token: https://TOKEN@github.com/…
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """A folder's name for the mirror: readable, and unlike that of any other address."""
        shown = re.sub(r"^[a-z+]+://|\.git/?$", "", self.url)
        shown = re.sub(r"[^A-Za-z0-9._-]+", "-", shown)[-_READABLE:].strip("-.")
        digest = hashlib.sha256(self.url.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{shown or 'repository'}-{digest[:_DIGEST]}.git"

    @property
    def is_loopback(self) -> bool:
        """True when nothing of the traffic leaves this computer."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() in ("", "localhost")

    @property
    def is_plain_http(self) -> bool:
        """True when credentials would travel readable by all between here and there."""
        return self.scope.startswith("http://") and not self.is_loopback


def read_address(text: str) -> Address:
    """Return what `text` means; raises GitError for what is no address or dangerous as one."""
    text = text.strip()
    if not text:
        raise _refused(text, _("it is empty"))
    if text.startswith("-"):  # git would take it for an option
        raise _refused(text, _("it begins with a hyphen"))
    if not text.isprintable():
        raise _refused("", _("it holds a line break or another control character"))
    if _REMOTE_HELPER.match(text):
        raise _refused("", _("addresses of the form “helper::…” are not allowed"))
    if _DRIVE.match(text) or text.startswith(("/", "\\\\")):
        return Address(text, Transport.FILE)
    if "://" in text:
        return _of_url(text)
    if scp := _SCP_LIKE.fullmatch(text):
        return _of_scp(text, scp)
    raise _refused(text, _("it is neither a URL nor a full path"))


def _of_url(text: str) -> Address:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port  # the port is looked at to be checked
    except ValueError as why:
        raise _refused("", _("it is not a valid URL")) from why
    scheme = "ssh" if parts.scheme in _SSH_ALIASES else parts.scheme
    if scheme not in _SCHEMES:
        known = ", ".join(_SCHEMES)
        raise _refused("", _("it must begin with one of {schemes}").format(schemes=known))
    if scheme == "file":
        return Address(text, Transport.FILE)
    if not host or host.startswith("-"):  # ssh would take it for an option
        raise _refused("", _("it names no host"))
    if scheme == "ssh":
        return _of_ssh(parts, host)
    if scheme == "git":
        return Address(parts._replace(netloc=_bare(parts)).geturl(), Transport.GIT, host)
    return _of_http(parts, host)


def _of_http(parts: SplitResult, host: str) -> Address:
    place = _bare(parts)
    return Address(
        parts._replace(netloc=place).geturl(),
        Transport.HTTP,
        host,
        scope=f"{parts.scheme}://{place}",
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _of_ssh(parts: SplitResult, host: str) -> Address:
    user = parts.username or ""
    place = f"{user}@{_bare(parts)}" if user else _bare(parts)
    if user.startswith("-"):
        raise _refused("", _("the user's name begins with a hyphen"))
    url = parts._replace(scheme="ssh", netloc=place).geturl()
    return Address(url, Transport.SSH, host, password=unquote(parts.password or ""))


def _of_scp(text: str, scp: "re.Match[str]") -> Address:
    for part in scp.groupdict(default="").values():
        if part.startswith("-"):
            raise _refused(text, _("a part of it begins with a hyphen"))
    return Address(text, Transport.SSH, scp["host"].strip("[]"))


def _bare(parts: SplitResult) -> str:
    """Return host and port without the credentials."""
    return parts.netloc.rpartition("@")[2]


def _refused(shown: str, why: str) -> GitError:
    """Return the error; `shown` is empty where the address may hold a password."""
    text = _("The repository's address cannot be used: {why}.").format(why=why)
    if shown:
        text = _("The repository's address {address} cannot be used: {why}.").format(
            address=shown, why=why
        )
    return GitError(
        text, _("Write it like https://host/group/project.git or git@host:group/project.git.")
    )
