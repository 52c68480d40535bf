"""Whether a proxy may stand between this computer and another one."""

import os
import sys
from collections.abc import Mapping
from ipaddress import ip_address


def may_have_proxy(host: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether it is worth asking urllib for a proxy, which loads 1.5 MiB of modules."""
    return not _is_loopback(host) and _is_named(environ)


def _is_loopback(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


if sys.platform in ("win32", "darwin"):

    def _is_named(_environ: Mapping[str, str]) -> bool:
        """The system's settings may name one."""
        return True

else:

    def _is_named(environ: Mapping[str, str]) -> bool:
        """Only the environment names one (urllib.request.getproxies_environment)."""
        names = (name.lower() for name in environ)
        return any(name.endswith("_proxy") and name != "no_proxy" for name in names)
