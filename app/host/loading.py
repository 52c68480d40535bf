"""The effective settings as this computer has them: its folders, its credential store."""

from collections.abc import Mapping
from pathlib import Path

from app.config import Effective, gather
from app.host.credentials import CredentialStore
from app.host.paths import default_home, portable_file


def load(
    flags: Mapping[str, str], environ: Mapping[str, str], beside: Path | None = None
) -> Effective:
    """Return the settings; `flags` as `gather` takes them. Blocking; raises ConfigError.

    `beside` is the folder in which to look for `ats-agent.yaml` instead of the program's own.
    """
    return gather(
        flags,
        environ,
        lambda: default_home(beside),
        portable=portable_file(beside),
        stored_token=CredentialStore().read,
    )
