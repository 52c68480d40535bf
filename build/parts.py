"""What an executable is made of: distributions, Python, system libraries; their licences, an SBOM."""

import json
import platform
import re
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
OWN = "ats-agent"
_TEXTS = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)")
_LGPL = Path("/usr/share/common-licenses")  # of Debian; named by texts that do not repeat them


@dataclass(frozen=True, slots=True)
class Part:
    """One foreign thing inside; `texts` are its licences."""

    name: str
    version: str
    licence: str
    purl: PackageURL
    home: str = ""
    texts: dict[str, str] = field(default_factory=dict)


def bundled(noted: Path) -> list[Part]:
    """Return all parts, by name; the build has noted which modules and files went in."""
    inside = json.loads(noted.read_text(encoding="utf-8"))
    found = {part.name: part for part in _distributions(inside["modules"], inside["binaries"])}
    found |= {part.name: part for part in _libraries(path for _name, path in inside["binaries"])}
    found["CPython"] = _python()
    found["PyInstaller"] = _part(metadata.distribution("pyinstaller"), "PyInstaller")
    return [found[name] for name in sorted(found, key=str.lower)]


def _distributions(modules: list[str], binaries: list[list[str]]) -> Iterator[Part]:
    """Find whose modules they are; a distribution may have several top-level names."""
    tops = {name.partition(".")[0] for name in modules}
    tops |= {re.split(r"[/\\.]", name)[0] for name, _path in binaries}
    owners = metadata.packages_distributions()
    names = {owner for top in tops for owner in owners.get(top, ())} - {OWN, "pyinstaller"}
    for name in sorted(names - {"setuptools", "pip"}):
        yield _part(metadata.distribution(name))


def _part(distribution: metadata.Distribution, name: str = "") -> Part:
    about: Any = distribution.metadata
    version = distribution.version
    home = about.get("Home-page") or ""
    links = dict(one.split(", ", 1) for one in about.get_all("Project-URL") or ())
    home = home or next(
        (links[key] for key in links if key in ("Homepage", "Source", "homepage")), ""
    )
    known = about["Name"]
    return Part(
        name or known,
        version,
        licence_of(about),
        PackageURL("pypi", None, known.lower(), version),
        home,
        dict(_texts(distribution)),
    )


def licence_of(about: Any) -> str:
    """Return the licence as the distribution names it; its first line, when that is a text."""
    said = about.get("License-Expression") or about.get("License") or ""
    if said.strip():
        return str(said.strip().splitlines()[0])
    classes = about.get_all("Classifier") or ()
    named = [one.rpartition(" :: ")[2] for one in classes if one.startswith("License ::")]
    return ", ".join(named) or "see its licence text"


def _texts(distribution: metadata.Distribution) -> Iterator[tuple[str, str]]:
    for file in distribution.files or ():
        inside = ".dist-info" in str(file) or len(file.parts) == 1
        if inside and _TEXTS.search(file.name) and file.suffix not in (".py", ".pyc"):
            path = Path(str(file.locate()))
            if path.is_file():
                yield file.name, path.read_text(encoding="utf-8", errors="replace")


def _python() -> Part:
    version = platform.python_version()
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    texts = [place / name for place in places for name in ("LICENSE.txt", "LICENSE")]
    found = {one.name: one.read_text(encoding="utf-8") for one in texts if one.is_file()}
    home = "https://www.python.org"
    return Part(
        "CPython", version, "PSF-2.0", PackageURL("generic", None, "cpython", version), home, found
    )


def _libraries(paths: Iterable[str]) -> Iterator[Part]:
    """Find the packages of the system whose libraries went in (Debian and its kin)."""
    own = (str(ROOT), sys.prefix, sys.base_prefix)
    foreign = sorted({path for path in paths if path.startswith("/") and not path.startswith(own)})
    for path in foreign:
        package = _owner(Path(path))
        if package:
            yield _debian(package)


def _owner(path: Path) -> str:
    for one in (path, path.resolve(), Path("/usr") / str(path).lstrip("/")):
        said = _said("dpkg-query", "-S", str(one))
        if said:
            return said.partition(":")[0]
    return ""


def _debian(package: str) -> Part:
    version = _said("dpkg-query", "-W", "-f=${Version}\n", package).splitlines()[0]
    file = Path("/usr/share/doc") / package / "copyright"
    texts = (
        {"copyright": file.read_text(encoding="utf-8", errors="replace")} if file.is_file() else {}
    )
    purl = PackageURL("deb", "debian", package, version)
    return Part(package, version, "see its licence text", purl, "", texts)


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def licences(parts: Iterable[Part]) -> dict[str, str]:
    """Return the licence texts as files: path in the package → text."""
    parts = list(parts)
    files = {}
    for part in parts:
        for name, text in part.texts.items():
            files[f"LICENSES/{part.name}/{name}"] = text
    for name in ("LGPL-3", "LGPL-2.1", "GPL-3", "GPL-2", "Apache-2.0"):
        common = _LGPL / name
        if common.is_file():
            files[f"LICENSES/common/{name}"] = common.read_text(encoding="utf-8")
    files["LICENSES/README.txt"] = _overview(parts)
    return files


def _overview(parts: Iterable[Part]) -> str:
    rows = "".join(f"{one.name} {one.version}: {one.licence}  {one.home}\n" for one in parts)
    return (
        "What is inside the executable, and under which licence; the texts are beside this file.\n\n"
        f"{rows}\n"
        "pystray and python-xlib are under the LGPL: you may replace them by versions of your own, by\n"
        "building the program from its sources with them (python build.py binary).\n"
        "PyInstaller's boot loader may be part of programs under any licence (its special exception).\n"
    )


def sbom(parts: Iterable[Part], about: dict[str, Any], files: dict[str, str]) -> str:
    """Return the list of parts as CycloneDX JSON; the same input gives the same text."""
    version = str(about["version"])
    itself = Component(type=ComponentType.APPLICATION, name=OWN, version=version, bom_ref=OWN)
    itself.properties.update(
        Property(name=f"{OWN}:{key}", value=str(about[key]))
        for key in ("commit", "built")
        if about[key]
    )
    itself.properties.update(Property(name=f"{OWN}:file:{k}", value=v) for k, v in files.items())
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([version, files], sort_keys=True))
    )
    bom.metadata.timestamp = datetime.fromisoformat(str(about["built"]))
    bom.metadata.component = itself
    components = [_component(one) for one in parts]
    bom.components.update(components)
    bom.register_dependency(itself, components)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    return text + "\n"


def _component(part: Part) -> Component:
    home = (
        [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.home))]
        if part.home
        else []
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=part.name,
        version=part.version,
        bom_ref=part.purl.to_string(),
        purl=part.purl,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        external_references=home,
    )


def glibc_floor(folder: Path) -> str:
    """Return the oldest glibc that all files below `folder` can do with, such as "2.35"; "" without any.

    Reads the version names in the files: an over-estimate at most.
    """
    found = [
        tuple(map(int, match))
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
        for match in _GLIBC.findall(path.read_bytes())
    ]
    return ".".join(map(str, max(found))) if found else ""


def now_of(about: dict[str, Any]) -> int:
    """Return the moment that counts as the build's, in seconds since 1970."""
    return int(datetime.fromisoformat(str(about["built"])).astimezone(UTC).timestamp())
