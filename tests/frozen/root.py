"""A bare system in a folder: what the C library, a shell and small tools are made of, copied."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT_TOOLS = ("chroot", "unshare", "dpkg-query", "mount")
# Debian packages; coreutils brings `sleep` and `env`. Neither Python nor GTK, X or D-Bus.
_PACKAGES = [
    *("libc6", "dash", "coreutils", "libselinux1", "libpcre2-8-0", "libacl1", "libattr1"),
    *("libgmp10", "libssl3"),
    "zlib1g",  # for PyInstaller's own first lines; every Debian has it
]
_SKIPPED = ("/usr/share/", "/etc/")


@contextmanager
def bare_root(folder: Path) -> Iterator[Path]:
    """Make it, with a null device and an empty /tmp; the caller may write to opt/."""
    for name in ("opt", "tmp", "proc", "dev", "etc", "root", "usr/bin", "usr/lib", "usr/lib64"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    listed = subprocess.run(
        ["dpkg-query", "-L", *_PACKAGES],  # noqa: S607 (Debian's own)
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listed.stdout.splitlines():
        _copy(Path(line), folder)
    for name, minor in (("null", "3"), ("zero", "5"), ("urandom", "9")):
        command = ["mknod", "-m", "666", str(folder / "dev" / name), "c", "1", minor]
        subprocess.run(command, check=True)
    yield folder


def _copy(path: Path, folder: Path) -> None:
    if str(path).startswith(_SKIPPED) or not path.is_file():
        return
    inside = path if str(path).startswith("/usr") else Path("/usr") / path.relative_to("/")
    target = folder / inside.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        if not target.is_symlink():
            target.symlink_to(path.readlink())
    else:
        shutil.copy2(path, target)


def in_root(folder: Path, *command: str) -> list[str]:
    """Return what runs a command in there, with a /proc; all of it ends with its first process."""
    chroot = shutil.which("chroot") or "/usr/sbin/chroot"  # not on every PATH of a user
    script = f'mount -t proc proc "$0/proc" && exec {chroot} "$0" "$@"'
    return ["unshare", "--mount", "--", "/bin/sh", "-c", script, str(folder), *command]
