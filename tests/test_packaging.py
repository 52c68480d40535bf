"""Tests of build/freeze.py, package.py, parts.py and specs/shared.py, without a build."""

import ast
import json
import plistlib
import sys
import tarfile
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "build"), str(ROOT / "build" / "specs")]

import package  # noqa: E402 (they lie in build/, which cannot be a package)
import parts  # noqa: E402 (as above)
import shared  # noqa: E402 (as above)

MOMENT = 1_700_000_000
ABOUT = {"version": "1.2.3", "commit": "c0ffee", "built": "2026-01-02T03:04:05Z"}


def test_property_list_of_macos() -> None:
    """A menu-bar program with an identity and a version, as plistlib writes and reads it."""
    told = plistlib.loads(plistlib.dumps(shared.property_list("1.2.3")))
    assert told["LSUIElement"] is True
    assert told["CFBundleIdentifier"] == shared.BUNDLE_ID
    assert told["CFBundleShortVersionString"] == told["CFBundleVersion"] == "1.2.3"
    assert all(key.startswith(("CF", "LS", "NS")) for key in told)


@pytest.mark.parametrize(
    ("version", "four"),
    [("0.1.0", (0, 1, 0, 0)), ("1.2", (1, 2, 0, 0)), ("1.2.3rc1", (1, 2, 3, 0))],
)
def test_versions_for_windows(version: str, four: tuple[int, ...]) -> None:
    """Windows wants four numbers."""
    assert shared.numbers(version) == four


def test_version_resource() -> None:
    """An expression as PyInstaller reads it, with our names in it."""
    tree = ast.parse(shared.version_resource("1.2.3", "ats-agent.exe"), mode="eval")
    told = ast.unparse(tree)
    assert "filevers=(1, 2, 3, 0)" in told
    assert "StringStruct('OriginalFilename', 'ats-agent.exe')" in told


def test_manifest() -> None:
    """Long paths, sharp on every screen, and no administrator is asked for."""
    ET.fromstring(shared.MANIFEST.encode())  # noqa: S314 (our own text)
    for word in ("longPathAware", "PerMonitorV2", "asInvoker"):
        assert word in shared.MANIFEST


def test_desktop_file() -> None:
    """The entry has what the specification wants, in two languages."""
    lines = shared.desktop_file().splitlines()
    assert lines[0] == "[Desktop Entry]"
    keys = [line.partition("=")[0] for line in lines[1:]]
    assert {"Type", "Name", "Exec", "Icon", "Name[zh_CN]"} <= set(keys)
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("system", ["linux", "windows", "macos"])
def test_data_files_exist(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a spec bundles is there, in the folders of the sources."""
    monkeypatch.setattr(shared, "_DATA", {k: v for k, v in shared._DATA.items() if k != "app"})
    for source, folder in shared.datas(system):
        assert Path(source).relative_to(ROOT).parent.as_posix() == folder


@pytest.mark.parametrize("write", [package.tar, package.zipped])
def test_archives_are_reproducible(write: object, tmp_path: Path) -> None:
    """Neither time nor mode of the builder's files gets in."""
    program = tmp_path / "program"
    program.write_bytes(b"x" * 1000)
    program.chmod(0o700)
    (tmp_path / "link").symlink_to("program")
    files = {"a/program": program, "a/link": tmp_path / "link", "a/README.txt": "你好".encode()}
    assert callable(write)
    first = write(tmp_path / "1", files, MOMENT).read_bytes()
    program.touch()
    program.chmod(0o755)
    assert write(tmp_path / "2", files, MOMENT).read_bytes() == first


def test_archives_keep_modes_and_links(tmp_path: Path) -> None:
    """A program stays one, a link too."""
    program = tmp_path / "program"
    program.touch(0o755)
    (tmp_path / "link").symlink_to("program")
    files: package.Files = {"program": program, "link": tmp_path / "link"}
    with tarfile.open(package.tar(tmp_path / "a.tar.gz", files, MOMENT)) as whole:
        assert whole.getmember("program").mode == 0o755
        assert whole.getmember("link").linkname == "program"
        assert whole.getmember("link").mtime == MOMENT
    with zipfile.ZipFile(package.zipped(tmp_path / "a.zip", files, MOMENT)) as zipped:
        assert zipped.getinfo("program").external_attr >> 16 == 0o100755
        assert zipped.getinfo("link").external_attr >> 28 == 0o12
        assert zipped.read("link") == b"program"


def test_parts_have_licences(tmp_path: Path) -> None:
    """Each foreign distribution comes with its texts; LGPL's among them."""
    noted = tmp_path / "parts.json"
    inside = {"modules": ["pystray", "yaml.nodes", "app.cli", "json"], "binaries": []}
    noted.write_text(json.dumps(inside), encoding="utf-8")
    found = {part.name: part for part in parts.bundled(noted)}
    assert set(found) == {"CPython", "PyInstaller", "PyYAML", "pystray"}
    assert all(part.texts for part in found.values())
    texts = parts.licences(found.values())
    assert "LESSER GENERAL PUBLIC LICENSE" in texts["LICENSES/pystray/COPYING.LGPL"]
    assert "pystray" in texts["LICENSES/README.txt"]


def test_list_of_parts_is_reproducible(tmp_path: Path) -> None:
    """CycloneDX JSON with name, version, licence and address of each part; twice the same."""
    noted = tmp_path / "parts.json"
    noted.write_text(json.dumps({"modules": ["pystray"], "binaries": []}), encoding="utf-8")
    inside = parts.bundled(noted)
    text = parts.sbom(inside, ABOUT, {"a.zip": "00"})
    assert parts.sbom(inside, ABOUT, {"a.zip": "00"}) == text
    told = json.loads(text)
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["version"] == "1.2.3"
    assert {one["name"] for one in told["components"]} == {part.name for part in inside}
    assert all(one["purl"] and one["licenses"] for one in told["components"])


def test_oldest_glibc(tmp_path: Path) -> None:
    """The highest version that any file names, compared as numbers."""
    (tmp_path / "a").write_bytes(b"GLIBC_2.9\0GLIBC_2.17\0")
    assert parts.glibc_floor(tmp_path) == "2.17"


def test_version_of_the_build() -> None:
    """What is noted for a build is what the program will say."""
    import freeze  # noqa: PLC0415 (as above)

    note = freeze.build_note(MOMENT)
    assert note["version"] == app.__version__
    assert note["built"] == "2023-11-14T22:13:20Z"
