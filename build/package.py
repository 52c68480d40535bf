"""Pack what `python build.py binary` has made: archives, licences, SBOM, SHA256SUMS; into dist/packages.

The same executables give the same archives: names sorted, times those of the build.
"""

import argparse
import gzip
import hashlib
import io
import json
import platform
import shutil
import stat
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import parts
from freeze import DIST, NAME, SYSTEM, WORK

MACHINE = {"amd64": "x86_64", "aarch64": "arm64"}.get(
    platform.machine().lower(), platform.machine().lower()
)
APP = "ATS Agent.app"
Files = dict[str, bytes | Path]  # path inside → content, or the file (a link stays one)


def main() -> int:
    """Pack; returns the exit code."""
    parser = argparse.ArgumentParser(prog="build.py package", description=__doc__)
    parser.add_argument(
        "--dist", type=Path, default=DIST, help="where `build.py binary` has put it"
    )
    options = parser.parse_args()
    dist: Path = options.dist.resolve()
    if not (WORK / "build.json").exists() or not dist.exists():
        print("There is nothing to pack: run `python build.py binary` first.", file=sys.stderr)
        return 1
    for file in pack(dist):
        print(f"{file.stat().st_size / 1e6:7.1f} MB  {file.relative_to(dist)}", flush=True)
    return 0


def pack(dist: Path) -> list[Path]:
    """Make all packages of this system; return the files."""
    about: dict[str, Any] = json.loads((WORK / "build.json").read_text(encoding="utf-8"))
    target = dist / "packages"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    inside = parts.bundled(WORK / "parts.json")
    common: Files = {name: text.encode() for name, text in parts.licences(inside).items()}
    common["README.txt"] = read_me(about, dist).encode()
    title = f"{about['version']}-{SYSTEM}-{MACHINE}"
    made = [
        archive(target / f"{NAME}-{kind}{title}", files | common, parts.now_of(about))
        for kind, files in contents(dist).items()
    ]
    bill = target / f"{NAME}-{title}.cdx.json"
    sums = {file.name: digest(file) for file in made}
    bill.write_text(parts.sbom(inside, about, sums), encoding="utf-8", newline="\n")
    listed = "".join(f"{digest(file)}  {file.name}\n" for file in sorted([*made, bill]))
    (target / "SHA256SUMS").write_text(listed, encoding="utf-8", newline="\n")
    return [*made, bill, target / "SHA256SUMS"]


def contents(dist: Path) -> dict[str, Files]:
    """Return what goes into each archive, by the word in its name."""
    if SYSTEM == "macos":
        return {"": {f"{APP}/{name}": path for name, path in below(dist / APP).items()}}
    program = f"{NAME}.exe" if SYSTEM == "windows" else NAME
    extra: Files = {}
    if SYSTEM == "linux":
        extra = {
            f"{NAME}.desktop": dist / f"{NAME}.desktop",
            f"{NAME}.png": parts.ROOT / "icons" / "app.png",
        }
    return {
        "": below(dist / f"{NAME}-folder") | extra,
        "onefile-": {program: dist / program} | extra,
    }


def below(folder: Path) -> Files:
    """Return the files below a folder; links, of which a macOS program has many, as they are."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def archive(stem: Path, files: Files, moment: int) -> Path:
    """Write one archive: .tar.gz for Linux, .zip elsewhere; all in a folder of the archive's name.

    A macOS program is alone at the top, so that it can be dragged from there.
    """
    top = "" if SYSTEM == "macos" else f"{stem.name}/"
    named = {top + name: files[name] for name in sorted(files)}
    if SYSTEM == "linux":
        return tar(stem.with_name(f"{stem.name}.tar.gz"), named, moment)
    return zipped(stem.with_name(f"{stem.name}.zip"), named, moment)


def tar(path: Path, files: Files, moment: int) -> Path:
    """Write a .tar.gz that is the same for the same files."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as whole,
    ):
        for name, source in files.items():
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = moment, mode_of(source)
            if isinstance(source, Path) and source.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, str(source.readlink())
                whole.addfile(entry)
                continue
            data = source if isinstance(source, bytes) else source.read_bytes()
            entry.size = len(data)
            whole.addfile(entry, io.BytesIO(data))
    return path


def zipped(path: Path, files: Files, moment: int) -> Path:
    """Write a .zip that is the same for the same files."""
    when = time.gmtime(max(moment, 315532800))[:6]  # a .zip knows no year before 1980
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:
        for name, source in files.items():
            entry = zipfile.ZipInfo(name, (when[0], *when[1:]))
            entry.create_system = 3  # Unix: modes and links count
            link = isinstance(source, Path) and source.is_symlink()
            entry.external_attr = (
                stat.S_IFLNK | 0o777 if link else stat.S_IFREG | mode_of(source)
            ) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            if isinstance(source, bytes):
                data = source
            else:
                data = str(source.readlink()).encode() if link else source.read_bytes()
            whole.writestr(entry, data)
    return path


def mode_of(source: bytes | Path) -> int:
    """Return the mode inside: the builder's umask and owner do not matter."""
    runs = (
        isinstance(source, Path)
        and not source.is_symlink()
        and source.stat().st_mode & stat.S_IXUSR
    )
    return 0o755 if runs else 0o644


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_me(about: dict[str, Any], dist: Path) -> str:
    """Return the few words that a person without the documentation needs."""
    start = {
        "linux": f"Start ./{NAME}; {NAME}.desktop is an entry for a menu. Needs glibc {floor(dist)} or newer.",
        "windows": f"Start {NAME}.exe. In a terminal `{NAME} status` runs {NAME}.com, if it is there.",
        "macos": f"Drag {APP} to Applications and open it. It lives in the menu bar.",
    }
    return (
        f"ATS agent {about['version']} ({about['commit'][:10]}, {about['built']})\n\n"
        f"{start[SYSTEM]}\n"
        f"A file ats-agent.yaml beside it takes the place of all questions; see `{NAME} --help`.\n"
        "LICENSES/ says what is inside and under which licence.\n"
    )


def floor(dist: Path) -> str:
    """Return the oldest glibc that is needed."""
    return parts.glibc_floor(dist / f"{NAME}-folder")


if __name__ == "__main__":
    sys.exit(main())
