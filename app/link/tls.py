"""Whom we trust: the system's certificate store, plus the file that the user names."""

import ssl
from pathlib import Path

from app.errors import ConfigError
from app.i18n import _


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that accepts what the system trusts and what `ca_file` (PEM) signs.

    Raises ConfigError when `ca_file` cannot be read or holds no certificate. Reads files:
    call it in a thread.
    """
    import truststore  # noqa: PLC0415 (only wss:// needs it, and it costs start-up time)

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as why:  # ssl.SSLError is one too: no certificate inside
            raise _unusable(ca_file, why) from why
    return context


def _unusable(ca_file: Path, why: OSError) -> ConfigError:
    reason = _("it holds no PEM certificate") if isinstance(why, ssl.SSLError) else why.strerror
    return ConfigError(
        _("server.ca_file {path} cannot be used: {why}.").format(path=ca_file, why=reason),
        _("Name a readable PEM file with the certificate of your authority, or remove the key."),
    )
