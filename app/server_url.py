"""What users write as the platform's address → `ws[s]://host[:port][/prefix]/ws/agent`."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from app.i18n import _

ENDPOINT = "/ws/agent"  # docs/protocol.md 1; with a trailing slash the platform answers 403
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_DEFAULT_PORTS = {"ws": 80, "wss": 443}
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?")
_PATH = re.compile(r"[!$&'()*+,./0-9:;=@A-Z_a-z~%-]*")


def complete(text: str) -> str:
    """Return the full address that `text` means; equal addresses become equal texts.

    Raises ValueError with a sentence that never repeats `text`: users paste addresses
    with a token in them.
    """
    text = text.strip()
    if not text.isprintable() or " " in text:
        raise ValueError(_("the address holds a space or a control character"))
    if re.match(r"(?:wss?|https?):(?!//)/?\D", text, re.IGNORECASE):
        raise ValueError(_("two slashes are missing after the scheme"))
    if re.match(r"(?:wss?|https?)//", text, re.IGNORECASE):
        raise ValueError(_("a colon is missing after the scheme"))
    parts = _split(text if "://" in text else f"ws://{text}")
    _refuse_extras(parts)
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise ValueError(_("the address begins with a scheme that is not ws, wss, http or https"))
    return f"{scheme}://{_host(parts)}{_port(parts, scheme)}{_path(parts.path)}"


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as cause:  # unbalanced brackets, for one; the cause repeats the address
        raise ValueError(_("the address cannot be read")) from cause


def _refuse_extras(parts: SplitResult) -> None:
    """Only scheme, host, port and path may be there; a pasted token is the usual extra."""
    if "@" in parts.netloc:
        raise ValueError(_("the address holds a user name or password; remove it"))
    if parts.query or parts.fragment:
        raise ValueError(
            _("the address holds a query (?…) or fragment (#…); remove it and give the token"
              " with --token or --token-file")
        )  # fmt: skip


def _host(parts: SplitResult) -> str:
    bracketed = parts.netloc.startswith("[")
    if parts.netloc.count(":") > 1 and not bracketed:
        raise ValueError(_("an IPv6 address needs brackets, as in ws://[::1]:8000"))
    host = parts.hostname or ""
    if not host:
        raise ValueError(_("the address has no host name"))
    if bracketed:
        return f"[{_ipv6(host)}]"
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as cause:
        raise ValueError(_("the host name cannot be read")) from cause
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(_("the host name holds characters that no host name has"))
    return name


def _ipv6(host: str) -> str:
    address, percent, zone = host.partition("%")
    try:
        return f"{IPv6Address(address).compressed}{percent}{zone}"
    except ValueError as cause:  # its text repeats the address
        raise ValueError(_("the address between the brackets is no IPv6 address")) from cause


def _port(parts: SplitResult, scheme: str) -> str:
    try:
        port = parts.port
    except ValueError as cause:
        raise ValueError(_("the port is not a number from 1 to 65535")) from cause
    if port == 0:
        raise ValueError(_("the port is not a number from 1 to 65535"))
    return "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"


def _path(path: str) -> str:
    """A path other than the endpoint is where a proxy has put the platform: `/ats/ws/agent`."""
    if not _PATH.fullmatch(path):
        raise ValueError(_("the path of the address holds characters that need escaping"))
    path = path.rstrip("/")
    if path.endswith(ENDPOINT):
        return path
    return f"{path.removesuffix('/ws')}{ENDPOINT}"
