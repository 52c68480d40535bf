"""Why a connection could not be opened or ended, in words for a person; never with the token."""

import errno
import re
import socket
import ssl

from app.errors import LinkLostError
from app.i18n import _

ABNORMAL = 1006  # the close code that stands for "no close frame came" (RFC 6455, 7.4.1)

# winerror numbers of asyncio's Proactor loop, which have no errno of their own
_REFUSED = {errno.ECONNREFUSED, 1225}
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, 1231, 1232}
_TIMED_OUT = {errno.ETIMEDOUT, 121}

# verify_code of OpenSSL (x509_vfy.h), Windows (winerror.h, CERT_E_*), macOS (SecBase.h)
_EXPIRED = {10, 0x800B0101, -67818}
_NOT_YET_VALID = {9, -67819}
_WRONG_HOST = {62, 64, 0x800B010F, -67602}
_UNKNOWN_CA = {18, 19, 20, 21, 0x800B0109, 0x800B010A, 0x800B0112, -67843, -25318}


class LinkOpenError(LinkLostError):
    """The connection could not be opened.

    `maybe_registered`: the failure came after TCP and TLS stood and without a refusal, so
    the platform may hold a registration of this connection (docs/protocol.md 8.4).
    """

    def __init__(self, cause: str, next_step: str = "", *, maybe_registered: bool = False) -> None:
        super().__init__(cause, next_step)
        self.maybe_registered = maybe_registered


class LinkClosedError(LinkLostError):
    """An open connection ended; `clean` means that the platform's close frame was received.

    `code` is ABNORMAL when none came; `reason` is what the platform, or else the network, said.
    `ours`: this end began to close, because of what came in (a frame too large, say).
    """

    maybe_registered = True

    def __init__(self, code: int, reason: str, *, clean: bool, ours: bool = False) -> None:
        if clean and not ours:
            cause = _("The platform closed the connection (code {code}: {reason}).")
        else:
            cause = _("The connection to the platform broke off ({reason}).")
        super().__init__(cause.format(code=code, reason=reason or _("no reason given")))
        self.code = code
        self.reason = reason
        self.clean = clean
        self.ours = ours


def no_answer(where: str, *, stood: bool) -> LinkOpenError:
    """Nothing came in time: from the network, or (`stood`) from what listens at `where`."""
    if stood:
        return LinkOpenError(
            _("{where} took the connection but did not answer in time.").format(where=where),
            _("Check that the platform listens there; it may also be overloaded."),
            maybe_registered=True,
        )
    return LinkOpenError(
        _("{where} did not answer in time.").format(where=where),
        _("Check the address, and whether a firewall or a missing VPN is in between."),
    )


def network_failure(where: str, error: OSError, *, stood: bool) -> LinkOpenError:
    """The operating system or TLS reported `error` while connecting to `where`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_failure(where, error)
    if isinstance(error, ssl.SSLError):
        return LinkOpenError(
            _("TLS with {where} failed ({why}).").format(
                where=where, why=getattr(error, "reason", None) or error
            ),
            _("Check that this port speaks TLS; if it does not, the address begins with ws://."),
        )
    if isinstance(error, socket.gaierror):
        return LinkOpenError(
            _("The name of {where} cannot be resolved ({why}).").format(
                where=where, why=error.strerror
            ),
            _("Check the server address and this computer's network."),
        )
    if isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError):
        return no_websocket(where, stood=stood)
    return _connect_failure(where, error, stood=stood)


def _connect_failure(where: str, error: OSError, *, stood: bool) -> LinkOpenError:
    numbers = _numbers(error)
    if numbers <= _TIMED_OUT:
        return no_answer(where, stood=stood)
    if numbers <= _REFUSED:
        return LinkOpenError(
            _("{where} refused the connection.").format(where=where),
            _("Check address and port, and that the platform is running."),
        )
    if numbers <= _UNREACHABLE:
        return LinkOpenError(
            _("There is no way to {where} from here.").format(where=where),
            _("Check this computer's network or VPN."),
        )
    return LinkOpenError(
        _("Connecting to {where} failed ({why}).").format(where=where, why=error.strerror or error),
        _("Check the server address and this computer's network."),
        maybe_registered=stood,
    )


def _numbers(error: OSError) -> set[int]:
    """Return the error numbers in `error`; asyncio joins those of several addresses as text."""
    if error.errno is not None:
        return {getattr(error, "winerror", None) or error.errno}
    found = re.findall(r"\[(?:Errno|WinError) (\d+)\]", str(error))
    return {int(number) for number in found} or {0}


def _certificate_failure(where: str, error: ssl.SSLCertVerificationError) -> LinkOpenError:
    code = getattr(error, "verify_code", 0)
    reason = getattr(error, "verify_message", "") or str(error)
    if code in _EXPIRED:
        why = _("it has expired")
        step = _("Renew the server's certificate, and check this computer's clock.")
    elif code in _NOT_YET_VALID:
        why = _("it is not valid yet")
        step = _("Check this computer's clock.")
    elif code in _WRONG_HOST:
        why = _("it is for another host name")
        step = _("Use the name that the certificate was made for as the server address.")
    elif code in _UNKNOWN_CA:
        why = _("nobody this computer trusts has signed it")
        step = _("Name the PEM file of your company's certificate authority as server.ca_file.")
    else:
        why = reason
        step = _("Check the server's certificate; a private authority belongs in server.ca_file.")
    cause = _("The certificate of {where} was not accepted: {why}.")
    return LinkOpenError(cause.format(where=where, why=why), step)


def http_refusal(where: str, status: int, location: str) -> LinkOpenError:
    """An HTTP answer instead of a WebSocket: the platform has refused, so nothing is registered.

    `location` is where a redirect points, without its query; "" for none.
    """
    if location:
        return LinkOpenError(
            _("{where} points to another address: {location}.").format(
                where=where, location=location
            ),
            _("Use that one as the server address (https:// means wss://)."),
        )
    cause = _("{where} answered with HTTP {status}.").format(where=where, status=status)
    if status < 300:  # noqa: PLR2004 (HTTP: 2xx is success, of something else than a WebSocket)
        return LinkOpenError(
            _("{where} answered like a web page (HTTP {status}), not like an ATS platform.").format(
                where=where, status=status
            ),
            _("Check the port, and the path of the server address: it ends in /ws/agent."),
        )
    if status == 400:  # noqa: PLR2004 (HTTP: what web servers say to ws:// on a TLS port)
        return LinkOpenError(
            cause, _("Check address and port: wss:// for a port that speaks TLS, ws:// else.")
        )
    if status >= 500:  # noqa: PLR2004 (HTTP: 5xx is the server's own trouble)
        return LinkOpenError(cause, _("The platform, or a proxy before it, is in trouble."))
    return LinkOpenError(cause, _("Check the path of the server address: it ends in /ws/agent."))


def proxy_refusal(where: str, why: str) -> LinkOpenError:
    """The proxy between did not let us through."""
    return LinkOpenError(
        _("No way to {where}: {why}.").format(where=where, why=why),
        _("Check the proxy settings of this computer, or name the server in NO_PROXY."),
    )


def no_websocket(where: str, *, stood: bool) -> LinkOpenError:
    """What listens at `where` hung up, or answered with something else than HTTP."""
    return LinkOpenError(
        _("{where} hung up, or does not speak WebSocket.").format(where=where),
        _("Check address and port: wss:// for a port that speaks TLS, ws:// for any other."),
        maybe_registered=stood,
    )
