"""The checked-in icons are what icons/make.py draws."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from icons import make

ICONS = Path(make.__file__).parent
SUFFIXES = {".png", ".ico", ".icns"}
TOLERANCE = 3  # of 255: another Pillow may round otherwise


def names(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return {path.relative_to(folder).as_posix() for path in found}


def frames(path: Path) -> list[Image.Image]:
    """Every size that is in the file."""
    with Image.open(path) as image:
        if path.suffix == ".ico":
            sizes = sorted(image.ico.sizes())  # type: ignore[attr-defined]
            return [image.ico.getimage(size).convert("RGBA") for size in sizes]  # type: ignore[attr-defined]
        return [image.convert("RGBA")]


@pytest.mark.slow
def test_an_installed_agent_has_what_it_shows(tmp_path: Path) -> None:
    """`pip install .` takes icons, pages and catalogs along."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ICONS.parent, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    app = ICONS.parent / "app"
    folders = [app / "dashboard" / "web", app / "webpage" / "web", app / "locale", app / "demo"]
    ours = [path for folder in folders for path in folder.rglob("*.*")]
    wanted = {path.relative_to(ICONS.parent).as_posix() for path in ours}
    wanted = {name for name in wanted if not name.endswith(".pyc")}
    assert wanted <= inside
    assert {f"app/icons/{name}" for name in names(ICONS)} <= inside


@pytest.mark.slow
def test_the_icons_are_up_to_date(tmp_path: Path) -> None:
    """Drawn anew they are the same files with the same pixels."""
    make.make(tmp_path)
    assert names(ICONS) == names(tmp_path)
    for name in names(tmp_path):
        old, new = frames(ICONS / name), frames(tmp_path / name)
        assert [image.size for image in old] == [image.size for image in new], name
        for before, after in zip(old, new, strict=True):
            extremes = ImageChops.difference(before, after).getextrema()
            assert max(high for _low, high in extremes) <= TOLERANCE, name  # type: ignore[misc]


def test_windows_icons_hold_every_size() -> None:
    """Windows takes the size for its scale and never has to blur another one."""
    sizes = [image.width for image in frames(ICONS / "windows" / "online.ico")]
    assert sizes == list(make.ICO_SIZES)


@pytest.mark.parametrize("size", [16, 22])
def test_shapes_differ_without_colour(size: int) -> None:
    """As black templates any two states differ in at least a sixth of the drawn pixels."""
    alphas = {
        name: make.template(make.DRAWINGS[name][0], size).getchannel("A")
        for name in make.DRAWINGS
        if "-" not in name
    }
    for one, first in alphas.items():
        for other, second in alphas.items():
            if one < other:
                difference = sum(ImageChops.difference(first, second).tobytes())
                assert difference > sum(first.tobytes()) / 6, (one, other)


def test_counts_differ() -> None:
    """No two badges look alike, even at 16 pixels."""
    drawn = {
        make.template(drawing, 16).tobytes()
        for name, (drawing, _) in make.DRAWINGS.items()
        if name.startswith("running")
    }
    assert len(drawn) == 11
