"""Which program this is: version, commit, when it was built, for which system."""

import json
import platform
from contextlib import suppress
from pathlib import Path

from app import __version__, resources

_NOTED = ("version", "commit", "built")


def build_info() -> dict[str, str]:
    """Return what `--version --json` says; "" for what is not known (run without git, say)."""
    info = {"version": __version__, "commit": "", "built": ""}
    info |= _baked(resources.BUILD)
    if not info["commit"]:
        info["commit"] = _commit_of(resources.ROOT)
    return info | {
        "os": platform.system().lower(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def _baked(file: Path) -> dict[str, str]:
    with suppress(OSError):
        noted = json.loads(file.read_bytes())
        return {key: str(noted[key]) for key in _NOTED}
    return {}


def _commit_of(folder: Path) -> str:
    """Ask git, if these are the sources of a clone."""
    import subprocess  # noqa: PLC0415 (never in the frozen program)

    if not (folder / ".git").exists():
        return ""
    command = ["git", "rev-parse", "HEAD"]
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=5, check=True
        )
        return done.stdout.strip()
    return ""
