"""app/link/failures.py: errors of the system in words that name cause and next step."""

import errno
import socket
import ssl

import pytest

from app.link.failures import LinkClosedError, LinkOpenError, http_refusal, network_failure

WHERE = "platform.test:443"


def refused_by_certificate(code: int) -> LinkOpenError:
    """Return the explanation of a certificate that failed with `code`."""
    error = ssl.SSLCertVerificationError("verify failed")
    error.verify_code = code
    error.verify_message = "the system's own words"
    return network_failure(WHERE, error, stood=False)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "cannot be resolved"),
        (OSError(errno.ECONNREFUSED, "refused"), "refused the connection"),
        (OSError(errno.EHOSTUNREACH, "no route"), "no way to"),
        (OSError(errno.ENETUNREACH, "no network"), "no way to"),
        (OSError(errno.ETIMEDOUT, "timed out"), "did not answer in time"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (OSError("odd"), "odd"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 111] b"), "refused the connection"),
        (OSError("Multiple exceptions: [WinError 1225] a, [WinError 1225] b"), "refused"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b"), "Multiple"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), "TLS"),
    ],
)
def test_network_failures(error: OSError, words: str) -> None:
    """Each cause is named with the place, and with something to do."""
    if str(errno.ECONNREFUSED) != "111" and "Errno 111" in str(error):
        pytest.skip("other system: Linux's error numbers")
    told = network_failure(WHERE, error, stood=False)
    assert WHERE in told.cause
    assert words in told.cause
    assert told.next_step
    assert not told.maybe_registered


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10, "expired"),
        (0x800B0101, "expired"),
        (-67818, "expired"),
        (9, "not valid yet"),
        (62, "another host name"),
        (64, "another host name"),
        (0x800B010F, "another host name"),
        (-67602, "another host name"),
        (19, "nobody this computer trusts"),
        (20, "nobody this computer trusts"),
        (0x800B0109, "nobody this computer trusts"),
        (-67843, "nobody this computer trusts"),
        (23, "the system's own words"),
    ],
)
def test_certificate_failures_on_every_system(code: int, words: str) -> None:
    """OpenSSL, Windows and macOS number the same causes differently."""
    assert words in refused_by_certificate(code).cause


def test_unknown_authority_names_the_setting() -> None:
    """The way out of a private authority is server.ca_file."""
    assert "server.ca_file" in refused_by_certificate(20).next_step


def test_a_lost_handshake_may_have_registered_us() -> None:
    """A reset after TCP stood leaves open what the platform did; a refused port does not."""
    reset = OSError(errno.ECONNRESET, "reset")
    assert network_failure(WHERE, reset, stood=True).maybe_registered
    assert not network_failure(WHERE, reset, stood=False).maybe_registered


@pytest.mark.parametrize(
    ("status", "words"), [(403, "/ws/agent"), (404, "/ws/agent"), (502, "in trouble")]
)
def test_http_refusals(status: int, words: str) -> None:
    """The path is wrong (4xx), or the server is in trouble (5xx)."""
    told = http_refusal(WHERE, status, "")
    assert str(status) in told.cause
    assert words in told.next_step


def test_closed_says_who_and_why() -> None:
    """A clean end quotes the platform's reason, a broken one the network's."""
    assert "1008: Token required" in str(LinkClosedError(1008, "Token required", clean=True))
    assert "no reason given" in str(LinkClosedError(1012, "", clean=True))
    assert "broke off (reset)" in str(LinkClosedError(1006, "reset", clean=False))
